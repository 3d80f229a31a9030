// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// CPU time, page faults and context switches of a thread of this process.
struct ThreadUsage {
    var cpuNs: UInt64 = 0
    /// Minor and major ones.
    var pageFaults: UInt64 = 0
    /// Context switches because it waited for something.
    var sleeps: UInt64 = 0
    /// Context switches while it could have gone on: it yielded, or was preempted.
    var yields: UInt64 = 0

    /// `RUSAGE_THREAD` of getrusage(2), which Swift's Glibc module leaves out.
    private static let ofThread: Int32 = 1

    /// The calling thread's. It needs no memory: what reads /proc does, and may meet a page of the heap that was
    /// never touched, right behind the figure that it reads.
    static func ofThisThread() -> ThreadUsage {
        var usage = rusage()
        var now = ThreadUsage()
        guard getrusage(Self.ofThread, &usage) == 0 else { return now }
        let (user, system) = (usage.ru_utime, usage.ru_stime)
        now.cpuNs =
            UInt64(user.tv_sec + system.tv_sec) * 1_000_000_000 + UInt64(user.tv_usec + system.tv_usec) * 1000
        now.pageFaults = UInt64(usage.ru_minflt + usage.ru_majflt)
        now.sleeps = UInt64(usage.ru_nvcsw)
        now.yields = UInt64(usage.ru_nivcsw)
        return now
    }

    private init() {}

    /// From /proc; nil if there is no such thread.
    init?(thread: Int32) {
        // The name, in parentheses, may hold anything: fields count from behind it, and the first
        // is number 3 (proc(5)): minflt is 10, majflt 12, utime 14, stime 15.
        guard let text = Self.read("/proc/self/task/\(thread)/stat"), let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let minor = UInt64(fields[7]), let major = UInt64(fields[9]),
            let user = UInt64(fields[11]), let system = UInt64(fields[12])
        else { return nil }
        pageFaults = minor + major
        cpuNs = (user + system) * 1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK)))
        guard let status = Self.read("/proc/self/task/\(thread)/status") else { return nil }
        for line in status.split(separator: "\n") {
            guard let number = line.split(separator: "\t").last.flatMap({ UInt64($0) }) else { continue }
            if line.hasPrefix("voluntary_ctxt_switches:") { sleeps = number }
            if line.hasPrefix("nonvoluntary_ctxt_switches:") { yields = number }
        }
    }

    /// A file of the kernel's, of 4 KiB at most.
    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        }
    }
}
