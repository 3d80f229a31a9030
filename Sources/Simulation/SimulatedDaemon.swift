// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto
import CSimKernel
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

    init(_ policy: sp_policy, maxTasks: Int) {
        self.policy = policy
        self.maxTasks = maxTasks
    }

    /// Adds the thread to the machine that was started. It ends with the machine, before this does.
    func start() {
        sim_add_daemon(
            { context in
                guard let context else { return }
                Unmanaged<SimulatedDaemon>.fromOpaque(context).takeUnretainedValue().passes()
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func passes() {
        if let foreign = Self.foreign.withLock({ $0 }) {
            foreign(&policy, UInt64(maxTasks))
        } else {
            makePasses(policy, maxTasks: maxTasks)
        }
    }
}
