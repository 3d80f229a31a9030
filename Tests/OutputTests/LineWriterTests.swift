// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Testing

@testable import Output

/// Serialized, since each of them holds a pipe that nobody else may inherit.
@Suite(.serialized) struct LineWriterTests {
    /// A pipe, as descriptors.
    private func pipe() -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(Foundation.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private func read(_ descriptor: Int32, atLeast count: Int) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while bytes.count < count {
            let got = Foundation.read(descriptor, &buffer, buffer.count)
            if got <= 0 { break }
            bytes += buffer.prefix(got)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func linesArriveInOrder() throws {
        let (reader, writer) = pipe()
        defer { close(reader) }
        let lines = try LineWriter(output: writer)
        for number in 0..<1000 { lines.say("line \(number)") }
        #expect(lines.flush(.output) == .init(written: 1000, lost: 0))
        close(writer)
        let expected = (0..<1000).map { "line \($0)\n" }.joined()
        #expect(read(reader, atLeast: Int.max) == expected)
    }

    /// Both streams are one terminal, say.
    @Test func linesOfBothStreamsKeepTheirOrder() throws {
        let (reader, writer) = pipe()
        defer { close(reader) }
        let lines = try LineWriter(output: writer, error: writer)
        for number in 0..<200 {
            if number % 3 == 0 { lines.warn("\(number)") } else { lines.say("\(number)") }
        }
        #expect(lines.flush(.output).lost + lines.flush(.error).lost == 0)
        close(writer)
        #expect(read(reader, atLeast: Int.max) == (0..<200).map { "\($0)\n" }.joined())
    }

    /// One that nobody reads does not hold up the other.
    @Test func aStuckStreamDoesNotHoldUpTheOther() throws {
        let (stuck, full) = pipe()
        let (reader, writer) = pipe()
        defer { for end in [stuck, reader] { close(end) } }
        let lines = try LineWriter(output: full, error: writer)
        for _ in 0..<5000 { lines.say(String(repeating: "x", count: 99)) }
        lines.warn("heard")
        #expect(lines.flush(.error) == .init(written: 1, lost: 0))
        #expect(read(reader, atLeast: 6) == "heard\n")
    }

    @Test func nobodyReads() throws {
        let (reader, writer) = pipe()
        let lines = try LineWriter(output: writer) { "\($0) missing" }
        let line = String(repeating: "x", count: 99)
        // More than a pipe and the queue hold together. That this ends is what is tested.
        for _ in 0..<20_000 { lines.say(line) }
        let blocked = lines.flush(.output)
        #expect(blocked.written + blocked.lost == 20_000)
        #expect(blocked.lost > LineWriter.linesMax)
        #expect(blocked.failure == nil)
        // The reader comes back: it gets a whole line of what is missing, and then the latest ones.
        let text = Mutex2("")
        let thread = Thread { text.set(self.read(reader, atLeast: Int.max)) }
        thread.start()
        let account = lines.flush(.output)
        #expect(account.written + account.lost == 20_000)
        close(writer)
        while !thread.isFinished { usleep(1000) }
        close(reader)
        let read = text.get().split(separator: "\n")
        // More than one where the writer had no turn for so long that the queue overflowed before the pipe did.
        let notices = read.filter { $0 != line }
        let missing = notices.compactMap { $0.hasSuffix(" missing") ? Int($0.prefix { $0 != " " }) : nil }
        #expect(!notices.isEmpty && missing.count == notices.count && missing.reduce(0, +) == account.lost)
        #expect(read.count == account.written + notices.count)
    }

    @Test func linesThatFailAreCounted() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let lines = try LineWriter(output: full)
        lines.say("one")
        lines.say("two")
        let account = lines.flush(.output)
        #expect(account == .init(written: 0, lost: 2, errno: ENOSPC))
        #expect(account.failure == "No space left on device")
    }

    @Test func aReaderThatWentAwayIsNoDeath() throws {
        Console.prepare()
        let (reader, writer) = pipe()
        close(reader)
        defer { close(writer) }
        let lines = try LineWriter(output: writer)
        lines.say("one")
        #expect(lines.flush(.output) == .init(written: 0, lost: 1, errno: EPIPE))
    }

    @Test func aLongLineIsWrittenAsAWhole() throws {
        let (reader, writer) = pipe()
        defer { close(reader) }
        let lines = try LineWriter(output: writer)
        let long = String(repeating: "y", count: 3 << 20)
        lines.say(long)
        #expect(read(reader, atLeast: long.utf8.count + 1) == long + "\n")
        #expect(lines.flush(.output) == .init(written: 1, lost: 0))
        close(writer)
    }
}

/// A text that two threads hand over.
private final class Mutex2: @unchecked Sendable {
    private let lock = NSLock()
    private var text: String

    init(_ text: String) { self.text = text }
    func set(_ text: String) { lock.withLock { self.text = text } }
    func get() -> String { lock.withLock { text } }
}
