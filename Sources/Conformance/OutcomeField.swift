// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// A field of `sp_outcome`, for printing.
struct OutcomeField: Sendable {
    let name: String
    let text: @Sendable (sp_outcome) -> String

    /// What was decided.
    static let decision: [OutcomeField] = [
        OutcomeField("decision.key") { $0.decision.key },
        OutcomeField("decision.slice_ns") { $0.decision.slice_ns },
        OutcomeField(name: "decision.action") { actionText($0.decision.action) },
        OutcomeField("decision.queue") { $0.decision.queue },
        OutcomeField("decision.cpu") { $0.decision.cpu },
        OutcomeField("decision.pid") { $0.decision.pid },
    ]

    /// What every policy has of a task.
    static let life: [OutcomeField] = [
        OutcomeField("task.generation") { $0.task.generation },
        OutcomeField("task.queue") { $0.task.queue },
    ]

    /// All fields, in the order of their declaration; together they are all bytes.
    ///
    /// - Parameters:
    ///   - task: what a policy remembers of a task: its names, and places in `sp_task`.
    ///   - state: the same beside the tasks, in `sp_global`.
    ///   - word: what reports call the latter.
    static func all(task: [ReportNaming.Field], state: [ReportNaming.Field], word: String) -> [OutcomeField] {
        let at = MemoryLayout<sp_decision>.size
        let ofTask = task.map { OutcomeField("task.\($0.name)", offset: at + $0.offset, size: $0.size) }
        let beside = at + MemoryLayout<sp_task>.size
        let ofState = state.map {
            OutcomeField("\(word).\($0.name)", offset: beside + $0.offset, size: $0.size)
        }
        return decision + ofTask + life + ofState
    }

    /// A number of a policy's own, so many bytes of an outcome at an offset.
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
