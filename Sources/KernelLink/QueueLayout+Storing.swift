// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

extension QueueLayout {
    /// Of each CPU the next one with the same queue; itself where no queue belongs to a CPU.
    var nextNear: [UInt16] {
        WakeupRings.ring(tables.isByTask ? 0 : cpus) { tables.near(Int32($0), 0) }
    }

    /// What a backend has to know before it is loaded, by the names of its constants: in BPF mode all of it, in user
    /// mode which CPUs have the same queue; and the CPUs of queues, where the program knows of such.
    package func constants(of mode: Scheduler.Mode) -> [(name: String, bytes: [UInt8])] {
        func bytes<Number>(_ numbers: UnsafePointer<Number>, _ count: Int32) -> [UInt8] {
            Array(UnsafeRawBufferPointer(UnsafeBufferPointer(start: numbers, count: Int(count))))
        }
        var constants: [(name: String, bytes: [UInt8])] = []
        switch mode {
        case .bpf:
            constants = [
                ("own_count", withUnsafeBytes(of: UInt32(tables.count)) { Array($0) }),
                ("own_by_task", [tables.isByTask ? 1 : 0]),
                ("own_near", bytes(tables.near, SP_CPUS_MAX)),
                ("own_places", bytes(tables.queuePlaces, SP_QUEUES_MAX)),
                ("cpu_places", bytes(tables.places, SP_CPUS_MAX)),
            ]
        case .user:
            constants = [
                ("queue_of", bytes(tables.near, SP_CPUS_MAX)),
                ("next_near", nextNear.withUnsafeBytes { Array($0) }),
            ]
        }
        if tables.hasSets {
            constants += [
                ("set_of_queue", bytes(tables.setOfQueue, SP_SET_QUEUES)),
                ("set_first", bytes(tables.setFirst, SP_SETS_MAX)),
                ("set_last", bytes(tables.setLast, SP_SETS_MAX)),
            ]
        }
        return constants
    }
}
