// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// Of each CPU the next one of the same last cache, and of the same node: where a waking task of a pair looks one
/// after the other. What `wakeups.bpf.h` is given before it is loaded.
public struct WakeupRings: Sendable {
    /// By a CPU's number, `SP_CPUS_MAX` of them; after the last one of a cache comes its first, and a CPU of which
    /// nothing is known is its own next one.
    let nextInLLC: [UInt16]
    let nextInNode: [UInt16]

    public init(_ topology: Topology) {
        let places = topology.places
        nextInLLC = Self.ring(places.count) { UInt32(places[$0] >> UInt64(SP_PLACE_LLC_SHIFT) & 0xffff) }
        nextInNode = Self.ring(places.count) { UInt32(places[$0] >> UInt64(SP_PLACE_NODE_SHIFT) & 0xffff) }
    }

    /// Of CPUs that `of` says the same of, the next one by number; after the last one comes the first.
    static func ring(_ cpus: Int, _ of: (Int) -> UInt32) -> [UInt16] {
        var next = (0..<UInt16(SP_CPUS_MAX)).map { $0 }
        var members: [UInt32: [UInt16]] = [:]
        for cpu in 0..<cpus { members[of(cpu), default: []].append(UInt16(cpu)) }
        for cpus in members.values {
            for (cpu, following) in zip(cpus, cpus.dropFirst() + cpus.prefix(1)) {
                next[Int(cpu)] = following
            }
        }
        return next
    }

    /// What the backend has to know before it is loaded, by the names of its constants.
    package var constants: [(name: String, bytes: [UInt8])] {
        [("next_in_llc", nextInLLC), ("next_in_node", nextInNode)].map { name, next in
            (name, next.withUnsafeBytes { Array($0) })
        }
    }
}

extension sp_policy {
    /// Whether it is a pair's, and that says where a waking task looks for an idle CPU.
    public var hasWakeups: Bool { pair != 0 && promote_sync | promote_waiting_max != 0 }
}
