// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
public import CSchedProto
import Glibc

/// The maps of the probe program, mapped into this process: events in, outcomes out, and the state
/// in between. Made once and shared by the programs of all descriptions, since 18 MB of fresh
/// pages cost more than a load.
public struct ProbeMemory: ~Copyable {
    /// `SP_PROBE_BATCH` events, written by the caller.
    public let events: UnsafeMutablePointer<sp_event>
    /// `SP_PROBE_BATCH` outcomes, written by the program.
    public let outcomes: UnsafePointer<sp_outcome>
    /// `SP_PROBE_TASKS` tasks, indexed by pid; all zero at first.
    public let tasks: UnsafeMutablePointer<sp_task>
    /// Names of the program's maps and the descriptors that they have here.
    let maps: [(name: String, map: Int32)]
    private let areas: [Area]

    /// One map's memory. Owned by `ProbeMemory`.
    private struct Area {
        let map: Int32
        let start: UnsafeMutableRawPointer
        let length: Int

        func release() {
            munmap(start, length)
            close(map)
        }
    }

    /// - Throws: `ProbeError.failed` if the kernel refuses the memory.
    public init() throws(ProbeError) {
        let shapes = [
            ("events", MemoryLayout<sp_event>.stride, Int(SP_PROBE_BATCH)),
            ("outcomes", MemoryLayout<sp_outcome>.stride, Int(SP_PROBE_BATCH)),
            ("tasks", MemoryLayout<sp_task>.stride, Int(SP_PROBE_TASKS)),
            ("globals", MemoryLayout<sp_global>.stride, 1),
        ]
        var areas: [Area] = []
        for (name, size, count) in shapes {
            do throws(ProbeError) {
                areas.append(try Self.map(name, size: size, count: count))
            } catch {
                areas.forEach { $0.release() }
                throw error
            }
        }
        events = areas[0].start.assumingMemoryBound(to: sp_event.self)
        outcomes = UnsafePointer(areas[1].start.assumingMemoryBound(to: sp_outcome.self))
        tasks = areas[2].start.assumingMemoryBound(to: sp_task.self)
        maps = zip(shapes, areas).map { ($0.0.0, $0.1.map) }
        self.areas = areas
    }

    deinit {
        areas.forEach { $0.release() }
    }

    private static func map(_ name: String, size: Int, count: Int) throws(ProbeError) -> Area {
        var options = bpf_map_create_opts()
        options.sz = MemoryLayout<bpf_map_create_opts>.size
        options.map_flags = UInt32(BPF_F_MMAPABLE)
        let map = bpf_map_create(
            BPF_MAP_TYPE_ARRAY, "sp_\(name)", 4, UInt32(size), UInt32(count), &options)
        guard map >= 0 else { throw .failed("making the map \(name)", map) }
        let length = size * count
        let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0)
        guard let start, start != MAP_FAILED else {
            let code = errno
            close(map)
            throw .failed("mapping the map \(name)", code)
        }
        return Area(map: map, start: start, length: length)
    }
}
