// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import CSimKernel
import Glibc
import KernelLink
public import PolicyModel
import Synchronization

/// A pair of somebody's own on the simulated machine: the model with the real backends of that pair in it, as a
/// library, and its Swift policy for the daemon.
public struct SimulatedPair: Sendable {
    /// Why a library is not the model of this program.
    public struct Problem: Error, CustomStringConvertible {
        public let description: String
    }

    /// The model in the library, which stays in memory.
    nonisolated(unsafe) let calls: UnsafePointer<sim_calls>
    private let execution: @Sendable (sp_policy) -> PairExecution

    /// - Parameters:
    ///   - library: a path, of the model compiled with the pair's C twin.
    ///   - execution: the Swift policy before its first event.
    public init(
        library: String, execution: @escaping @Sendable (sp_policy) -> PairExecution
    ) throws(Problem) {
        guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(handle, "sim_calls")
        else {
            throw Problem(description: dlerror().map { String(cString: $0) } ?? "dlopen failed")
        }
        typealias Table = @convention(c) () -> UnsafePointer<sim_calls>
        calls = unsafeBitCast(symbol, to: Table.self)()
        let (its, ours) = (calls.pointee, sim_calls().pointee)
        guard its.abi == ours.abi, its.calls_size == ours.calls_size, its.machine_size == ours.machine_size,
            its.group_size == ours.group_size, its.report_size == ours.report_size,
            its.group_report_size == ours.group_report_size, its.figures_size == ours.figures_size
        else {
            throw Problem(
                description: "\(library) is of other sources than this program: build the program again")
        }
        self.execution = execution
    }

    /// What of a policy its backend is told before it starts, on a machine of that topology.
    func prepare(_ policy: sp_policy, _ mode: sim_mode, _ topology: Topology, _ layout: QueueLayout?) {
        var constants = layout?.constants(of: mode == SIM_MODE_USER ? .user : .bpf) ?? []
        if policy.hasWakeups { constants += WakeupRings(topology).constants }
        for (name, bytes) in constants {
            let isThere = bytes.withUnsafeBytes { bytes in
                bytes.baseAddress.map { calls.pointee.set_constant(mode.rawValue, name, $0, bytes.count) }
                    ?? false
            }
            precondition(isThere, "the backend has no constant \(name) of \(bytes.count) bytes")
        }
    }

    /// The daemon's passes, until the machine ends.
    func makePasses(_ policy: sp_policy, maxTasks: Int, _ layout: QueueLayout?) {
        let execution = execution(policy)
        Witness.inner.withLock { $0 = (execution.functions, calls.pointee.daemon_decided) }
        Simulation.makePasses(
            execution.seen(by: Witness.functions), described: policy, maxTasks: maxTasks, layout: layout,
            calls.pointee)
    }
}

/// The pair's functions with somebody who sees each decision. C functions know nothing beside their arguments, so
/// whose they are stands here: one machine runs at a time.
private enum Witness {
    typealias Seen = @convention(c) (UnsafePointer<sp_event>?, UnsafePointer<sp_decision>?) -> Void
    static let inner = Mutex<(PairExecution.Functions, Seen)?>(nil)

    static let functions = PairExecution.Functions(
        start: { policy, global, task, event in
            Witness.current?.0.start(policy, global, task, event)
        },
        enqueue: { policy, global, task, event, decision in
            guard let (inner, seen) = Witness.current else { return }
            inner.enqueue(policy, global, task, event, decision)
            seen(event, decision)
        },
        running: { policy, global, task, event, decision in
            guard let (inner, seen) = Witness.current else { return }
            inner.running(policy, global, task, event, decision)
            seen(event, decision)
        },
        dispatch: { policy, global, task, event, decision in
            guard let (inner, seen) = Witness.current else { return }
            inner.dispatch(policy, global, task, event, decision)
            seen(event, decision)
        },
        wanted: { policy, global, task, event, decision in
            guard let (inner, seen) = Witness.current else { return }
            inner.wanted(policy, global, task, event, decision)
            seen(event, decision)
        })

    private static var current: (PairExecution.Functions, Seen)? { inner.withLock { $0 } }
}
