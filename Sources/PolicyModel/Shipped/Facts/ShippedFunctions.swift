// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

extension Shipped {
    /// The function to look at first when `fields` differ between the answers to an event.
    ///
    /// One mistake often changes several fields, since what is computed first goes into the rest: so it
    /// is the function of the field that is computed first. A guess all the same: its input may have
    /// been wrong, by what an earlier event left.
    package static func suspect(_ fields: Set<String>, of event: sp_event, in policy: sp_policy)
        -> TwinFunction
    {
        for (field, function) in computed where fields.contains(field) {
            return function(event.kind, policy)
        }
        return decide
    }

    /// All functions that can be named.
    package static let functions: [TwinFunction] = {
        var functions: [TwinFunction] = [decide]
        var policy = sp_policy()
        for slice in [SP_SLICE_FIXED, SP_SLICE_SHARED, SP_SLICE_AVERAGED, SP_SLICE_WEIGHTED] {
            policy.slice = slice.rawValue
            for kind in 0...UInt32(SP_EVENT_EXIT.rawValue) {
                functions += computed.map { $0.function(kind, policy) }
            }
        }
        return functions.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }()

    /// Of the kind of event and the policy.
    private typealias Choice = @Sendable (UInt32, sp_policy) -> TwinFunction

    /// The fields, by when they are computed.
    private static let computed: [(field: String, function: Choice)] = [
        ("task.generation", { kind, _ in kind == SP_EVENT_EXIT.rawValue ? exit : admit }),
        ("task.burst_ns", { _, _ in charge }),
        ("task.rate", { _, _ in measureRate }),
        ("task.rate_switches", { _, _ in measureRate }),
        ("task.rate_since", { _, _ in measureRate }),
        ("global.threshold", { _, _ in measureRate }),
        ("task.queue", { _, _ in classify }),
        ("global.round", { _, _ in advanceRound }),
        ("global.round_since", { _, _ in advanceRound }),
        ("task.vtime", { _, _ in orderKey }),
        ("decision.key", { _, _ in orderKey }),
        ("decision.action", { kind, _ in acts(kind) }),
        ("decision.queue", { kind, _ in acts(kind) }),
        ("decision.cpu", { kind, _ in acts(kind) }),
        ("global.vtime_now", { _, _ in advanceVtime }),
        ("global.average_waiting", { _, _ in sliceRule }),
        ("decision.slice_ns", { _, policy in slice(policy) }),
    ]

    private static func acts(_ kind: UInt32) -> TwinFunction {
        switch sp_event_kind(rawValue: kind) {
        case SP_EVENT_ENQUEUE: place
        case SP_EVENT_RUNNING: running
        case SP_EVENT_DISPATCH: dispatch
        case SP_EVENT_EXIT: exit
        default: decide
        }
    }

    private static func slice(_ policy: sp_policy) -> TwinFunction {
        switch sp_slice(rawValue: policy.slice) {
        case SP_SLICE_SHARED, SP_SLICE_AVERAGED: sliceShare
        case SP_SLICE_WEIGHTED: sliceWeighted
        default: sliceRule
        }
    }

    private static let decide = named("decide", "Policy", "sp_decide", "policy")
    private static let exit = named("decide", "Policy", "sp_exit", "policy")
    private static let admit = named("admit", "Policy", "sp_admit", "policy")
    private static let place = named("place", "DescribedPolicy", "sp_place", "policy")
    private static let running = named("running", "DescribedPolicy", "sp_running", "policy")
    private static let dispatch = named("dispatch", "DescribedPolicy", "sp_dispatch", "policy")
    private static let charge = named(
        "charge", "DescribedPolicy+Order", "sp_charge", "policy_order")
    private static let orderKey = named(
        "orderKey", "DescribedPolicy+Order", "sp_order_key", "policy_order")
    private static let advanceVtime = named(
        "advanceVtime", "DescribedPolicy+Order", "sp_advance_vtime", "policy_order")
    private static let advanceRound = named(
        "advanceRound", "DescribedPolicy+Order", "sp_advance_round", "policy_order")
    private static let measureRate = named(
        "measureRate", "DescribedPolicy+Classes", "sp_measure_rate", "policy_classes")
    private static let classify = named(
        "classify", "DescribedPolicy+Classes", "sp_classify", "policy_classes")
    private static let sliceRule = named(
        "sliceRule", "DescribedPolicy+Slice", "sp_slice_rule", "policy_slice")
    private static let sliceShare = named(
        "sliceShare", "DescribedPolicy+Slice", "sp_slice_share", "policy_slice")
    private static let sliceWeighted = named(
        "sliceWeighted", "DescribedPolicy+Slice", "sp_slice_weighted", "policy_slice")

    private static func named(_ swift: String, _ swiftFile: String, _ c: String, _ cFile: String)
        -> TwinFunction
    {
        let folder = "Sources/PolicyModel/Shipped"
        return TwinFunction(
            swift: swift,
            swiftFile: "\(swiftFile == "Policy" ? "Sources/PolicyModel" : folder)/\(swiftFile).swift",
            c: c, cFile: "\(folder)/\(cFile).h")
    }
}
