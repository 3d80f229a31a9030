// SPDX-License-Identifier: GPL-2.0-only

/// How the policy is made LLVM IR for the proof: by the compilers, and with the options, that the lanes and the
/// daemon are built with, but for vectors, which say nothing of a policy and are not modelled.
public enum ProofIR {
    /// For clang, behind which the source and the output are named.
    ///
    /// - Parameter headers: the folder of `policy_native.c`.
    public static func cOptions(headers: String) -> [String] {
        [
            "-O2", "-fno-vectorize", "-fno-slp-vectorize", "-fno-jump-tables", "-gline-tables-only", "-w",
            "-I",
            headers, "-S", "-emit-llvm",
        ]
    }

    /// For swiftc, behind which the sources of `PolicyModel`, a file with `swiftEntry` and the output are named.
    public static func swiftOptions(headers: String) -> [String] {
        swiftCompilation(headers: headers) + ["-emit-ir"]
    }

    /// The same without what is to come of it.
    public static func swiftCompilation(headers: String) -> [String] {
        [
            "-O", "-wmo", "-DSWIFT_PACKAGE", "-parse-as-library", "-module-name", "PolicyModel",
            "-package-name", "sched_proto",
            "-swift-version", "6", "-enable-upcoming-feature", "InternalImportsByDefault",
            "-enable-upcoming-feature", "ExistentialAny", "-suppress-warnings", "-Xllvm",
            "-vectorize-slp=false", "-Xllvm", "-vectorize-loops=false", "-gline-tables-only", "-I", headers,
        ]
    }

    /// What a program carries of IR: no globals, no metadata, and where each instruction is from.
    public static func carried(_ ir: String, root: String) -> String {
        SourceComments.added(to: ir, root: root)
            .split(separator: "\n", omittingEmptySubsequences: true).filter { line in
                !["@", "declare", "attributes", "$", ";"].contains { line.hasPrefix($0) }
                    && (!line.hasPrefix("!") || line.range(of: "version") != nil)
            }.joined(separator: "\n")
    }

    /// The functions that can be reached from the two of the native lane, of what is carried.
    public static func needed(of carried: String) -> String {
        var functions: [Substring: [Substring]] = [:]
        var rest: [Substring] = []
        var name: Substring?
        for line in carried.split(separator: "\n") {
            if line.hasPrefix("define "), let at = line.firstIndex(of: "@") {
                name = Self.name(line[line.index(after: at)...])
            }
            guard let current = name else {
                rest.append(line)
                continue
            }
            functions[current, default: []].append(line)
            if line == "}" { name = nil }
        }
        var left: [Substring] = ["sp_native_decide", "sp_native_start"]
        var seen: Set<Substring> = []
        var kept: [Substring] = []
        while let next = left.popLast() {
            guard seen.insert(next).inserted, let lines = functions[next] else { continue }
            kept += lines
            for line in lines {
                left += line.split(separator: "@").dropFirst().map(Self.name)
            }
        }
        return (rest + kept).joined(separator: "\n")
    }

    /// What stands behind an `@`.
    private static func name(_ text: Substring) -> Substring {
        if text.first == "\"" { return text.dropFirst().prefix { $0 != "\"" } }
        return text.prefix { $0.isLetter || $0.isNumber || "_$.".contains($0) }
    }

    /// The same two functions around a pair's Swift twin.
    public static func pairEntry(_ type: String) -> String {
        """
        public import CSchedProto

        @_cdecl("sp_native_start")
        public func start(_ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>) {
            \(type).begin(policy, global)
        }

        @_cdecl("sp_native_decide")
        public func decide(
            _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
            _ tasks: UnsafeMutablePointer<sp_task>, _ events: UnsafePointer<sp_event>,
            _ outcomes: UnsafeMutablePointer<sp_outcome>, _ count: UInt32
        ) {
            \(type).decideAll(policy, global, tasks, events, outcomes, count)
        }

        """
    }

    /// The two functions of the native lane, around the Swift policy.
    public static let swiftEntry = """
        public import CSchedProto

        @_cdecl("sp_native_start")
        public func start(_ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>) {
            global.pointee = DescribedPolicy(policy.pointee).global
        }

        @_cdecl("sp_native_decide")
        public func decide(
            _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
            _ tasks: UnsafeMutablePointer<sp_task>, _ events: UnsafePointer<sp_event>,
            _ outcomes: UnsafeMutablePointer<sp_outcome>, _ count: UInt32
        ) {
            var described = DescribedPolicy(policy.pointee)
            described.global = global.pointee
            for index in 0..<Int(count) {
                let slot = Int(events[index].pid & (SP_PROBE_TASKS - 1))
                outcomes[index].decision = described.decide(events[index], &tasks[slot])
                outcomes[index].task = tasks[slot]
                outcomes[index].global = described.global
            }
            global.pointee = described.global
        }

        """
}
