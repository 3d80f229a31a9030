// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc

/// Files that are there as a whole or not at all: written under another name beside their place, and then
/// given their own. A full disk leaves nothing half-written, and no link is followed.
public enum WholeFile {
    /// Why there is no such file.
    public enum Problem: Error, Equatable, CustomStringConvertible {
        /// Something has the name already.
        case taken
        /// In words that go on behind the path.
        case system(String)

        /// Of the system's number.
        init(_ error: Int32) { self = .system(String(cString: strerror(error))) }

        public var description: String {
            switch self {
            case .taken: "there is a file of that name"
            case .system(let reason): "cannot be written: \(reason)"
            }
        }
    }

    /// Replaces a regular file that is there, if it may be written; anything else, such as a link, is left alone.
    public static func write(_ bytes: [UInt8], over path: String) throws(Problem) {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let isLink = status.st_mode & S_IFMT == S_IFLNK
            throw .system("there is \(isLink ? "a symbolic link" : "something else than a file")")
        }
        let mode = status.st_mode
        // Even for root, who may do so: whoever took the right away wants to keep the file.
        if mode != 0, mode & 0o222 == 0 { throw .system("the file that is there is write-protected") }
        try place(bytes, at: path) { temporary throws(Problem) in
            if mode != 0, chmod(temporary, mode & 0o777) != 0 { throw Problem(errno) }
            guard Glibc.rename(temporary, path) == 0 else { throw Problem(errno) }
        }
    }

    /// Never over anything: where the name is taken, a number goes before its extension.
    /// - Returns: the path of the file.
    public static func write(_ bytes: [UInt8], asNew path: String) throws(Problem) -> String {
        for number in 1...1000 {
            let candidate = numbered(path, number)
            do throws(Problem) {
                try place(bytes, at: candidate) { temporary throws(Problem) in
                    try rename(temporary, toNew: candidate)
                }
                return candidate
            } catch {
                guard error == .taken else { throw error }
            }
        }
        throw .system("there are a thousand such files already")
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
    private static func place(
        _ bytes: [UInt8], at path: String, _ move: (_ temporary: String) throws(Problem) -> Void
    ) throws(Problem) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        guard !name.isEmpty else { throw .system("this is the path of a folder") }
        let temporary = "\(folder).sched-proto-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).tmp"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = open(temporary, flags, 0o666)
        guard file >= 0 else { throw Problem(errno) }
        defer { unlink(temporary) }
        let error = put(bytes, into: file)
        guard close(file) == 0 || error != 0 else { throw Problem(errno) }
        guard error == 0 else { throw Problem(error) }
        try move(temporary)
        // So that the name lasts too. Not all file systems can; the file is there then all the same.
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    /// Returns 0 or the error's number.
    private static func put(_ bytes: [UInt8], into file: Int32) -> Int32 {
        let error = bytes.withUnsafeBytes { Console.put($0, to: file).error }
        if error != 0 { return error }
        return fsync(file) == 0 ? 0 : errno
    }

    private static func rename(_ temporary: String, toNew path: String) throws(Problem) {
        if sp_rename_new(temporary, path) == 0 { return }
        // Some file systems cannot do that at once; a second name is never given over a file either.
        if errno == EINVAL || errno == ENOSYS, link(temporary, path) == 0 { return }
        throw errno == EEXIST ? .taken : Problem(errno)
    }
}
