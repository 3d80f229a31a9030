// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import Output

/// A file that is read as a whole.
package enum InputFile {
    /// - Parameter sizeMax: bytes; a larger file is none of those that are read here.
    /// - Throws: 66 if it cannot be read, 77 if that is not permitted, 65 if it is too large.
    package static func bytes(of path: String, sizeMax: Int) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(path, errno) }
        defer { _ = close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path, errno) }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG else {
            throw Failure(
                "\(Printable.path(path)): \(kind == S_IFDIR ? "a folder, not a file" : "not a regular file")",
                .noInput)
        }
        let tooLarge = Failure("\(Printable.path(path)): larger than \(sizeMax >> 20) MiB", .badData)
        guard status.st_size <= sizeMax else { throw tooLarge }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, errno) }
            if count == 0 { return bytes }
            // It may grow while it is read.
            guard bytes.count + count <= sizeMax else { throw tooLarge }
            bytes += part[..<count]
        }
    }

    /// The first bytes of a regular file; nil if there is none of that name, or it may not be read.
    static func beginning(of path: String, count: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        let found = pread(file, &bytes, count, 0)
        return found < 0 ? nil : Array(bytes[..<found])
    }

    /// All of a file of UTF-8.
    package static func text(of path: String, sizeMax: Int) throws(Failure) -> String {
        let bytes = try bytes(of: path, sizeMax: sizeMax)
        try refuseCompressed(bytes, path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("\(Printable.path(path)): not UTF-8, so no text", .badData)
        }
        return text
    }

    package static func refuseCompressed(_ bytes: [UInt8], _ path: String) throws(Failure) {
        let known: [(first: [UInt8], program: String)] = [
            ([0x1F, 0x8B], "gunzip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "unxz"),
            ([0x28, 0xB5, 0x2F, 0xFD], "unzstd"),
        ]
        guard let found = known.first(where: { bytes.starts(with: $0.first) }) else { return }
        throw Failure(
            "\(Printable.path(path)): a compressed file: unpack it first (\(found.program))", .badData)
    }

    private static func failure(_ path: String, _ error: Int32) -> Failure {
        Failure(
            "\(Printable.path(path)): \(String(cString: strerror(error)))",
            error == EACCES || error == EPERM ? .noPermission : .noInput)
    }
}
