// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel

/// How reports name what a policy remembers, and where to look.
public struct ReportNaming: Sendable {
    /// All fields of an outcome.
    let fields: [OutcomeField]
    /// All fields of an event.
    let events: [EventField]
    /// What an ENQUEUE tells of who its task is, bits of `sp_input`.
    let inputs: UInt32
    /// The function to look at first: of the fields that differ, the event and the description.
    let suspect: @Sendable (Set<String>, sp_event, sp_policy) -> TwinFunction

    /// The described policy's.
    public static let described = ReportNaming(
        fields: OutcomeField.all(
            task: Shipped.task.map { ($0.name, $0.offset, $0.size) },
            state: Shipped.global.map { ($0.name, $0.offset, $0.size) }, word: "global"),
        events: EventField.all,
        suspect: { Shipped.suspect($0, of: $1, in: $2) })

    /// A field by its name, its place in bytes and its size.
    public typealias Field = (name: String, offset: Int, size: Int)

    /// - Parameters:
    ///   - pair: its name, which its C functions begin with.
    ///   - type: the Swift policy's type, which its file is called after.
    ///   - hasOwnQueues: events say places.
    ///   - inputs: what they say of who a task is, bits of `sp_input`.
    public init(
        pair: String, type: String, task: [Field], state: [Field], hasOwnQueues: Bool = false,
        inputs: UInt32 = 0
    ) {
        let fields = hasOwnQueues ? EventField.withPlaces : EventField.all
        events = inputs == 0 ? fields : EventField.with(inputs, fields)
        self.inputs = inputs
        self.fields = OutcomeField.all(task: task, state: state, word: "state")
        suspect = { _, event, _ in TwinFunction(of: event.kind, pair: pair, type: type) }
    }

    private init(
        fields: [OutcomeField], events: [EventField],
        suspect: @escaping @Sendable (Set<String>, sp_event, sp_policy) -> TwinFunction
    ) {
        self.fields = fields
        self.events = events
        inputs = 0
        self.suspect = suspect
    }
}
