// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc

/// A process that is written to and read from, line by line.
final class Child {
    private let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var buffer: [UInt8] = []

    /// Nil if there is no such program, or it cannot be run.
    init?(_ program: String, _ arguments: [String]) {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        // Another child must not keep them open, not even one that starts at this moment.
        guard pipe2(&toChild, O_CLOEXEC) == 0 else { return nil }
        guard pipe2(&fromChild, O_CLOEXEC) == 0 else {
            toChild.forEach { _ = close($0) }
            return nil
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        var status = posix_spawnp(&child, program, &actions, nil, words, Glibc.environ)
        // A program that was just written is busy while some other new process still has our file descriptors.
        for _ in 0..<100 where status == ETXTBSY {
            usleep(10_000)
            status = posix_spawnp(&child, program, &actions, nil, words, Glibc.environ)
        }
        _ = close(toChild[0])
        _ = close(fromChild[1])
        guard status == 0 else {
            _ = close(toChild[1])
            _ = close(fromChild[0])
            return nil
        }
        pid = child
        input = toChild[1]
        output = fromChild[0]
    }

    deinit {
        _ = close(input)
        _ = close(output)
        _ = kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }

    /// Whether all of it was taken. The caller has SIGPIPE ignored.
    func write(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// Bytes of a line; no solver's are nearly as many.
    private static let lineMax = 1 << 24

    /// How often it is looked whether the answer is still wanted, in milliseconds.
    private static let lookMs = 100.0

    /// The next line; nil at the end, if it does not come in time, if it has no end, or if nobody wants it any more.
    func line(seconds: Int, isOver: () -> Bool = { false }) -> String? {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while buffer.count < Self.lineMax {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                return line
            }
            var wait = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            if isOver() { return nil }
            let left = max(.zero, deadline - .now) / .milliseconds(1)
            let ready = poll(&wait, 1, Int32(min(left.rounded(.up), Self.lookMs)))
            if (ready < 0 && errno == EINTR) || (ready == 0 && left > 0) { continue }
            guard ready > 0 else { return nil }
            var part = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer += part[..<count]
        }
        return nil
    }

    /// The first line that a program prints, empty if none comes in time; nil if it cannot be run.
    static func firstLine(of program: String, _ arguments: [String], seconds: Int) -> String? {
        guard let child = Child(program, arguments) else { return nil }
        return child.line(seconds: seconds) ?? ""
    }
}
