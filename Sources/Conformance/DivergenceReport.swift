// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// What a person needs to see of a divergence.
public struct DivergenceReport {
    /// Events of the same task that are shown at most.
    private static let historyMax = 10

    private let lanes: [String]
    private let trace: Trace
    private let mismatch: Harness.Mismatch

    /// - Parameters:
    ///   - lanes: Their names, in the order of the mismatch's outcomes.
    ///   - trace: At least up to the record that differs.
    public init(lanes: [String], trace: Trace, mismatch: Harness.Mismatch) {
        self.lanes = lanes
        self.trace = trace
        self.mismatch = mismatch
    }

    /// The event with all its fields.
    public var event: String {
        EventField.all.map { "  \($0.name) = \($0.text(trace.events[mismatch.index]))" }
            .joined(separator: "\n")
    }

    /// All fields of all answers; those that differ are marked.
    public var answers: String {
        var table = TextTable(header: ["", "field"] + lanes)
        for field in OutcomeField.all {
            let values = mismatch.outcomes.map(field.text)
            table.add([Set(values).count > 1 ? "*" : " ", field.name] + values)
        }
        return table.text()
    }

    /// The last events of the same task before this one.
    public var history: String {
        let pid = trace.events[mismatch.index].pid
        let earlier = trace.events.indices.prefix(mismatch.index)
            .filter { trace.events[$0].pid == pid }
        if earlier.isEmpty { return "  none" }
        let shown = earlier.suffix(Self.historyMax)
        let left = earlier.count - shown.count
        return (left > 0 ? "  (\(left) earlier ones)\n" : "")
            + Self.table(shown.map { ($0, trace.events[$0]) })
    }

    /// All events of the trace, as a table.
    public var events: String {
        Self.table(Array(trace.events.prefix(mismatch.index + 1).enumerated()))
    }

    /// The description's fields.
    public static func describe(_ policy: sp_policy) -> String {
        """
          order=\(policy.order) slice=\(policy.slice) classes=\(policy.classes) \
        burst=\(policy.burst) idle=\(policy.idle) kthreads=\(policy.kthreads) \
        promote_sync=\(policy.promote_sync) promote_waiting_max=\(policy.promote_waiting_max) \
        preempt=\(policy.preempt)
          rate_max=\(policy.rate_max) slice_max_ns=\(policy.slice_max_ns) \
        slice_min_ns=\(policy.slice_min_ns) sleep_credit_ns=\(policy.sleep_credit_ns) \
        rate_window_ns=\(policy.rate_window_ns) starvation_ns=\(policy.starvation_ns)
        """
    }

    private static func table(_ events: [(Int, sp_event)]) -> String {
        var table = TextTable(header: ["event"] + EventField.deciding.map(\.name))
        for (index, event) in events {
            table.add([String(index)] + EventField.deciding.map { $0.text(event) })
        }
        return table.text()
    }
}
