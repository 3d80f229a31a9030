// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import KernelLink

/// The scheduling class of the calling thread.
///
/// The deciding thread yields to be scheduled by our own backend. In a real-time class, into which
/// `chrt` or a unit's CPUSchedulingPolicy puts a whole process, a yield goes to nobody: it would take
/// a CPU for good, and the backend would never see it.
enum SchedulingClass {
    private static let ext: Int32 = 7

    /// Enters the class that the scheduler schedules: SCHED_EXT with `partial`, else SCHED_OTHER if it
    /// is in a real-time one.
    static func enter(partial: Bool) throws(KernelError) {
        let code = set(partial: partial)
        if let code, code != 0 {
            throw KernelError("sched_setscheduler(\(partial ? "SCHED_EXT" : "SCHED_OTHER"))", errno: code)
        }
    }

    /// The same, after somebody changed it; a failure is met again in the next pass.
    /// - Returns: whether somebody had.
    static func returnToIt(partial: Bool) -> Bool { set(partial: partial) == 0 }

    /// 0, or errno; nil if it is in that class.
    private static func set(partial: Bool) -> Int32? {
        let now = sched_getscheduler(0) & ~0x4000_0000  // SCHED_RESET_ON_FORK
        let isScheduled = partial ? now == ext : ![1, 2, 6].contains(now)  // FIFO, RR, DEADLINE
        if isScheduled { return nil }
        var parameters = sched_param()
        return sched_setscheduler(0, partial ? ext : 0, &parameters) == 0 ? 0 : errno
    }
}
