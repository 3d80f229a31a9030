// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

/// Where the fields of the shared structures are, as the imported header has them.
package struct Field: Sendable, Hashable {
    /// The structure: `policy`, `global` (`state` of a pair), `task`, `event` or `decision`.
    package let structure: String
    /// The field's name, as reports have it.
    package let name: String
    /// Bytes from the structure's begin.
    package let offset: Int
    /// Bytes.
    package let size: Int

    package var fullName: String { "\(structure).\(name)" }
}

/// The fields of a policy's structures: of the described one, or those that a pair declares in their place.
package struct Layout: Sendable {
    package let policy: [Field]
    package let global: [Field]
    package let task: [Field]
    /// Nobody's: they hold 0, before the first event and ever after.
    let unused: Set<Field>
    /// What descriptions do not say of a pair, and what it is.
    let fixed: [Field: UInt64]
    /// The pair's own queues are not known before it runs; nil: it is the described policy.
    package let pairHasOwnQueues: Bool?
    /// What is proven of it beside what has to be so of every policy, by the kind of event.
    let properties: @Sendable (_ kind: UInt32) -> [Property]

    /// The highest number of a queue of the two that all have.
    var queueMax: UInt64 {
        let classes = Self.rules.first { $0.name == "classes" }.flatMap { fixed[$0] }
        return classes == UInt64(SP_CLASSES_NONE.rawValue) ? 0 : UInt64(SP_QUEUES - 1)
    }

    /// It is a pair's, and that is asked about a task that is alone on its CPU, too.
    var isAskedAlone: Bool {
        let slice = Self.rules.first { $0.name == "slice" }.flatMap { fixed[$0] }
        return isPair && (slice ?? 0) & UInt64(SP_ALONE_ASKED_BIT) != 0
    }

    /// Events that it is told of beside those of all policies, bits `SP_WANTS_STOPPING_BIT` and its like.
    var wanted: UInt32 {
        let slice = Self.rules.first { $0.name == "slice" }.flatMap { fixed[$0] }
        return isPair ? UInt32(truncatingIfNeeded: slice ?? 0) & SP_WANTS_BITS : 0
    }

    package var isPair: Bool { pairHasOwnQueues != nil }

    private static func field<Root, Value>(
        _ structure: String, _ name: String, _ path: KeyPath<Root, Value>
    ) -> Field {
        Field(
            structure: structure, name: name, offset: MemoryLayout<Root>.offset(of: path) ?? -1,
            size: MemoryLayout<Value>.size)
    }

    private static func fields(_ structure: String, _ declared: [Declared]) -> [Field] {
        declared.map { Field(structure: structure, name: $0.name, offset: $0.offset, size: $0.size) }
    }

    /// What stands before the parameters of every policy.
    private static let rules: [Field] = [
        field("policy", "abi", \sp_policy.abi), field("policy", "order", \sp_policy.order),
        field("policy", "slice", \sp_policy.slice), field("policy", "classes", \sp_policy.classes),
        field("policy", "burst", \sp_policy.burst), field("policy", "idle", \sp_policy.idle),
        field("policy", "kthreads", \sp_policy.kthreads),
        field("policy", "promote_sync", \sp_policy.promote_sync),
        field("policy", "promote_waiting_max", \sp_policy.promote_waiting_max),
        field("policy", "rate_max", \sp_policy.rate_max), field("policy", "preempt", \sp_policy.preempt),
        field("policy", "pair", \sp_policy.pair), field("policy", "slice_max_ns", \sp_policy.slice_max_ns),
    ]

    /// Where a pair's tables would be.
    private static let noRows: [Field] = stride(from: 0, to: Int(SP_ROWS_BYTES), by: 8).map {
        Field(structure: "policy", name: "rows\($0)", offset: Int(SP_PAIR_ROWS) + $0, size: 8)
    }

    /// What every policy has of a task.
    private static let life: [Field] = [
        field("task", "generation", \sp_task.generation), field("task", "queue", \sp_task.queue),
    ]

    package static let event: [Field] = [
        field("event", "seq", \sp_event.seq), field("event", "now", \sp_event.now),
        field("event", "used_ns", \sp_event.used_ns), field("event", "switches", \sp_event.switches),
        field("event", "key", \sp_event.key), field("event", "first.0", \sp_event.first.0),
        field("event", "first.1", \sp_event.first.1), field("event", "since.0", \sp_event.since.0),
        field("event", "since.1", \sp_event.since.1), field("event", "kind", \sp_event.kind),
        field("event", "flags", \sp_event.flags), field("event", "pid", \sp_event.pid),
        field("event", "generation", \sp_event.generation), field("event", "cpu", \sp_event.cpu),
        field("event", "idle_cpu", \sp_event.idle_cpu), field("event", "weight", \sp_event.weight),
        field("event", "cpus", \sp_event.cpus), field("event", "waiting.0", \sp_event.waiting.0),
        field("event", "waiting.1", \sp_event.waiting.1),
    ]

    package static let decision: [Field] = [
        field("decision", "key", \sp_decision.key), field("decision", "slice_ns", \sp_decision.slice_ns),
        field("decision", "action", \sp_decision.action), field("decision", "queue", \sp_decision.queue),
        field("decision", "cpu", \sp_decision.cpu), field("decision", "pid", \sp_decision.pid),
    ]

    /// A policy whose structures have names in the shared header; it has no tables, and two queues.
    ///
    /// - Parameters:
    ///   - parameters: what it reads of a description beside what stands before the parameters of every policy.
    ///   - properties: what is proven of it beside what has to be so of every policy, by the kind of event.
    package init(
        parameters: [Declared], global: [Declared], task: [Declared],
        properties: @escaping @Sendable (_ kind: UInt32) -> [Property]
    ) {
        policy = Self.rules + Self.fields("policy", parameters) + Self.noRows
        self.global = Self.fields("global", global)
        self.task = Self.fields("task", task) + Self.life
        unused = Set(Self.noRows)
        fixed = [:]
        pairHasOwnQueues = nil
        self.properties = properties
    }

    /// A field by its name, its place in bytes and its size.
    package typealias Declared = (name: String, offset: Int, size: Int)

    /// A pair's: what it declares, of `SP_PAIR_BYTES` each.
    ///
    /// - Parameter base: with what stands in the fields that no description says.
    package init(
        pairWithOwnQueues: Bool, base: sp_policy, params: [Declared], rows: [Declared] = [],
        state: [Declared],
        task: [Declared]
    ) {
        var unused: Set<Field> = []
        func fields(
            _ structure: String, _ declared: [Declared], at begin: Int = 0, of bytes: Int = Int(SP_PAIR_BYTES)
        ) -> [Field] {
            // In the order of their places, which is that of their widths and not of the declaration.
            var all = declared.sorted { $0.offset < $1.offset }.map {
                Field(structure: structure, name: $0.name, offset: begin + $0.offset, size: $0.size)
            }
            // No byte is left out: the same widths as in the structure that Swift has.
            var used = declared.map { $0.offset + $0.size }.max() ?? 0
            while used < bytes {
                let size = [8, 4, 2, 1].first { used % $0 == 0 && used + $0 <= bytes } ?? 1
                let field = Field(
                    structure: structure, name: "unused\(begin + used)", offset: begin + used, size: size)
                unused.insert(field)
                all.append(field)
                used += size
            }
            return all
        }
        policy =
            Self.rules + fields("policy", params, at: Int(SP_PAIR_PARAMS))
            + fields("policy", rows, at: Int(SP_PAIR_ROWS), of: Int(SP_ROWS_BYTES))
        for field in policy where field.offset >= Int(SP_PAIR_ROWS) {
            if field.name.split(separator: ".").last?.hasPrefix("unused") == true { unused.insert(field) }
        }
        global = fields("state", state)
        self.task = fields("task", task) + Self.life
        self.unused = unused
        fixed = withUnsafeBytes(of: base) { bytes in
            var values: [Field: UInt64] = [:]
            for field in Self.rules {
                values[field] = (0..<field.size).reversed().reduce(0) {
                    $0 << 8 | UInt64(bytes[field.offset + $1])
                }
            }
            return values
        }
        pairHasOwnQueues = pairWithOwnQueues
        properties = { _ in [] }
    }

    /// What an event and a state are made of.
    package var inputs: [Field] { policy + global + task + Self.event }
    /// What is decided, and the state afterwards.
    package var outputs: [Field] { Self.decision + task + global }

    /// Whether the fields of each structure are all its bytes, so that nothing is left out.
    package var isWhole: Bool {
        let sizes = [
            (policy, MemoryLayout<sp_policy>.size), (global, MemoryLayout<sp_global>.size),
            (task, MemoryLayout<sp_task>.size), (Self.event, MemoryLayout<sp_event>.size),
            (Self.decision, MemoryLayout<sp_decision>.size),
        ]
        return sizes.allSatisfy { fields, size in
            var place = 0
            for field in fields {
                guard field.offset == place else { return false }
                place += field.size
            }
            return place == size
        }
    }

    static func size(_ structure: String) -> Int {
        switch structure {
        case "policy": MemoryLayout<sp_policy>.size
        case "global", "state": MemoryLayout<sp_global>.size
        case "task": MemoryLayout<sp_task>.size
        case "event": MemoryLayout<sp_event>.size
        default: MemoryLayout<sp_decision>.size
        }
    }
}
