// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// CPU time and page faults of a thread of this process, from /proc/self/task/TID/stat.
struct ThreadUsage {
    let cpuNs: UInt64
    /// Minor and major ones.
    let pageFaults: UInt64

    /// nil if there is no such thread.
    init?(thread: Int32) {
        let descriptor = open("/proc/self/task/\(thread)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let text = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        }
        // The name, in parentheses, may hold anything: fields count from behind it, and the first
        // is number 3 (proc(5)): minflt is 10, majflt 12, utime 14, stime 15.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let minor = UInt64(fields[7]), let major = UInt64(fields[9]),
            let user = UInt64(fields[11]), let system = UInt64(fields[12])
        else { return nil }
        pageFaults = minor + major
        cpuNs = (user + system) * 1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK)))
    }
}
