// SPDX-License-Identifier: GPL-2.0-only
package import Output

/// What a pair's author declares in `NAME.yaml`: from it come the structures of both twins, the keys of
/// descriptions, and the names in reports.
package struct Declaration: Sendable {
    /// Bytes that each of `task`, `state` and `params` may have: `SP_PAIR_BYTES` of `bpf/abi.h`.
    package static let bytesMax = 40

    package enum Width: String, CaseIterable, Sendable {
        case u64, u32, u16, u8

        package var bytes: Int {
            switch self {
            case .u64: 8
            case .u32: 4
            case .u16: 2
            case .u8: 1
            }
        }

        package var most: UInt64 { self == .u64 ? .max : 1 << UInt64(8 * bytes) - 1 }
        var swift: String { "UInt\(8 * bytes)" }
        var c: String { "sp_\(rawValue)" }
    }

    /// A number that is remembered.
    package struct Field: Sendable {
        package let name: String
        package let width: Width
        /// Before the first event.
        package let first: UInt64
    }

    /// A number that descriptions and `--set` say.
    package struct Parameter: Sendable {
        package enum Kind: Sendable {
            /// In nanoseconds.
            case duration
            case integer
            case bool
            /// Some of the machine's, `CPUSpan`.
            case cpus
        }

        /// As descriptions write it: `quantum`, `slice-min`.
        package let key: String
        package let kind: Kind
        package let width: Width
        package let range: ClosedRange<UInt64>
        package let value: UInt64
        package let doc: String

        /// As both twins write it: `quantum_ns`, `slice_min_ns`.
        package var name: String {
            let words = key.replacing("-", with: "_")
            return kind == .duration ? words + "_ns" : words
        }
    }

    /// Queues of a pair's own: one for each CPU, LLC or node, and so many that belong to no CPU.
    package struct OwnQueues: Sendable {
        /// What has one each: the raw values are those of `sp_each` in `bpf/abi.h`.
        package enum Each: UInt32, CaseIterable, Sendable {
            case none, cpu, llc, node

            var word: String { "\(self)" }
        }

        /// `SP_QUEUES_COUNT_MAX`.
        package static let countMax = 64

        /// `SP_SET_QUEUES` and `SP_SETS_MAX`.
        package static let queuesWithSetsMax = 8, setsMax = 4

        package var each = Each.none
        package var count = 0
        /// Of each queue, from the first on, its CPUs: the key of a parameter; nil: all.
        package var cpus: [String?] = []

        package var hasSets: Bool { cpus.contains { $0 != nil } }

        /// As a description has it for the mechanism, see `SP_QUEUES_EACH_SHIFT`.
        package var encoded: UInt32 { each.rawValue << 16 | UInt32(count) }
    }

    /// Where a waking task looks for an idle CPU, in this order; empty: by the kernel's own choice.
    package struct Wakeups: Sendable {
        package var look: [WakeupPlace] = []
        /// The same for a synchronous wake-up; nil: as for others.
        package var sync: [WakeupPlace]?

        /// Some place is CPUs that a parameter says.
        package var hasSets: Bool { (look + (sync ?? [])).contains { $0.setIndex != nil } }

        /// As a description has it for the mechanism, see `sp_look`.
        package var encoded: (look: UInt32, sync: UInt32) {
            (WakeupPlace.encode(look), WakeupPlace.encode(sync ?? look))
        }
    }

    /// An event that no policy is told of but one that wants it: a function of both twins. The raw values are those of
    /// `SP_WANTS_STOPPING_BIT` and its like in `bpf/abi.h`.
    package enum Event: UInt32, CaseIterable, Sendable {
        case stopping = 0x200
        case tick = 0x400
        case changed = 0x800
        case cpus = 0x1000

        package var word: String { "\(self)" }

        /// What stands behind the function's name in Swift and in C.
        package var parameters: (swift: String, c: String) {
            switch self {
            case .cpus: ("(_ event: sp_event)", "const struct sp_event *event")
            case .stopping, .changed:
                (
                    "(_ event: sp_event, _ task: inout Task)",
                    "struct sp_task *task, const struct sp_event *event"
                )
            case .tick:
                (
                    "(_ event: sp_event, _ task: inout Task) -> sp_decision",
                    "struct sp_task *task, const struct sp_event *event, struct sp_decision *decision"
                )
            }
        }
    }

    /// What the policy wants to know of who a task is: the raw values are those of `sp_input` in `bpf/inputs.h`.
    package enum Input: UInt32, CaseIterable, Sendable {
        case comm = 1
        case cgroup = 2
        case tgid = 4
        case uid = 8
        case nice = 16
        case allowed = 32

        var bits: Int {
            switch self {
            case .comm: 128
            case .cgroup: 64
            case .tgid, .uid, .nice, .allowed: 32
            }
        }
    }

    /// `SP_INPUTS_BITS`; with queues of its own, `SP_INPUTS_BITS_PLACES`.
    package static let inputBitsMax = 256, inputBitsMaxWithPlaces = 192

    /// A task's name, or how it begins, that both twins may ask for.
    package struct Name: Sendable {
        package let name: String
        /// Up to 15 bytes.
        package let comm: String
        /// Whatever follows.
        package let isPrefix: Bool

        /// The name in the kernel's 16 bytes as two numbers, and which bits of them count.
        package var words: [(value: UInt64, mask: UInt64)] {
            CommPattern(comm: comm, isPrefix: isPrefix).words
        }
    }

    /// The file's name without `.yaml`: of the policy, and before each of the C twin's functions.
    package let name: String
    package var summary = ""
    /// 2: tasks may wait in the priority queue as well.
    package var queues = 1
    /// Queues of its own, in the place of those; nil if it has none.
    package var ownQueues: OwnQueues?
    /// Where a waking task looks for an idle CPU; nil: nothing is said of it.
    package var wakeups: Wakeups?
    /// It is asked about a task that is alone on its CPU as well.
    package var isAskedAlone = false
    /// Events that it wants beside those of all policies, each once.
    package var events: [Event] = []
    /// Where each is named: line and column.
    package var eventPlaces: [Event: String] = [:]
    package var inputs: [Input] = []
    package var names: [Name] = []
    package var task: [Field] = []
    package var state: [Field] = []
    package var params: [Parameter] = []
    /// Tables whose rows descriptions give.
    package var tables: [Table] = []

    /// Whatever the layout of state and parameters depends on, as one number that is not 0: traces of
    /// another declaration are recognised by it. Where a waking task looks is not the policy's to decide.
    package var hash: UInt32 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let fields = [task, state].map { $0.map { "\($0.name):\($0.width.rawValue):\($0.first)" } }
        let values = params.map { "\($0.name):\($0.width.rawValue)" }
        let queues = ownQueues.map { "own \($0.encoded)" } ?? "\(queues)"
        // Nothing of inputs and events where there are none: older traces stay valid.
        let inputs = inputs.isEmpty ? "" : " inputs \(inputMask)"
        let events = events.isEmpty ? "" : " events \(eventMask)"
        let rows =
            tables.isEmpty
            ? ""
            : " rows "
                + tables.map {
                    "\($0.name):\($0.most):\($0.fields.map { "\($0.name):\($0.width.rawValue)" })"
                }
                .joined(separator: " ")
        for byte in "\(name) \(queues) \(fields[0]) \(fields[1]) \(values)\(inputs)\(events)\(rows)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return max(UInt32(truncatingIfNeeded: hash ^ hash >> 32), 1)
    }
}

