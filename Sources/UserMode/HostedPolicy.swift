// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto
import PolicyModel

/// A described policy of which somebody who plays the kernel sees each decision.
package struct HostedPolicy: Policy {
    /// Called with each event that the policy was asked about, and its answer.
    package typealias Witness =
        @convention(c) (UnsafePointer<sp_event>?, UnsafePointer<sp_decision>?) -> Void

    private var policy: DescribedPolicy
    private let witness: Witness

    package init(_ policy: sp_policy, witness: @escaping Witness) {
        self.policy = DescribedPolicy(policy)
        self.witness = witness
    }

    @inline(__always)
    package var global: sp_global { policy.global }

    @inline(__always)
    package mutating func start(_ task: inout sp_task, _ event: sp_event) { policy.start(&task, event) }

    @inline(__always)
    package mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        seen(event, policy.enqueue(event, &task))
    }

    @inline(__always)
    package mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        seen(event, policy.running(event, task))
    }

    @inline(__always)
    package mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        seen(event, policy.dispatch(event, task))
    }

    @inline(__always)
    private func seen(_ event: sp_event, _ decision: sp_decision) -> sp_decision {
        withUnsafePointer(to: event) { event in
            withUnsafePointer(to: decision) { decision in witness(event, decision) }
        }
        return decision
    }
}
