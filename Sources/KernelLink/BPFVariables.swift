// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import Glibc

/// Where a BPF object's variables lie within its sections, read from the object's own BTF.
struct BPFVariables {
    let object: OpaquePointer

    /// BTF_KIND_DATASEC, which the headers define twice.
    private static let kindDataSection: UInt32 = 15

    /// The memory of variable `name` in the section whose name ends with `section` (".rodata",
    /// ".bss"): before the object is loaded its initial value, afterwards, for a section that is
    /// not read-only, the memory that the program itself uses.
    func memory(
        _ name: String, in section: String
    ) throws(KernelError) -> UnsafeMutableRawBufferPointer {
        guard let place = place(of: name, in: section) else {
            throw KernelError("bpf_object__btf(\(name) in \(section))", errno: ENOENT)
        }
        var map = bpf_object__next_map(object, nil)
        while let candidate = map {
            if let label = bpf_map__name(candidate), String(cString: label).hasSuffix(section) {
                var size = 0
                guard let start = bpf_map__initial_value(candidate, &size),
                    place.offset + place.size <= size
                else { break }
                return UnsafeMutableRawBufferPointer(start: start + place.offset, count: place.size)
            }
            map = bpf_object__next_map(object, candidate)
        }
        throw KernelError("bpf_map__initial_value(\(section))", errno: ENOENT)
    }

    private func place(of name: String, in section: String) -> (offset: Int, size: Int)? {
        guard let btf = bpf_object__btf(object) else { return nil }
        let id = btf__find_by_name_kind(btf, section, Self.kindDataSection)
        guard id > 0, let type = btf__type_by_id(btf, UInt32(id)),
            let variables = btf_var_secinfos(type)
        else { return nil }
        for index in 0..<Int(btf_vlen(type)) {
            let variable = variables[index]
            guard let inner = btf__type_by_id(btf, variable.type),
                let label = btf__name_by_offset(btf, inner.pointee.name_off)
            else { continue }
            if String(cString: label) == name {
                return (Int(variable.offset), Int(variable.size))
            }
        }
        return nil
    }
}
