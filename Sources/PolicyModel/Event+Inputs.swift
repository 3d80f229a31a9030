// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

extension sp_policy {
    /// What a pair wants to know of who a task is: bits of `sp_input`. 0 of any other policy.
    @inlinable
    public var inputs: UInt32 { pair == 0 ? 0 : burst >> UInt32(SP_INPUTS_SHIFT) }
}

extension sp_event {
    /// Puts what an ENQUEUE tells of who its task is to its place, see `sp_input_at`. Twin: `sp_fill_inputs` of
    /// `bpf/inputs.bpf.h`.
    /// - Parameter inputs: those that the policy wants, not 0.
    @inline(__always)
    public mutating func put(_ who: sp_who, _ inputs: UInt32) {
        first.0 = 0
        since.0 = 0
        if sp_input_at(inputs, SP_INPUTS_ALL + 1) > 128 { switches = 0 }
        if sp_input_at(inputs, SP_INPUTS_ALL + 1) > 192 { since.1 = 0 }
        if inputs & SP_INPUT_COMM.rawValue != 0 { (first.0, since.0) = who.comm }
        put(who.cgroup, SP_INPUT_CGROUP, inputs)
        put(UInt64(who.tgid), SP_INPUT_TGID, inputs)
        put(UInt64(who.uid), SP_INPUT_UID, inputs)
        put(UInt64(UInt32(bitPattern: who.nice)), SP_INPUT_NICE, inputs)
        put(UInt64(who.allowed), SP_INPUT_ALLOWED, inputs)
    }

    @inline(__always)
    private mutating func put(_ value: UInt64, _ input: sp_input, _ inputs: UInt32) {
        if inputs & input.rawValue == 0 { return }
        let at = sp_input_at(inputs, input.rawValue)
        let bits = value << UInt64(at & 63)
        switch at {
        case 0..<64: first.0 |= bits
        case 64..<128: since.0 |= bits
        case 128..<192: switches |= bits
        default: since.1 |= bits
        }
    }
}
