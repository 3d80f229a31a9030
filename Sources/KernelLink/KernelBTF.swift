// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import Glibc

/// A description of types and functions in the kernel's own format, BTF: that of the running
/// kernel, or one made for a test.
public struct KernelBTF: ~Copyable {
    private let btf: OpaquePointer

    /// The running kernel's; nil if it has none, or it cannot be read.
    public init?() {
        LibbpfLog.install()
        guard let btf = btf__load_vmlinux_btf() else { return nil }
        self.btf = btf
    }

    /// Takes what libbpf made, and frees it in the end.
    public init(taking btf: OpaquePointer) {
        self.btf = btf
    }

    deinit {
        btf__free(btf)
    }

    /// Whether the kernel has this function.
    public func hasFunction(_ name: String) -> Bool {
        btf__find_by_name_kind(btf, name, sp_btf_kind_func) > 0
    }

    /// Whether the kernel's structure has this member.
    public func hasMember(_ member: String, of structure: String) -> Bool {
        let id = btf__find_by_name_kind(btf, structure, sp_btf_kind_struct)
        guard id > 0, let type = btf__type_by_id(btf, UInt32(id)), let members = btf_members(type) else {
            return false
        }
        return (0..<Int(btf_vlen(type))).contains { index in
            btf__name_by_offset(btf, members[index].name_off).map { String(cString: $0) } == member
        }
    }

    /// Whether the kernel's enumeration has this value, whatever its width.
    public func hasValue(_ value: String, of enumeration: String) -> Bool {
        let id = btf__find_by_name(btf, enumeration)
        guard id > 0, let type = btf__type_by_id(btf, UInt32(id)) else { return false }
        let count = Int(btf_vlen(type))
        func isNamed(_ offset: UInt32) -> Bool {
            btf__name_by_offset(btf, offset).map { String(cString: $0) } == value
        }
        if btf_is_enum64(type), let values = btf_enum64(type) {
            return (0..<count).contains { isNamed(values[$0].name_off) }
        }
        guard btf_is_enum(type), let values = btf_enum(type) else { return false }
        return (0..<count).contains { isNamed(values[$0].name_off) }
    }

    /// Functions of sched_ext whose description has the one argument that the verifier adds itself.
    ///
    /// From Linux 7.1 on such a function is described twice: as `NAME` without its last argument, a
    /// `struct bpf_prog_aux *`, which is how programs call it, and as `NAME_impl` with it. A kernel whose
    /// BTF pahole made without the tags that say which functions these are (up to 1.30, on kernels that do
    /// not make the tags themselves) has `NAME` alone, with the argument: libbpf finds it incompatible with
    /// any program's. Empty for a kernel that is built right, and for all older ones.
    ///
    /// - Complexity: O(number of types), some 10⁵.
    public func functionsWithImplicitArgument() -> [String] {
        var found: [String] = []
        for id in 1..<max(1, btf__type_cnt(btf)) {
            guard let type = btf__type_by_id(btf, id), btf_is_func(type),
                let text = btf__name_by_offset(btf, type.pointee.name_off), isSchedExt(text)
            else { continue }
            let name = String(cString: text)
            if !name.hasSuffix("_impl"), takesProgram(type.pointee.type) { found.append(name) }
        }
        return found.sorted()
    }

    private func isSchedExt(_ name: UnsafePointer<CChar>) -> Bool {
        strncmp(name, "scx_bpf_", 8) == 0 || strncmp(name, "bpf_iter_scx_dsq_", 17) == 0
    }

    /// Whether the last parameter of this prototype is a `struct bpf_prog_aux *`, const or not.
    private func takesProgram(_ prototype: UInt32) -> Bool {
        guard let type = btf__type_by_id(btf, prototype), btf_is_func_proto(type), btf_vlen(type) > 0,
            let last = btf_params(type)?[Int(btf_vlen(type)) - 1],
            let pointer = unqualified(last.type), btf_is_ptr(pointer),
            let target = unqualified(pointer.pointee.type), btf_is_struct(target) || btf_is_fwd(target),
            let name = btf__name_by_offset(btf, target.pointee.name_off)
        else { return false }
        return strcmp(name, "bpf_prog_aux") == 0
    }

    /// The type behind const, volatile and typedefs; nil if there is none (void).
    private func unqualified(_ id: UInt32) -> UnsafePointer<btf_type>? {
        var type = btf__type_by_id(btf, id)
        var left = 32  // libbpf's own limit
        while let qualified = type, btf_is_mod(qualified) || btf_is_typedef(qualified), left > 0 {
            type = btf__type_by_id(btf, qualified.pointee.type)
            left -= 1
        }
        return type
    }
}
