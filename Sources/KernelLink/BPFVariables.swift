// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import Glibc

/// Where a BPF object's variables lie within its sections, read from the object's own BTF.
struct BPFVariables {
    let object: OpaquePointer

    /// BTF_KIND_DATASEC, which the headers define twice.
    private static let kindDataSection: UInt32 = 15

    /// The initial value of variable `name` in the section whose name ends with `section`
    /// (".rodata", ".bss"), to be changed before the object is loaded.
    func initialValue(
        _ name: String, in section: String
    ) throws(KernelError) -> UnsafeMutableRawBufferPointer {
        let place = try place(of: name, in: section)
        var size = 0
        guard let start = bpf_map__initial_value(try map(section), &size),
            place.offset + place.size <= size
        else { throw KernelError("bpf_map__initial_value(\(section))", errno: ENOENT) }
        return UnsafeMutableRawBufferPointer(start: start + place.offset, count: place.size)
    }

    /// The map that holds the section.
    func map(_ section: String) throws(KernelError) -> OpaquePointer {
        var map = bpf_object__next_map(object, nil)
        while let candidate = map {
            if let label = bpf_map__name(candidate), String(cString: label).hasSuffix(section) {
                return candidate
            }
            map = bpf_object__next_map(object, candidate)
        }
        throw KernelError("bpf_object__next_map(\(section))", errno: ENOENT)
    }

    /// Where variable `name` lies in its section.
    func place(of name: String, in section: String) throws(KernelError) -> (offset: Int, size: Int) {
        guard let place = find(name, in: section) else {
            throw KernelError("bpf_object__btf(\(name) in \(section))", errno: ENOENT)
        }
        return place
    }

    private func find(_ name: String, in section: String) -> (offset: Int, size: Int)? {
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
