// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import Testing

@testable import KernelLink

/// A policy of somebody's own, compiled for BPF by the very tool that the plugin runs.
struct OwnPolicy {
    /// What the plugin's tool made.
    let twin: SwiftTwin
    /// The line of the source that ends with `// HERE`.
    let marked: Int

    /// - Parameter members: of the policy; `enqueue` has to be among them.
    init(_ members: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "own-policy.\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appending(path: "Own.swift")
        let text =
            "public import CSchedProto\npublic import PolicyModel\n\npublic struct Own: Policy {\n\(members)\n}\n"
        try text.write(to: source, atomically: true, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        marked = (lines.firstIndex { $0.hasSuffix("// HERE") } ?? -1) + 1

        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        // As much of the module as such a policy needs: all of it takes three times as long.
        let model = ["Arithmetic", "Decision", "Event", "Policy", "Policy+Defaults"].map { name in
            root.appending(path: "Sources/PolicyModel/\(name).swift").path
        }
        let output = folder.appending(path: "Twin.swift")
        let tool = Process()
        tool.executableURL = try Self.products().appending(path: "build-pair")
        tool.arguments =
            ["compile-own", folder.path, root.appending(path: "bpf").path, output.path, "Own", source.path]
            + model
        tool.standardError = FileHandle.nullDevice
        try tool.run()
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 0)
        twin = try Self.read(String(contentsOf: output, encoding: .utf8))
    }

    /// The folder of what the build made: that of the program that these tests are in.
    static func products() throws -> URL {
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n")
        let line = try #require(maps.first { $0.hasSuffix(".xctest") })
        return URL(fileURLWithPath: String(line[(try #require(line.firstIndex(of: "/")))...]))
            .deletingLastPathComponent()
    }

    /// Reads the source that the build goes on with.
    private static func read(_ text: String) throws -> SwiftTwin {
        if let obstacle = text.firstMatch(of: #/obstacle: "(.*)"\)/#) {
            return SwiftTwin(obstacle: String(obstacle.1))
        }
        let objects = text.matches(of: #/name: "(\w+)", base64: "([^"]*)", traps: \[(.*)\] as/#).map {
            match in
            let traps = match.3.matches(of: #/\.init\((\d+), at: ("([^"]*)"|nil), "([^"]*)"\)/#).map { trap in
                SwiftTrap(Int32(trap.1) ?? 0, at: trap.3.map(String.init), String(trap.4))
            }
            return (name: String(match.1), base64: String(match.2), traps: traps)
        }
        try #require(objects.count == 2)
        return SwiftTwin(probe: objects[0], mode: objects[1])
    }
}