/// A field with its place: the widest first, so that nothing has to be left out between two.
struct Placed: Sendable {
    let name: String
    let width: Declaration.Width
    let offset: Int
    let first: UInt64

    static func all(_ fields: [(name: String, width: Declaration.Width, first: UInt64)]) -> [Placed] {
        var offset = 0
        return Declaration.Width.allCases.flatMap { width in fields.filter { $0.width == width } }.map {
            field in
            defer { offset += field.width.bytes }
            return Placed(name: field.name, width: field.width, offset: offset, first: field.first)
        }
    }
}

extension Declaration {
    var placedTask: [Placed] { .init(Placed.all(task.map { ($0.name, $0.width, $0.first) })) }
    var placedState: [Placed] { .init(Placed.all(state.map { ($0.name, $0.width, $0.first) })) }
    /// Those that are CPUs stand together.
    var placedParams: [Placed] {
        .init(Placed.all((sets + params.filter { $0.kind != .cpus }).map { ($0.name, $0.width, 0) }))
    }

    /// The parameters that are CPUs.
    var sets: [Parameter] { params.filter { $0.kind == .cpus } }

    /// As a description has the CPUs of queues for the mechanism, see `SP_SETS_COUNT_SHIFT`.
    var encodedSets: UInt32 {
        guard let own = ownQueues, let first = sets.first else { return 0 }
        var queues: UInt32 = 0
        for (queue, key) in own.cpus.enumerated() {
            let set = sets.firstIndex { $0.key == key }.map { $0 + 1 } ?? 0
            queues |= UInt32(set) << UInt32(3 * queue)
        }
        return UInt32(placed(first) / 4) | UInt32(sets.count) << 4 | queues << 8
    }

