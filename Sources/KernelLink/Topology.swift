// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Glibc

/// Which core, last cache (LLC) and node each CPU of a machine belongs to.
public struct Topology: Sendable {
    /// Of each CPU by its number: the place as events say it, see `SP_PLACE_CORE_SHIFT`. Cores, caches and nodes
    /// are numbered from 0 without gaps, in the order of their first CPUs.
    public let places: [UInt64]

    /// Whatever names the same core, cache or node is the same one. A cache or node that has no name is one of
    /// its own.
    ///
    /// - Parameter cpus: of each CPU, at most `SP_CPUS_MAX`; those beyond are left out.
    public init(_ cpus: [(core: String, llc: String, node: String)]) {
        var (cores, caches, nodes): ([String: Int], [String: Int], [String: Int]) = ([:], [:], [:])
        func number(_ name: String, _ known: inout [String: Int]) -> UInt64 {
            if let number = known[name] { return UInt64(number) }
            known[name] = known.count
            return UInt64(known.count - 1)
        }
        places = cpus.prefix(Int(SP_CPUS_MAX)).enumerated().map { cpu, names in
            // A cache does not reach across nodes.
            let node = number(names.node, &nodes)
            let llc = number("\(names.node) \(names.llc)", &caches)
            let core = number("\(names.node) \(names.llc) \(names.core)", &cores)
            return UInt64(cpu) | core << UInt64(SP_PLACE_CORE_SHIFT) | llc << UInt64(SP_PLACE_LLC_SHIFT)
                | node << UInt64(SP_PLACE_NODE_SHIFT)
        }
    }

    /// As the kernel tells of this machine. A CPU that is off-line, of which it tells nothing, counts as one of
    /// the first core, cache and node.
    public static var ofThisMachine: Topology {
        let count = min(max(sysconf(Int32(_SC_NPROCESSORS_CONF)), 1), Int(SP_CPUS_MAX))
        let first = names(of: 0)
        return Topology(
            (0..<count).map { cpu in
                let names = names(of: cpu)
                return names.core.isEmpty ? first : names
            })
    }

    private static let root = "/sys/devices/system/cpu"

    private static func names(of cpu: Int) -> (core: String, llc: String, node: String) {
        let folder = "\(root)/cpu\(cpu)"
        let core = Preflight.readLine("\(folder)/topology/thread_siblings_list") ?? ""
        // Its name is the list of CPUs that share it. Without any, those of the same package do.
        let cache = (0..<8).reversed().lazy.compactMap { index in
            Preflight.readLine("\(folder)/cache/index\(index)/shared_cpu_list")
        }.first
        let package = Preflight.readLine("\(folder)/topology/package_cpus_list") ?? ""
        let node = (0..<1024).first { access("\(folder)/node\($0)", F_OK) == 0 } ?? 0
        return (core, cache ?? package, "\(node)")
    }
}
