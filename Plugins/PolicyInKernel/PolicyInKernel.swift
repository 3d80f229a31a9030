// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import PackagePlugin

/// Compiles a policy of somebody's own for BPF mode, beside the code of user mode: for a target that holds
/// nothing but the policy, a type of the target's name. That type then has a member `twin`.
@main
struct PolicyInKernel: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let module = target.sourceModule else { return [] }
        let root = try Self.schedProto(of: target)
        let bpf = root.appending(path: "bpf")
        let library = try Self.files(in: root.appending(path: "Sources/PolicyModel"), endings: [".swift"])
        let headers = try Self.files(in: bpf, endings: [".h", ".bpf.c", ".modulemap"])
        let own = module.sourceFiles(withSuffix: "swift").map(\.url)
        let output = context.pluginWorkDirectoryURL.appending(path: "\(target.name)+Twin.swift")
        return [
            .buildCommand(
                displayName: "Compiling \(target.name) for BPF",
                executable: try context.tool(named: "build-bpf").url,
                arguments: [
                    "compile-own", context.package.directoryURL.path, bpf.path, output.path, target.name,
                ] + (own + library).map(\.path),
                inputFiles: headers + own + library, outputFiles: [output])
        ]
    }

    /// The folder of the package that this plugin comes with: the target depends on a library of it.
    private static func schedProto(of target: any Target) throws -> URL {
        for dependency in target.recursiveTargetDependencies where dependency.name == "CSchedProto" {
            return dependency.directoryURL.deletingLastPathComponent()
        }
        throw Problem(
            description: "the target \(target.name) has to depend on the product SchedProto or PolicyModel")
    }

    private static func files(in folder: URL, endings: [String]) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { file in endings.contains { file.lastPathComponent.hasSuffix($0) } }
            .sorted { $0.path < $1.path }
    }

    private struct Problem: Error, CustomStringConvertible {
        let description: String
    }
}