    func placed(_ parameter: Parameter) -> Int {
        placedParams.first { $0.name == parameter.name }?.offset ?? 0
    }
}

extension Declaration {
    /// What clang is told of the pair's queues, inputs and events, when it compiles bpf_mode.bpf.c.
    package var modeOptions: [String] {
        (ownQueues == nil ? [] : ["-DSP_OWN_QUEUES", "-DSP_PLACES"])
            + (inputs.isEmpty ? [] : ["-DSP_INPUTS=\(inputMask)"])
            + (wakeups == nil ? [] : ["-DSP_WAKEUPS"])
            + (isAskedAlone ? ["-DSP_ALONE_ASKED"] : [])
            + (events.isEmpty ? [] : ["-DSP_WANTS=\(eventMask)"])
            + (ownQueues?.hasSets == true ? ["-DSP_SETS"] : [])
    }

    /// The same for user_mode.bpf.c, where programs are made for several pairs (the plugin BuildBPF): those of the one
    /// that this pair is scheduled by, see `Scheduler.program`.
    package var userModeOptions: [String] {
        let hasQueues = ownQueues != nil
        guard hasQueues || !inputs.isEmpty || isAskedAlone || !events.isEmpty else {
            return wakeups == nil ? [] : ["-DSP_WAKEUPS"]
        }
        let isAll = hasQueues && (isAskedAlone || ownQueues?.hasSets == true)
        return ["-DSP_INPUTS=0", "-DSP_WAKEUPS"]
            + (isAll ? ["-DSP_SETS"] : [])
            + (isAll || isAskedAlone ? ["-DSP_ALONE_ASKED"] : [])
            + (hasQueues ? ["-DSP_PLACES"] : [])
            + (events.isEmpty ? [] : ["-DSP_WANTS=SP_WANTS_BITS"])
    }

    package var eventMask: UInt32 { events.reduce(0) { $0 | $1.rawValue } }
    package var inputMask: UInt32 { inputs.reduce(0) { $0 | $1.rawValue } }

    /// Where in an ENQUEUE's words for them an input begins, see `sp_input_at` of `bpf/inputs.h`: which word, and the
    /// bit in it.
    func place(of input: Input) -> (word: Int, bit: Int) {
        let before = Input.allCases.filter { $0.rawValue < input.rawValue && inputs.contains($0) }
        let at = before.reduce(0) { $0 + $1.bits }
        return (at / 64, at % 64)
    }

    /// Bits that all of them take.
    var inputBits: Int { inputs.reduce(0) { $0 + $1.bits } }
}
