// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import PackagePlugin

/// Compiles a policy of somebody's own for BPF mode, beside the code of user mode: for a target that holds
/// nothing but the policy, a type of the target's name. That type then has a member `twin`.
///
/// Where the target's folder has a declaration `NAME.yaml`, NAME being the target's in small letters, the
/// policy is a pair: the type has members `Task`, `State` and `Params` as declared, and `pair`, with the C
/// twin of `NAME.h`.
@main
struct PolicyInKernel: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let module = target.sourceModule else { return [] }
        let root = try Self.schedProto(of: target)
        let bpf = root.appending(path: "bpf")
        let library = try Self.files(in: root.appending(path: "Sources/PolicyModel"), endings: [".swift"])
        let headers =
            try Self.files(in: bpf, endings: [".h", ".c", ".modulemap"])
            + Self.files(in: root.appending(path: "Sources/PolicyModel/Shipped"), endings: [".h"])
        let own = module.sourceFiles(withSuffix: "swift").map(\.url)
        let conditions = (module as? SwiftSourceModuleTarget)?.compilationConditions.map { "-D\($0)" } ?? []
        let tool = try context.tool(named: "build-pair").url
        let package = context.package.directoryURL
        let work = context.pluginWorkDirectoryURL
        let output = work.appending(path: "\(target.name)+Twin.swift")
        // In the target's own folder: of another one the build does not notice that a file is new.
        let authors = target.directoryURL
        let declaration = authors.appending(path: "\(Self.fileName(target.name)).yaml")
        guard FileManager.default.fileExists(atPath: declaration.path) else {
            return [
                .buildCommand(
                    displayName: "Compiling \(target.name) for BPF", executable: tool,
                    arguments: ["compile-own", package.path, bpf.path, output.path, target.name]
                        + (own + library).map(\.path) + conditions,
                    inputFiles: headers + own + library, outputFiles: [output])
            ]
        }
        let types = work.appending(path: "\(target.name)+Types.swift")
        let pair = work.appending(path: "\(target.name)+Pair.swift")
        let proof = work.appending(path: "\(target.name)+IR.swift")
        let header = authors.appending(path: "\(Self.fileName(target.name)).h")
        return [
            .buildCommand(
                displayName: "Reading the declaration of \(target.name)", executable: tool,
                arguments: ["declare", package.path, declaration.path, target.name, types.path],
                inputFiles: [declaration], outputFiles: [types]),
            .buildCommand(
                displayName: "Compiling \(target.name) for BPF", executable: tool,
                arguments: [
                    "compile-pair-swift", package.path, bpf.path, output.path, declaration.path, target.name,
                ] + (own + [types] + library).map(\.path) + conditions,
                inputFiles: headers + own + [declaration, types] + library, outputFiles: [output]),
            .buildCommand(
                displayName: "Compiling the C twin of \(target.name)", executable: tool,
                arguments: [
                    "compile-pair", package.path, bpf.path, declaration.path, header.path, target.name,
                    pair.path,
                ],
                inputFiles: headers + [declaration] + (try Self.files(in: authors, endings: [".h"])),
                outputFiles: [pair]),
            .buildCommand(
                displayName: "Making LLVM IR of \(target.name)", executable: tool,
                arguments: [
                    "pair-ir", package.path, bpf.path, declaration.path, header.path, target.name, proof.path,
                ] + (own + [types] + library).map(\.path) + conditions,
                inputFiles: headers + own + [declaration, types] + library
                    + (try Self.files(in: authors, endings: [".h"])),
                outputFiles: [proof]),
        ]
    }

    /// `RoundRobin`: `round_robin`.
    private static func fileName(_ target: String) -> String {
        var name = ""
        for letter in target {
            if letter.isUppercase && !name.isEmpty && name.last != "_" { name += "_" }
            name += letter == "-" ? "_" : letter.lowercased()
        }
        return name
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
