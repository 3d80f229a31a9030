// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc

extension TraceFile {
    /// Writes the file as a whole or not at all: into a temporary one beside it, which then gets its name.
    /// A regular file that is there is replaced; anything else, such as a link, is left alone.
    public func save(to path: String) throws(TraceFileError) {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let isLink = status.st_mode & S_IFMT == S_IFLNK
            throw .system(
                "cannot be written: there is \(isLink ? "a symbolic link" : "something else than a file")")
        }
        try place(at: path) { temporary throws(TraceFileError) in
            guard Glibc.rename(temporary, path) == 0 else { throw Self.failure(errno) }
        }
    }

    /// The same, and never over anything: where the path is taken, a number goes before its extension.
    /// - Returns: the path of the file.
    public func saveNew(at path: String) throws(TraceFileError) -> String {
        for number in 1...1000 {
            let candidate = Self.numbered(path, number)
            do throws(TraceFileError) {
                try place(at: candidate) { temporary throws(TraceFileError) in
                    try Self.rename(temporary, toNew: candidate)
                }
                return candidate
            } catch {
                guard case .taken = error else { throw error }
            }
        }
        throw .system("cannot be written: there are a thousand such files already")
    }

    /// `name-2.trace` for `name.trace`.
    private static func numbered(_ path: String, _ number: Int) -> String {
        if number == 1 { return path }
        let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let dot = path[name...].lastIndex(of: ".") ?? path.endIndex
        return "\(path[..<dot])-\(number)\(path[dot...])"
    }

    /// Writes a temporary file in the folder of `path` and lets `move` give it its name; afterwards it is
    /// not there any more.
    private func place(
        at path: String, _ move: (_ temporary: String) throws(TraceFileError) -> Void
    ) throws(TraceFileError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        guard !name.isEmpty else { throw .system("cannot be written: this is the path of a folder") }
        let temporary = "\(folder).sched-proto-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).tmp"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = open(temporary, flags, 0o666)
        guard file >= 0 else { throw Self.failure(errno) }
        defer { unlink(temporary) }
        let error = write(to: file)
        guard close(file) == 0 || error != 0 else { throw Self.failure(errno) }
        guard error == 0 else { throw Self.failure(error) }
        try move(temporary)
        // So that the name lasts too. Not all file systems can; the file is there then all the same.
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    /// Returns 0 or the error's number.
    private func write(to file: Int32) -> Int32 {
        let bytes = encoded()
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(file, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return errno }
            if count == 0 { return EIO }
            written += count
        }
        return fsync(file) == 0 ? 0 : errno
    }

    private static func rename(_ temporary: String, toNew path: String) throws(TraceFileError) {
        if sp_rename_new(temporary, path) == 0 { return }
        // Some file systems cannot do that at once; a second name is never given over a file either.
        if errno == EINVAL || errno == ENOSYS, link(temporary, path) == 0 { return }
        throw errno == EEXIST ? .taken : failure(errno)
    }

    private static func failure(_ error: Int32) -> TraceFileError {
        .system("cannot be written: \(String(cString: strerror(error)))")
    }
}
