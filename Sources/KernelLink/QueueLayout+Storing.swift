// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

extension QueueLayout {
    /// Of each CPU the next one with the same queue; itself where no queue belongs to a CPU.
    var nextNear: [UInt16] {
        WakeupRings.ring(tables.isByTask ? 0 : cpus) { tables.near(Int32($0), 0) }
    }

    /// The CPUs of queues, where the program knows of such.
    func storeSets(in variables: BPFVariables) throws(KernelError) {
        try variables.initialValue("set_of_queue", in: ".rodata").copyMemory(
            from: UnsafeRawBufferPointer(start: tables.setOfQueue, count: Int(SP_SET_QUEUES)))
        let size = Int(SP_SETS_MAX) * MemoryLayout<UInt16>.size
        try variables.initialValue("set_first", in: ".rodata").copyMemory(
            from: UnsafeRawBufferPointer(start: tables.setFirst, count: size))
        try variables.initialValue("set_last", in: ".rodata").copyMemory(
            from: UnsafeRawBufferPointer(start: tables.setLast, count: size))
    }

    /// What user mode's backend has to know, before it is loaded: which CPUs have the same queue.
    func storeNear(in variables: BPFVariables) throws(KernelError) {
        let cpus = Int(SP_CPUS_MAX)
        try variables.initialValue("queue_of", in: ".rodata").copyMemory(
            from: UnsafeRawBufferPointer(start: tables.near, count: cpus * MemoryLayout<UInt16>.size))
        let next = nextNear
        let place = try variables.initialValue("next_near", in: ".rodata")
        next.withUnsafeBytes { place.copyMemory(from: $0) }
    }

    /// BPF mode: before the program is loaded.
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
