// SPDX-License-Identifier: GPL-2.0-only
internal import CSchedProto

/// The BPF objects that travel in this program, byte for byte as libbpf gets them: for proofs about them.
public enum ShippedObjects {
    /// Of `bpf/policy_probe.bpf.c`.
    public static var probe: [UInt8] { BPFObject.policyProbe.bytes() }
    /// Of `bpf/bpf_mode.bpf.c`.
    public static var bpfMode: [UInt8] { BPFObject.bpfMode.bytes() }
}

extension BPFObject {
    static let policyProbe = shipped("policy_probe")
    static let bpfMode = shipped("bpf_mode")
    static let userMode = shipped("user_mode")
    /// For pairs that say where a waking task looks for an idle CPU.
    static let userModeWakeups = shipped("user_mode_wakeups")
    /// For pairs that ask who tasks are.
    static let userModeInputs = shipped("user_mode_inputs")
    /// For pairs with queues of their own.
    static let userModePlaces = shipped("user_mode_places")
    /// For pairs that are asked about a task alone on its CPU; and the same with queues of their own.
    static let userModeAlone = shipped("user_mode_alone")
    static let userModeAll = shipped("user_mode_all")
    /// The same four, for pairs that want events which others are not told of.
    static let userModeInputsWanted = shipped("user_mode_inputs_wanted")
    static let userModePlacesWanted = shipped("user_mode_places_wanted")
    static let userModeAloneWanted = shipped("user_mode_alone_wanted")
    static let userModeAllWanted = shipped("user_mode_all_wanted")

    /// A name that is missing is a mistake of ours, and libbpf's error: an empty text is no ELF file.
    private static func shipped(_ name: String) -> BPFObject {
        BPFObject(name: name, base64: text(name) ?? "")
    }

    fileprivate static func text(_ name: String) -> String? {
        sp_shipped(name).map { String(cString: $0) }
    }
}

extension SwiftTwin {
    static let described: SwiftTwin = {
        guard let probe = shipped("swift_probe"), let mode = shipped("swift_mode") else {
            return SwiftTwin(
                obstacle: BPFObject.text("swift_obstacle") ?? "this program was built without it")
        }
        return SwiftTwin(probe: probe, mode: mode)
    }()

    private static func shipped(_ name: String) -> Object? {
        guard let base64 = BPFObject.text(name) else { return nil }
        let lines = BPFObject.text("\(name)_traps")?.split(separator: "\n") ?? []
        return (name, base64, lines.compactMap(SwiftTrap.init(line:)))
    }
}

extension SwiftTrap {
    /// Number, place and words between tabs, as the build writes them for `sp_shipped`.
    fileprivate init?(line: Substring) {
        let fields = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, let number = Int32(fields[0]) else { return nil }
        self.init(number, at: fields[1].isEmpty ? nil : String(fields[1]), String(fields[2]))
    }
}
