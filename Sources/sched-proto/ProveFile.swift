// SPDX-License-Identifier: GPL-2.0-only
import Commands
import Glibc
import Output

/// A file that is to be proven: read as a whole.
enum ProveFile {
    /// Bytes; more is no artefact of this program.
    private static let sizeMax = 64 << 20

    /// - Throws: 66 if it cannot be read, 65 if it is too large.
    static func bytes(of path: String) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw Failure("\(Printable.line(path)): \(String(cString: strerror(errno)))", .noInput)
        }
        defer { _ = close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure("\(Printable.line(path)): no regular file", .noInput)
        }
        guard status.st_size <= sizeMax else {
            throw Failure("\(Printable.line(path)): larger than \(sizeMax >> 20) MiB", .badData)
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw Failure("\(Printable.line(path)): \(String(cString: strerror(errno)))", .noInput)
            }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }
}
