// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc
public import PolicyModel

/// The control groups (version 2) of this machine, which descriptions name by their paths and policies know by number.
struct ControlGroups: Sendable {
    /// Where they are mounted.
    let root: String

    /// Those of this machine; tests have others.
    @TaskLocal static var current = ControlGroups(root: mountPoint ?? "/sys/fs/cgroup")

    /// What a description may say.
    static let allowed = "its path, such as /system.slice/nginx.service, or its id, a whole number"

    /// Whether it is a path as the kernel shows it in /proc/PID/cgroup: from the root on, no component left out.
    static func isPath(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "/"), text.utf8.count < 4096 else { return false }
        if text == "/" { return true }
        let names = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return names.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }

    /// The id by which the kernel knows it, which is the inode of its folder; nil if there is none.
    func id(of path: String) -> UInt64? {
        var status = stat()
        guard stat(folder(path), &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return UInt64(status.st_ino)
    }

    /// Stands for a group that this machine does not have: a number that no group's is, the same on every machine.
    static func substitute(for path: String) -> UInt64 {
        // FNV-1a; the kernel counts its ids from 1 on.
        path.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } | 1 << 63
    }

    /// How many groups are right below this one.
    func children(of path: String) -> Int {
        var status = stat()
        guard stat(folder(path), &status) == 0 else { return 0 }
        // A folder of this file system has as many links as folders in it, and two.
        return max(0, Int(status.st_nlink) - 2)
    }

    private func folder(_ path: String) -> String { path == "/" ? root : root + path }

    private static var mountPoint: String? {
        guard let mounts = setmntent("/proc/self/mounts", "re") else { return nil }
        defer { endmntent(mounts) }
        while let mount = getmntent(mounts) {
            if String(cString: mount.pointee.mnt_type) == "cgroup2" {
                return String(cString: mount.pointee.mnt_dir)
            }
        }
        return nil
    }
}

extension PolicySource {
    /// Where this machine's control groups are.
    public static var groupsFolder: String { ControlGroups.current.root }

    /// The control groups that rows of a description mean which have groups of their own, but for the first one, which
    /// always has.
    public static func groupsWithOthersBelow(_ description: PolicyDescription) -> [String] {
        Set(description.rowGroups.values.joined()).filter {
            !$0.isEmpty && $0 != "/" && ControlGroups.current.children(of: $0) > 0
        }.sorted()
    }
}
