// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// A field of `sp_outcome`, for printing.
struct OutcomeField: Sendable {
    let name: String
    let text: @Sendable (sp_outcome) -> String

    /// All fields, in the order of their declaration; together they are all bytes.
    static let all: [OutcomeField] = [
        OutcomeField("decision.key") { $0.decision.key },
        OutcomeField("decision.slice_ns") { $0.decision.slice_ns },
        OutcomeField(name: "decision.action") { actionText($0.decision.action) },
        OutcomeField("decision.queue") { $0.decision.queue },
        OutcomeField("decision.cpu") { $0.decision.cpu },
        OutcomeField("decision.pid") { $0.decision.pid },
        OutcomeField("task.vtime") { $0.task.vtime },
        OutcomeField("task.burst_ns") { $0.task.burst_ns },
        OutcomeField("task.rate") { $0.task.rate },
        OutcomeField("task.rate_switches") { $0.task.rate_switches },
        OutcomeField("task.rate_since") { $0.task.rate_since },
        OutcomeField("task.generation") { $0.task.generation },
        OutcomeField("task.queue") { $0.task.queue },
        OutcomeField("global.vtime_now") { $0.global.vtime_now },
        OutcomeField("global.threshold") { $0.global.threshold },
        OutcomeField("global.average_waiting") { $0.global.average_waiting },
        OutcomeField("global.round") { $0.global.round },
        OutcomeField("global.round_since") { $0.global.round_since },
    ]

    /// A number of a pair's own, so many bytes of an outcome at an offset.
    init(_ name: String, offset: Int, size: Int) {
        self.init(name: name) { outcome in
            withUnsafeBytes(of: outcome) { bytes in
                String(bytes[offset..<offset + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
            }
        }
    }

    init(name: String, text: @escaping @Sendable (sp_outcome) -> String) {
        self.name = name
        self.text = text
    }

    private init(
        _ name: String, _ value: @escaping @Sendable (sp_outcome) -> some BinaryInteger & SendableMetatype
    ) {
        self.init(name: name) { String(value($0)) }
    }

    static func actionText(_ action: UInt32) -> String {
        Int(action) < Harness.actionNames.count ? Harness.actionNames[Int(action)] : String(action)
    }
}
