// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Mutation

/// Builds one wrong mechanism into a library, which the judge puts in the place of its own. It takes
/// the kernel's side from the judge: only what is wrong is compiled.
struct MechanismBuilds: Sendable {
    let checkout: String
    let folder: String

    /// What the daemon's loop compiles with, beside its own files.
    private static let supporting = [
        "PolicyModel/Arithmetic", "PolicyModel/Decision", "PolicyModel/Shipped/DescribedPolicy",
        "PolicyModel/Shipped/DescribedPolicy+Classes", "PolicyModel/Shipped/DescribedPolicy+Order",
        "PolicyModel/Shipped/DescribedPolicy+Slice", "PolicyModel/Event", "PolicyModel/Event+Inputs",
        "PolicyModel/Description+Mechanism",
        "PolicyModel/Event+Places", "PolicyModel/Event+Wanted",
        "PolicyModel/PairExecution",
        "PolicyModel/Policy", "PolicyModel/Policy+Defaults", "PolicyModel/PolicyPair",
        "KernelLink/QueueLayout", "Output/CPUSpan",
        "KernelLink/Topology", "UserMode/Decider+Holding", "UserMode/Decider+OwnQueues",
        "UserMode/Decider+Wanted",
        "UserMode/HostedPolicy",
        "UserMode/HostedPoints", "UserMode/Fault", "Simulation/DaemonPasses",
    ].map { "Sources/\($0).swift" }

    /// The library's path; nil if the mutant does not compile. Without a mutation it is the original.
    func build(_ mutation: Mutation?, of half: Half, number: Int) -> String? {
        let work = "\(folder)/\(half.rawValue)-\(number)"
        do {
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            switch half {
            case .c: try copyC(to: work, mutation)
            case .swift: try copySwift(to: work, mutation)
            }
        } catch {
            fail("\(work) cannot be written: \(error.localizedDescription)")
        }
        let library = "\(work)/mutant.so"
        let command = half == .c ? commandOfC(work, library) : commandOfSwift(work, library)
        // What the compiler says of the original is said: there it is a mistake of this table's.
        let status = mutation == nil ? Subprocess.loudStatus(command) : Subprocess.status(command)
        if status == 0 { return library }
        remove(library)
        return nil
    }

    func remove(_ library: String) {
        try? FileManager.default.removeItem(atPath: String(library.dropLast("/mutant.so".count)))
    }

    private func copyC(to work: String, _ mutation: Mutation?) throws {
        let files = FileManager.default
        // In folders as in the checkout, by which headers include one another.
        try files.createDirectory(atPath: "\(work)/bpf", withIntermediateDirectories: true)
        try files.createSymbolicLink(
            atPath: "\(work)/Sources", withDestinationPath: "\(checkout)/Sources")
        for name in try files.contentsOfDirectory(atPath: "\(checkout)/bpf")
        where name.hasSuffix(".h") || name.hasSuffix("mode.bpf.c") {
            if name == mutation?.file { continue }
            // Not copied: a header includes those beside its own name.
            try files.createSymbolicLink(
                atPath: "\(work)/bpf/\(name)", withDestinationPath: "\(checkout)/bpf/\(name)")
        }
        guard let mutation else { return }
        try mutation.text.write(toFile: "\(work)/bpf/\(mutation.file)", atomically: false, encoding: .utf8)
    }

    private func commandOfC(_ work: String, _ library: String) -> [String] {
        let model = "\(checkout)/Sources/CSimKernel"
        return [
            "clang", "-O1", "-w", "-fPIC", "-shared", "-I", "\(model)/standin", "-I", "\(work)/bpf", "-I",
            model,
            "-I", "\(model)/include", "\(model)/bpf_mode.c", "\(model)/user_mode.c", "-o", library,
        ]
    }

    private func copySwift(to work: String, _ mutation: Mutation?) throws {
        for path in Half.swift.files + Self.supporting {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            let text =
                name == mutation?.file
                ? mutation?.text ?? "" : try String(contentsOfFile: "\(checkout)/\(path)", encoding: .utf8)
            try Self.inOneModule(text).write(
                toFile: "\(work)/\(name)", atomically: false, encoding: .utf8)
        }
        try Self.shim.write(toFile: "\(work)/Shim.swift", atomically: false, encoding: .utf8)
        try FileManager.default.createDirectory(
            atPath: "\(work)/modules", withIntermediateDirectories: true)
        try "module CSimKernel { header \"\(checkout)/Sources/CSimKernel/include/CSimKernel.h\" export * }\n"
            .write(toFile: "\(work)/modules/module.modulemap", atomically: false, encoding: .utf8)
    }

    /// All of it is one module here, and made for one policy.
    private static func inOneModule(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            let isOurs = ["PolicyModel", "KernelLink", "UserMode", "Output"].contains {
                line.hasSuffix("import \($0)")
            }
            let isOthers = ["DescribedPolicy", "PairExecution"].contains {
                line.contains("@specialized(where P == \($0)")
            }
            return !isOurs && !isOthers
        }.joined(separator: "\n")
    }

    private func commandOfSwift(_ work: String, _ library: String) -> [String] {
        let sources = (Half.swift.files + Self.supporting + ["Shim.swift"]).map { path in
            "\(work)/" + (path.split(separator: "/").last.map(String.init) ?? path)
        }
        return [
            "swiftc", "-O", "-wmo", "-suppress-warnings", "-parse-as-library", "-emit-library",
            "-module-name", "Mutant", "-package-name", "mutant", "-swift-version", "6",
            "-enable-upcoming-feature", "InternalImportsByDefault",
            "-enable-upcoming-feature", "ExistentialAny", "-I", "\(checkout)/bpf",
            "-I", "\(checkout)/Sources/CLibbpf", "-I", "\(work)/modules", "-o", library,
        ] + sources
    }

    private static let shim = """
        public import CSchedProto

        @_cdecl("sim_foreign_loop")
        public func foreignLoop(_ policy: UnsafePointer<sp_policy>, _ maxTasks: UInt64) {
            makePasses(policy.pointee, maxTasks: Int(maxTasks))
        }

        // The rings are the judge's memory: none is mapped.
        public enum KernelError: Error { case noMap }
        struct MappedMemory: ~Copyable {
            let start: UnsafeMutableRawPointer
            init(map: Int32, count: Int, offset: Int = 0, writable: Bool) throws(KernelError) {
                throw KernelError.noMap
            }
        }

        // Nor is the machine's topology.
        enum Preflight {
            static func readLine(_ path: String) -> String? { nil }
        }
        """
}
