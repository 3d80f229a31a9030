// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// A field of `sp_event`, for printing and for making simpler.
struct EventField: Sendable {
    var name: String
    /// The field's bits, sign-extended if it is signed.
    let get: @Sendable (sp_event) -> UInt64
    let set: @Sendable (inout sp_event, UInt64) -> Void
    /// The values that say least, the least first.
    var simplest: [UInt64] = [0]
    var text: @Sendable (sp_event) -> String

    /// All fields, in the order of their declaration.
    static let all: [EventField] = [
        wide("seq", \.seq), wide("now", \.now), wide("used_ns", \.used_ns),
        wide("switches", \.switches), wide("key", \.key), wide("first.0", \.first.0),
        wide("first.1", \.first.1), wide("since.0", \.since.0), wide("since.1", \.since.1),
        narrow("kind", \.kind, simplest: [1, 2, 3, 4]) { kindText($0.kind) },
        narrow("flags", \.flags) { flagsText($0.flags) },
        narrow("pid", \.pid), narrow("generation", \.generation, simplest: [1]),
        signed("cpu", \.cpu, simplest: [0]), signed("idle_cpu", \.idle_cpu, simplest: [-1, 0]),
        narrow("weight", \.weight, simplest: [100, 1]), narrow("cpus", \.cpus, simplest: [1]),
        narrow("waiting.0", \.waiting.0), narrow("waiting.1", \.waiting.1),
    ]

    /// The same for a pair with queues of its own, for which some have another meaning.
    static let withPlaces: [EventField] = all.map { field in
        var field = field
        switch field.name {
        case "key":
            field.text = {
                $0.kind == SP_EVENT_ENQUEUE.rawValue ? "last \(placeText($0.key))" : String($0.key)
            }
        case "first.0": field.name = "first"
        case "since.0": field.name = "since"
        case "first.1": (field.name, field.text) = ("queues/core/llc/node", { placeText($0.first.1) })
        case "since.1": (field.name, field.text) = ("waker", { placeText($0.since.1) })
        case "waiting.0": field.name = "waiting.near"
        case "waiting.1": field.name = "waiting.far"
        default: break
        }
        return field
    }

    /// CPU, core, LLC and node.
    private static func placeText(_ place: UInt64) -> String {
        stride(from: UInt64(0), to: 64, by: 16).map { String(place >> $0 & 0xffff) }.joined(separator: "/")
    }

    /// All but the sequence number, which nothing depends on.
    static let deciding = Array(all.dropFirst())

    private static func wide(
        _ name: String, _ path: any WritableKeyPath<sp_event, UInt64> & Sendable
    ) -> EventField {
        EventField(
            name: name, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 },
            text: { String($0[keyPath: path]) })
    }

    private static func narrow(
        _ name: String, _ path: any WritableKeyPath<sp_event, UInt32> & Sendable,
        simplest: [UInt64] = [0], text: (@Sendable (sp_event) -> String)? = nil
    ) -> EventField {
        EventField(
            name: name, get: { UInt64($0[keyPath: path]) },
            set: { $0[keyPath: path] = UInt32(truncatingIfNeeded: $1) }, simplest: simplest,
            text: text ?? { String($0[keyPath: path]) })
    }

    private static func signed(
        _ name: String, _ path: any WritableKeyPath<sp_event, Int32> & Sendable, simplest: [Int64]
    ) -> EventField {
        EventField(
            name: name, get: { UInt64(bitPattern: Int64($0[keyPath: path])) },
            set: { $0[keyPath: path] = Int32(truncatingIfNeeded: $1) },
            simplest: simplest.map { UInt64(bitPattern: $0) }, text: { String($0[keyPath: path]) })
    }

    private static func kindText(_ kind: UInt32) -> String {
        let names = ["ENQUEUE", "RUNNING", "DISPATCH", "EXIT"]
        return (1...4).contains(kind) ? names[Int(kind) - 1] : String(kind)
    }

    private static func flagsText(_ flags: UInt32) -> String {
        if flags & ~UInt32(SP_EVENT_FLAGS) != 0 { return "0x" + String(flags, radix: 16) }
        let names = ["WAKEUP", "SYNC", "KTHREAD", "PREV", "LOOKED", "FIRST", "FIRST_PRIORITY"]
        let set = (0..<7).filter { flags & (1 << UInt32($0)) != 0 }.map { names[$0] }
        return set.isEmpty ? "-" : set.joined(separator: "|")
    }
}
