// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel

extension TwinFunction {
    /// The pair's own function that answers an event of a kind.
    init(of kind: UInt32, pair: String, type: String) {
        let swift =
            switch sp_event_kind(rawValue: kind) {
            case SP_EVENT_RUNNING: "running"
            case SP_EVENT_DISPATCH: "dispatch"
            case SP_EVENT_STOPPING: "stopping"
            case SP_EVENT_TICK: "tick"
            case SP_EVENT_CHANGED: "changed"
            case SP_EVENT_CPUS: "cpus"
            default: "enqueue"
            }
        self.init(
            swift: swift, swiftFile: "Sources/\(type)/\(type).swift",
            c: "\(pair)_\(swift)", cFile: "Sources/\(type)/\(pair).h")
    }
}
