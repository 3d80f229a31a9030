// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import Synchronization

/// The kernel's compaction of memory, which moves locked pages as well: whoever touches one
/// meanwhile has a page fault, and waits (Documentation/admin-guide/sysctl/vm.rst,
/// `compact_unevictable_allowed`). A setting of the whole machine, so it is taken back.
///
/// A process that is killed or crashes cannot: locked pages then stay where they are until the setting is
/// written anew, which costs the machine next to nothing.
enum Compaction {
    private static let setting = "/proc/sys/vm/compact_unevictable_allowed"
    /// We changed it.
    private static let changed = Atomic<Bool>(false)

    /// Where the kernel knows no such setting, or does not let us write it, faults are counted all
    /// the same.
    static func leaveLockedPages() {
        if read() == UInt8(ascii: "1"), write("0") { changed.store(true, ordering: .relaxed) }
    }

    static func takeLockedPages() {
        if changed.exchange(false, ordering: .relaxed) { _ = write("1") }
    }

    private static func read() -> UInt8? {
        let file = open(setting, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var digit: UInt8 = 0
        return Glibc.read(file, &digit, 1) == 1 ? digit : nil
    }

    private static func write(_ digit: String) -> Bool {
        let file = open(setting, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return Glibc.write(file, digit, 1) == 1
    }
}
