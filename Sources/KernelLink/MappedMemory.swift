// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// Memory of a BPF map, mapped into this process and unmapped at its end.
struct MappedMemory: ~Copyable {
    let start: UnsafeMutableRawPointer
    let count: Int

    /// - Parameters:
    ///   - count: bytes, rounded up to pages.
    ///   - offset: bytes into the map, a multiple of the page size.
    init(
        map descriptor: Int32, count: Int, offset: Int = 0, writable: Bool
    ) throws(KernelError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        self.count = (count + page - 1) / page * page
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let memory = mmap(nil, self.count, protection, MAP_SHARED, descriptor, offset)
        guard let memory, memory != MAP_FAILED else { throw KernelError("mmap", errno: errno) }
        start = memory
    }

    deinit {
        munmap(start, count)
    }
}
