// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import CSchedProto
import Glibc

/// The variables that a loaded scheduler writes for us: its counters and how it ended. The initial
/// values that libbpf shows are copies from loading on, so they are mapped once more.
struct StatusMemory: ~Copyable {
    private let memory: MappedMemory
    private let status: UnsafePointer<sp_status>
    private let dump: UnsafeRawBufferPointer
    private let groupLimits: UnsafeRawPointer

    init(_ object: OpaquePointer) throws(KernelError) {
        let variables = BPFVariables(object: object)
        let section = try variables.map(".bss")
        let status = try variables.place(of: "status", in: ".bss")
        let dump = try variables.place(of: "exit_dump", in: ".bss")
        let groupLimits = try variables.place(of: "group_limits_set", in: ".bss")
        guard status.size == MemoryLayout<sp_status>.size, dump.size == Int(SP_EXIT_DUMP) else {
            throw KernelError("BPF object of another version", errno: EINVAL)
        }
        let mapped = try MappedMemory(
            map: bpf_map__fd(section), count: Int(bpf_map__value_size(section)), writable: false)
        self.status = UnsafePointer(
            (mapped.start + status.offset).assumingMemoryBound(to: sp_status.self))
        self.dump = UnsafeRawBufferPointer(start: mapped.start + dump.offset, count: dump.size)
        self.groupLimits = UnsafeRawPointer(mapped.start + groupLimits.offset)
        memory = mapped
    }

    /// The counters as they stand: each is right, together they may be torn.
    var now: sp_status { status.pointee }

    /// Counted by bpf/groups.bpf.h.
    var groupLimitsSet: UInt64 { UInt64(sp_load_acquire_u64(groupLimits)) }

    /// Where the end's kind stands, the first member of `exit`, which is the last of the status.
    var exitKind: UnsafeRawPointer {
        UnsafeRawPointer(status) + MemoryLayout<sp_status>.size - MemoryLayout<sp_exit>.size
    }

    /// Why the kernel ended the scheduler; nil while it has not.
    func exitReport() -> ExitReport? {
        guard sp_load_acquire_u32(exitKind) != 0 else { return nil }
        return ExitReport(status.pointee.exit, dump: dump)
    }
}
