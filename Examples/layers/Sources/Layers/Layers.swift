// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// Three layers by name and user, in one queue in order of arrival, for which a build's task comes later than it does.
/// Twin: `layers.h`, function by function.
public struct Layers: PolicyPair {
    public var state = State()
    private let params: Params

    public init(_ params: Params) { self.params = params }

    /// 1: a service's task, 2: a build's, 0: any other. It is asked anew with each wait, since names and users change.
    private func layer(_ event: sp_event) -> UInt8 {
        if Self.isDatabase(event) || Self.uid(event) == params.service_uid { return 1 }
        return Self.isCompiler(event) || Self.isLinker(event) || Self.isBuilder(event) ? 2 : 0
    }

    public mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        task.layer = layer(event)
        let key = event.now &+ (task.layer == 2 ? params.build_wait_ns : 0)
        if event.idle_cpu >= 0 { return .direct(event, task, key: key) }
        return .queue(event, task, key: key)
    }

    public mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        switch task.layer {
        case 1: .run(event, task, sliceNs: params.service_slice_ns)
        case 2: .run(event, task, sliceNs: params.build_slice_ns)
        default: .run(event, task, sliceNs: params.other_slice_ns)
        }
    }
}
