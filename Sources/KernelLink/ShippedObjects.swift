// SPDX-License-Identifier: GPL-2.0-only

/// The BPF objects that travel in this program, byte for byte as libbpf gets them: for proofs about them.
public enum ShippedObjects {
    /// Of `bpf/policy_probe.bpf.c`.
    public static var probe: [UInt8] { BPFObject.policy_probe.bytes() }
    /// Of `bpf/bpf_mode.bpf.c`.
    public static var bpfMode: [UInt8] { BPFObject.bpf_mode.bytes() }
}
