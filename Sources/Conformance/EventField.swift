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

    /// The same where an ENQUEUE tells who its task is: in the words that it has no other use for.
    static func with(_ inputs: UInt32, _ fields: [EventField]) -> [EventField] {
        let words = [["first.0", "first"], ["since.0", "since"], ["switches"], ["since.1"]]
        return fields.map { field in
            guard let word = words.firstIndex(where: { $0.contains(field.name) }) else { return field }
            let within = UInt32(64 * word)..<UInt32(64 * word + 64)
            let told = inputNames.filter {
                inputs & $0.input.rawValue != 0 && within.contains(sp_input_at(inputs, $0.input.rawValue))
                    || $0.input == SP_INPUT_COMM && inputs & SP_INPUT_COMM.rawValue != 0 && word < 2
            }
            if told.isEmpty { return field }
            var field = field
            let (text, get) = (field.text, field.get)
            field.name += "/" + told.map(\.name).joined(separator: "+")
            field.text = { event in
                guard event.kind == SP_EVENT_ENQUEUE.rawValue else { return text(event) }
                return told.map { inputText($0.input, get(event), sp_input_at(inputs, $0.input.rawValue)) }
                    .joined(separator: "+")
            }
            return field
        }
    }

    /// Each by itself, under its own name.
    static func inputs(_ inputs: UInt32) -> [EventField] {
        inputNames.filter { inputs & $0.input.rawValue != 0 }.map { name, input in
            let at = sp_input_at(inputs, input.rawValue)
            return EventField(
                name: name, get: { word(at, $0) }, set: { _, _ in },
                text: { event in
                    if input != SP_INPUT_COMM { return inputText(input, word(at, event), at) }
                    let bytes = [event.first.0, event.since.0].flatMap { word in
                        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
                    }
                    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
    }

    /// - Parameter at: a bit of an ENQUEUE's words for them.
    private static func word(_ at: UInt32, _ event: sp_event) -> UInt64 {
        at < 64 ? event.first.0 : at < 128 ? event.since.0 : at < 192 ? event.switches : event.since.1
    }

    private static let inputNames: [(name: String, input: sp_input)] = [
        ("comm", SP_INPUT_COMM), ("cgroup", SP_INPUT_CGROUP), ("tgid", SP_INPUT_TGID), ("uid", SP_INPUT_UID),
        ("nice", SP_INPUT_NICE), ("allowed", SP_INPUT_ALLOWED),
    ]

    /// - Parameter at: where the input begins; of a name, each word is shown by itself.
    private static func inputText(_ input: sp_input, _ word: UInt64, _ at: UInt32) -> String {
        switch input {
        case SP_INPUT_COMM:
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }.prefix { $0 != 0 }
            let isWhole = bytes.count == 8 || word >> UInt64(8 * bytes.count) == 0
            let isPlain = isWhole && bytes.allSatisfy { $0 > 32 && $0 < 127 }
            return isPlain ? "'\(String(decoding: bytes, as: UTF8.self))'" : "0x\(String(word, radix: 16))"
        case SP_INPUT_CGROUP: return String(word)
        case SP_INPUT_NICE: return String(Int32(truncatingIfNeeded: word >> UInt64(at & 63)))
        default: return String(UInt32(truncatingIfNeeded: word >> UInt64(at & 63)))
        }
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
        let names = ["ENQUEUE", "RUNNING", "DISPATCH", "EXIT", "STOPPING", "TICK", "CHANGED", "CPUS"]
        return (1...names.count).contains(Int(kind)) ? names[Int(kind) - 1] : String(kind)
    }

    private static func flagsText(_ flags: UInt32) -> String {
        let known = SP_EVENT_FLAGS | SP_EVENT_WANTED_FLAGS
        if flags & ~known != 0 { return "0x" + String(flags, radix: 16) }
        let names = [
            "WAKEUP", "SYNC", "KTHREAD", "PREV", "LOOKED", "FIRST", "FIRST_PRIORITY", "SLEEPS", "ONLINE",
        ]
        let set = names.indices.filter { flags & (1 << UInt32($0)) != 0 }.map { names[$0] }
        return set.isEmpty ? "-" : set.joined(separator: "|")
    }
}
