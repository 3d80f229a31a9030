// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

/// What the rest has to know of the rules, beside what the twins do: `run`, reports, traces, mutants and proofs.
package enum Shipped {
    /// The parameters of rules: `SP_RULE_PARAMS` of rules.h, in the same order.
    package static let parameters: [NumberField] = [
        NumberField("slice_min_ns", \sp_policy.slice_min_ns),
        NumberField("sleep_credit_ns", \sp_policy.sleep_credit_ns),
        NumberField("rate_window_ns", \sp_policy.rate_window_ns),
        NumberField("starvation_ns", \sp_policy.starvation_ns),
        NumberField("wait_max_ns", \sp_policy.wait_max_ns),
    ]

    /// What is remembered of a task, but for what all policies have of one.
    package static let task: [NumberField] = [
        NumberField("vtime", \sp_task.vtime), NumberField("burst_ns", \sp_task.burst_ns),
        NumberField("rate", \sp_task.rate), NumberField("rate_switches", \sp_task.rate_switches),
        NumberField("rate_since", \sp_task.rate_since),
    ]

    /// What is remembered beside the tasks.
    package static let global: [NumberField] = [
        NumberField("vtime_now", \sp_global.vtime_now), NumberField("threshold", \sp_global.threshold),
        NumberField("average_waiting", \sp_global.average_waiting),
        NumberField("round", \sp_global.round), NumberField("round_since", \sp_global.round_since),
    ]
}

extension sp_policy {
    /// Whether anything that it decides depends on what a task weighs.
    package var goesByWeight: Bool {
        order != SP_ORDER_FIFO.rawValue || slice == SP_SLICE_WEIGHTED.rawValue
    }
}
