// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc

/// A folder that is there with all of its files or not at all, as `WholeFile` is for one.
public enum WholeFolder {
    /// A file in it.
    public struct File {
        /// Below the folder; folders on the way are made.
        let path: String
        let bytes: [UInt8]
        let isProgram: Bool

        public init(path: String, bytes: [UInt8], isProgram: Bool = false) {
            self.path = path
            self.bytes = bytes
            self.isProgram = isProgram
        }
    }

    /// Makes it under another name beside its place, and gives it its own; never over anything.
    public static func write(_ files: [File], asNew path: String) throws(WholeFile.Problem) {
        var status = stat()
        guard lstat(path, &status) != 0 else { throw .taken }
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
        let temporary = "\(parent).sched-proto-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).tmp"
        var made = Made()
        defer { made.remove() }
        try made.folder(temporary)
        for file in files {
            let names = file.path.split(separator: "/")
            for count in 1..<max(names.count, 1) {
                try made.folder(([temporary] + names.prefix(count).map(String.init)).joined(separator: "/"))
            }
            try made.file("\(temporary)/\(file.path)", file.bytes, isProgram: file.isProgram)
        }
        if sp_rename_new(temporary, path) != 0 {
            // Some file systems cannot do that at once; a folder goes over nothing but an empty one.
            guard errno == EINVAL || errno == ENOSYS, rename(temporary, path) == 0 else {
                throw errno == EEXIST || errno == ENOTEMPTY ? .taken : .init(errno)
            }
        }
        made.keep()
    }

    /// What was made so far, in the order in which it was.
    private struct Made {
        private var folders: [String] = []
        private var files: [String] = []

        mutating func folder(_ path: String) throws(WholeFile.Problem) {
            if folders.contains(path) { return }
            guard mkdir(path, 0o777) == 0 else { throw .init(errno) }
            folders.append(path)
        }

        mutating func file(_ path: String, _ bytes: [UInt8], isProgram: Bool) throws(WholeFile.Problem) {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let file = open(path, flags, isProgram ? 0o777 : 0o666)
            guard file >= 0 else { throw .init(errno) }
            files.append(path)
            let error = bytes.withUnsafeBytes { Console.put($0, to: file).error }
            guard close(file) == 0 || error != 0 else { throw .init(errno) }
            guard error == 0 else { throw .init(error) }
        }

        mutating func keep() {
            folders = []
            files = []
        }

        func remove() {
            files.forEach { unlink($0) }
            folders.reversed().forEach { rmdir($0) }
        }
    }
}
