// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import Output

/// The text of a description file, whatever the path leads to.
enum DescriptionFile {
    /// Longer files are refused: a description has a few hundred bytes.
    static let mostBytes = 64 * 1024

    /// The file's bytes as text.
    ///
    /// - Throws: `PolicyError` of the kinds `notFound`, `noPermission`, `unreadable` and `badData`.
    static func read(_ path: String) throws(PolicyError) -> String {
        try text(of: try bytes(path), file: path)
    }

    private static func bytes(_ path: String) throws(PolicyError) -> [UInt8] {
        // A NUL would end the path early, and another file would be read.
        if path.isEmpty || path.utf8.contains(0) {
            throw PolicyError(.notFound, Words.quoted(path), "this is no path of a file")
        }
        // A FIFO without a writer, or a terminal, must not hold us up.
        let file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        if file < 0 { throw failure(errno, path, "opened") }
        defer { close(file) }
        var status = stat()
        if fstat(file, &status) != 0 { throw failure(errno, path, "examined") }
        if let kind = otherKind(status.st_mode) {
            throw PolicyError(.unreadable, path, "this is \(kind), a description is a regular file")
        }
        if status.st_size > off_t(mostBytes) { throw tooLong(path) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw failure(errno, path, "read") }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
            // The size may lie, as it does in /proc.
            if bytes.count > mostBytes { throw tooLong(path) }
        }
    }

    /// What the path leads to if it is no regular file.
    private static func otherKind(_ mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a directory"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    private static func tooLong(_ path: String) -> PolicyError {
        PolicyError(
            .badData, path, "the file has more than \(mostBytes / 1024) KiB, which no description has")
    }

    private static func failure(_ number: Int32, _ path: String, _ done: String) -> PolicyError {
        let why = String(cString: strerror(number))
        switch number {
        case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP:
            return PolicyError(.notFound, path, "there is no such file (\(why))")
        case EACCES, EPERM:
            return PolicyError(.noPermission, path, "the file may not be \(done) (\(why))")
        case ENXIO:
            return PolicyError(
                .unreadable, path, "this is a socket or a device, a description is a regular file")
        default:
            return PolicyError(.unreadable, path, "the file cannot be \(done) (\(why))")
        }
    }

    /// The bytes as text, if they are UTF-8 without control characters.
    static func text(of bytes: [UInt8], file: String) throws(PolicyError) -> String {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var text = ""
        var line = 1
        var column = 1
        var problem: String?
        decoding: while problem == nil {
            switch decoder.decode(&iterator) {
            case .emptyInput: break decoding
            case .error: problem = "the file is not UTF-8 text from here on"
            case .scalarValue("\u{0}"): problem = "a NUL byte: the file is no text"
            case .scalarValue(let scalar) where isControl(scalar):
                problem = "a control character (U+\(String(scalar.value, radix: 16, uppercase: true)))"
            case .scalarValue(let scalar):
                text.unicodeScalars.append(scalar)
                column += 1
                if scalar == "\n" { (line, column) = (line + 1, 1) }
            }
        }
        guard let problem else { return text }
        let place = PolicyError.Problem(origin: file, line: line, column: column, message: problem)
        throw PolicyError(kind: .badData, problems: [place])
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.value < 0x20 && scalar != "\n" && scalar != "\r" && scalar != "\t") || scalar.value == 0x7F
    }
}
