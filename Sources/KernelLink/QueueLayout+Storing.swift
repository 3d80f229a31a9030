// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

extension QueueLayout {
    /// Before the program is loaded.
    func store(in variables: BPFVariables) throws(KernelError) {
        func store<Number>(
            _ name: String, _ numbers: UnsafePointer<Number>, _ count: Int
        ) throws(KernelError) {
            try variables.initialValue(name, in: ".rodata").copyMemory(
                from: UnsafeRawBufferPointer(start: numbers, count: count * MemoryLayout<Number>.size))
        }
        try variables.initialValue("own_count", in: ".rodata").storeBytes(
            of: UInt32(tables.count), as: UInt32.self)
        try variables.initialValue("own_by_task", in: ".rodata").storeBytes(
            of: tables.isByTask ? 1 : 0, as: UInt8.self)
        try store("own_near", tables.near, Int(SP_CPUS_MAX))
        try store("own_places", tables.queuePlaces, Int(SP_QUEUES_MAX))
        try store("cpu_places", tables.places, Int(SP_CPUS_MAX))
    }
}
