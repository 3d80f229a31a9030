// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import PackagePlugin

/// Compiles `bpf/*.bpf.c` with clang and hands each object to ShippedBPF as a Swift source; gives
/// another target a stamp of the headers of the module CSchedProto, since SwiftPM does not rebuild
/// Swift code when a C header that it imports changes. The BPF programs are made a second time with the
/// policy of `Sources/PolicyModel` in them.
@main
struct BuildBPF: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = context.package.directoryURL.appending(path: "bpf")
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil
        ).sorted { $0.path < $1.path }
        let headers = try files.filter { $0.pathExtension == "h" } + Self.ofPolicy(context, ["h"])
        let tool = try context.tool(named: "build-bpf").url
        if target.name == "PolicyText" {
            let output = context.pluginWorkDirectoryURL.appending(path: "ShippedPolicies.swift")
            let policies = try FileManager.default.contentsOfDirectory(
                at: context.package.directoryURL.appending(path: "policies"),
                includingPropertiesForKeys: nil
            ).filter { $0.pathExtension == "yaml" }.sorted { $0.path < $1.path }
            return [
                .buildCommand(
                    displayName: "Embedding the shipped policies", executable: tool,
                    arguments: ["embed", output.path] + policies.map(\.path),
                    inputFiles: policies, outputFiles: [output])
            ]
        }
        if target.name == "sched-proto" {
            let example = context.package.directoryURL.appending(path: "Examples/stride")
            // The package first: whoever writes the files begins with it.
            let files = [
                "Package.swift", "Sources/Stride/Stride.swift", "Sources/Stride/stride.yaml",
                "Sources/Stride/stride.h", "Sources/StrideProgram/main.swift",
                "Tests/StrideTests/StrideTests.swift", "effect.sh",
            ]
            let inputs = files.map { example.appending(path: $0) }
            let output = context.pluginWorkDirectoryURL.appending(path: "PackageTemplate.swift")
            return [
                .buildCommand(
                    displayName: "Embedding the package that 'new' makes", executable: tool,
                    arguments: ["embed-package", output.path, example.path] + files,
                    inputFiles: inputs, outputFiles: [output])
            ]
        }
        if target.name == "PolicyProof" {
            let sources = try Self.ofPolicy(context, ["swift"])
            let native = folder.appending(path: "policy_native.c")
            let c = context.pluginWorkDirectoryURL.appending(path: "PolicyC.swift")
            let swift = context.pluginWorkDirectoryURL.appending(path: "PolicySwift.swift")
            return [
                .buildCommand(
                    displayName: "Making LLVM IR of the C policy", executable: tool,
                    arguments: ["ir-c", c.path, native.path], inputFiles: headers + [native],
                    outputFiles: [c]),
                .buildCommand(
                    displayName: "Making LLVM IR of the Swift policy", executable: tool,
                    arguments: ["ir-swift", swift.path, folder.path] + sources.map(\.path),
                    inputFiles: headers + sources, outputFiles: [swift]),
            ]
        }
        if target.name != "ShippedBPF" {
            let output = context.pluginWorkDirectoryURL.appending(path: "HeaderStamp.swift")
            let imported = try Self.importedHeaders(of: folder)
            return [
                .buildCommand(
                    displayName: "Stamping the shared headers for \(target.name)", executable: tool,
                    arguments: ["stamp", output.path] + imported.map(\.path), inputFiles: imported,
                    outputFiles: [output])
            ]
        }
        let programs = files.filter { $0.lastPathComponent.hasSuffix(".bpf.c") }
        func compile(_ source: URL, as name: String, _ options: [String] = []) -> Command {
            let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
            return .buildCommand(
                displayName: "Compiling \(source.lastPathComponent) as \(name)", executable: tool,
                arguments: ["compile", name, source.path, output.path] + options,
                inputFiles: headers + [source], outputFiles: [output])
        }
        return try [compileSwift(tool, context, bpf: folder, headers + programs)]
            + programs.map { compile($0, as: String($0.lastPathComponent.dropLast(".bpf.c".count))) }
            // User mode for pairs that say where a waking task looks for an idle CPU; for those that ask who tasks
            // are; for those with queues of their own, of which the daemon is told where tasks come from; and for
            // those that are asked about a task alone on its CPU, without and with such queues. The last four of them
            // once more for pairs that want events which others are not told of.
            + [
                compile(
                    folder.appending(path: "user_mode.bpf.c"), as: "user_mode_wakeups", ["-DSP_WAKEUPS"])
            ]
            + [
                ("inputs", []), ("places", ["-DSP_PLACES"]), ("alone", ["-DSP_ALONE_ASKED"]),
                ("all", ["-DSP_ALONE_ASKED", "-DSP_SETS", "-DSP_PLACES"]),
            ].flatMap { (name: String, options: [String]) in
                [("", []), ("_wanted", ["-DSP_WANTS=SP_WANTS_BITS"])].map {
                    (suffix: String, more: [String]) in
                    compile(
                        folder.appending(path: "user_mode.bpf.c"), as: "user_mode_\(name)\(suffix)",
                        options + more + ["-DSP_INPUTS=0", "-DSP_WAKEUPS"])
                }
            }
    }

    /// Those that the module map names: what they include is named there too.
    private static func importedHeaders(of folder: URL) throws -> [URL] {
        try String(contentsOf: folder.appending(path: "module.modulemap"), encoding: .utf8)
            .split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "\"")
                return parts.count == 2 && parts[0].contains("header")
                    ? folder.appending(path: String(parts[1])) : nil
            }
    }

    /// The policy's files, those of the rules that ship among them; what stands in folders further down (`Fields`,
    /// `Keys`, `Facts`, `Properties`) is in no program, and must not be used by what is.
    private static func ofPolicy(_ context: PluginContext, _ endings: [String]) throws -> [URL] {
        try ["Sources/PolicyModel", "Sources/PolicyModel/Shipped"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(
                at: context.package.directoryURL.appending(path: folder), includingPropertiesForKeys: nil)
        }.filter { endings.contains($0.pathExtension) }.sorted { $0.path < $1.path }
    }

    /// All sources of the module, as they stand: what the programs do not call is not linked.
    private func compileSwift(
        _ tool: URL, _ context: PluginContext, bpf: URL, _ inputs: [URL]
    ) throws -> Command {
        let root = context.package.directoryURL
        let sources = try Self.ofPolicy(context, ["swift"])
        let output = context.pluginWorkDirectoryURL.appending(path: "swift_twin.swift")
        return .buildCommand(
            displayName: "Compiling the Swift policy for BPF", executable: tool,
            arguments: ["compile-swift", root.path, bpf.path, output.path] + sources.map(\.path),
            inputFiles: inputs + sources, outputFiles: [output])
    }
}
