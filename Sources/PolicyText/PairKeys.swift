// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import PolicyModel

/// A number that a pair's author declared, and that descriptions may say.
public struct PairParameter: Sendable {
    public enum Kind: Sendable {
        /// In nanoseconds.
        case duration
        case integer
        case bool
        /// Some of the machine's, as `SP_CPUS_PART` says it.
        case cpus
    }

    let key: String
    let kind: Kind
    let offset: Int
    let size: Int
    let range: ClosedRange<UInt64>
    let value: UInt64
    let doc: String

    /// Its name, and where it is in the pair's parameters: offset and size in bytes.
    public var field: (name: String, offset: Int, size: Int) { (key, offset, size) }

    /// - Parameters:
    ///   - offset: in the pair's parameters, bytes.
    ///   - size: in bytes.
    ///   - value: where nobody says another one.
    public init(
        key: String, kind: Kind, offset: Int, size: Int, range: ClosedRange<UInt64>, value: UInt64,
        doc: String
    ) {
        self.key = key
        self.kind = kind
        self.offset = offset
        self.size = size
        self.range = range
        self.value = value
        self.doc = doc
    }
}

/// The keys of a pair's descriptions: its own parameters, and what the mechanism has to know.
public struct PairKeys: Sendable {
    private let table: KeyTable
    /// The keys that say CPUs, in the order in which they are declared.
    public let sets: [String]

    /// What stands in the fields of which no key says anything.
    public var base: sp_policy { table.base }

    /// - Parameters:
    ///   - hash: what its declaration hashes to, not 0.
    ///   - queues: 1, or 2 if tasks may wait in the priority queue.
    ///   - ownQueues: those of its own, as `sp_policy.rate_max` says them; 0: none.
    ///   - inputs: what it wants to know of who a task is, bits of `sp_input`.
    ///   - wakeups: where a waking task looks for an idle CPU, and where at a synchronous wake-up, as `sp_look`
    ///     says it; 0: the kernel's choice.
    ///   - sets: CPUs of its own queues, as `sp_policy.classes` says them.
    ///   - isAskedAlone: about a task that is alone on its CPU, too.
    ///   - events: those that it wants, bits `SP_WANTS_STOPPING_BIT` and its like.
    ///   - tables: whose rows descriptions give.
    public init(
        name: String, summary: String, hash: UInt32, queues: Int, ownQueues: UInt32,
        inputs: UInt32, wakeups: (look: UInt32, sync: UInt32), isAskedAlone: Bool = false,
        sets: UInt32 = 0, events: UInt32 = 0, params: [PairParameter], tables: [PairTable] = []
    ) {
        var base = sp_policy()
        base.abi = UInt32(SP_ABI_VERSION)
        base.pair = hash
        // What the mechanism reads of rules: queues go by key, and weights may count.
        base.order = SP_ORDER_VRUNTIME.rawValue
        base.slice = SP_SLICE_FIXED.rawValue | (isAskedAlone ? SP_ALONE_ASKED_BIT : 0) | events
        base.classes = (queues > 1 ? SP_CLASSES_VOLUNTARY_SWITCHES : SP_CLASSES_NONE).rawValue
        if ownQueues != 0 { base.classes = sets }
        base.burst = SP_BURST_PLAIN.rawValue | inputs << UInt32(SP_INPUTS_SHIFT)
        base.rate_max = ownQueues
        (base.promote_waiting_max, base.promote_sync) = wakeups
        self.sets = params.filter { $0.kind == .cpus }.map(\.key)
        let own = params.map { parameter in
            PolicyKey(
                path: parameter.key, kind: parameter.keyKind,
                field: .bytes(offset: Int(SP_PAIR_PARAMS) + parameter.offset, size: parameter.size),
                fallback: .value(parameter.value), doc: parameter.doc, source: "\(name)")
        }
        let mechanism = PolicyKeys.mechanism.filter { queues > 1 || $0.path != "preempt-on-wakeup" }
        table = KeyTable(
            Self.identity + own + mechanism, tables: tables, base: base, name: name,
            shipped: [(name, "summary: \"\(summary.replacing("\"", with: "'"))\"\n")])
    }

    /// Within the body, descriptions are this pair's.
    public func apply<Result>(_ body: () throws -> Result) rethrows -> Result {
        try KeyTable.$current.withValue(table, operation: body)
    }

    private static let identity: [PolicyKey] = [
        PolicyKey(
            path: "name", kind: .name, field: .name, fallback: .emptyText,
            doc: "What the policy is called in messages and statistics.", source: "ours"),
        PolicyKey(
            path: "summary", kind: .line(200), field: .summary, fallback: .emptyText,
            doc: "What the policy does, for people.", source: "ours"),
    ]

    /// What tasks have to be called to be met by a policy's rows, as `sp_who` has it.
    public func comms(in policy: sp_policy) -> [(UInt64, UInt64)] {
        table.tables.flatMap { $0.rows(in: policy) }.flatMap(\.comm).map { pattern in
            let words = pattern.words
            return (words[0].value, words[1].value)
        }
    }
}

extension PairParameter {
    var keyKind: PolicyKey.Kind {
        switch kind {
        case .duration: .duration(range)
        case .integer: .integer(range)
        case .bool: .bool
        case .cpus: .cpus
        }
    }
}

extension PolicyKeys {
    /// What no pair is asked about.
    fileprivate static let mechanism: [PolicyKey] =
        [
            PolicyKey(
                path: "slice-max", kind: .duration(100_000...100_000_000), field: .wide(\.slice_max_ns),
                fallback: .value(20_000_000),
                doc: "For how long a task runs that met no other.", source: "ours"),
            PolicyKey(
                path: "preempt-on-wakeup", kind: .bool, field: .narrow(\.preempt), fallback: .value(0),
                doc: "User mode: the daemon is run at once for a woken task of the priority queue.",
                source: "ours"),
        ] + ShippedKeys.all.filter { ["idle-cpu", "kernel-threads"].contains($0.path) }
}
