// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto
import CSimKernel
import KernelLink
import Synchronization

/// Another loop in the place of the real one: a wrong one, built for tests of the checks. It does what
/// `makePasses` does.
package typealias ForeignLoop = @convention(c) (UnsafePointer<sp_policy>, UInt64) -> Void

/// The daemon's real loop, as a thread of the simulated machine.
final class SimulatedDaemon {
    /// Set once, before the first machine starts.
    static let foreign = Mutex<ForeignLoop?>(nil)

    private var policy: sp_policy
    private let maxTasks: Int
    private let pair: SimulatedPair?
    private let layout: QueueLayout?

    init(_ policy: sp_policy, maxTasks: Int, _ pair: SimulatedPair?, _ layout: QueueLayout?) {
        self.policy = policy
        self.maxTasks = maxTasks
        self.pair = pair
        self.layout = layout
    }

    /// Adds the thread to the machine that was started. It ends with the machine, before this does.
    func start(_ calls: sim_calls) {
        calls.add_daemon(
            { context in
                guard let context else { return }
                Unmanaged<SimulatedDaemon>.fromOpaque(context).takeUnretainedValue().passes()
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func passes() {
        if let pair {
            pair.makePasses(policy, maxTasks: maxTasks, layout)
        } else if let foreign = Self.foreign.withLock({ $0 }) {
            foreign(&policy, UInt64(maxTasks))
        } else {
            makePasses(policy, maxTasks: maxTasks)
        }
    }
}
