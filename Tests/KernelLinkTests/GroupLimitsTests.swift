// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Testing

@testable import KernelLink

/// A tree of groups as the kernel shows it, made of plain files.
private final class Tree {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("groups-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func add(
        _ group: String, max: String = "max 100000", weight: String = "100", idle: String = "0",
        populated: Int = 1
    ) throws {
        let path = "\(root)/\(group)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let files = [
            "cpu.max": max, "cpu.weight": weight, "cpu.idle": idle,
            "cgroup.events": "populated \(populated)\nfrozen 0",
        ]
        for (name, text) in files {
            try "\(text)\n".write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        }
    }

    func limits(honoursWeight: Bool = false) -> [String] {
        GroupLimits(honoursWeight: honoursWeight, root: root).limits.map {
            "\($0.group) \($0.file) \($0.value)"
        }
    }
}

@Suite("CPU limits of control groups")
struct GroupLimitsTests {
    @Test("what is not the default is found, wherever it is")
    func found() throws {
        let tree = try Tree()
        try tree.add("a")
        try tree.add("a/b", weight: "300")
        try tree.add("c", max: "10000 100000", idle: "1")
        try tree.add("c/d", max: "max 50000")
        #expect(tree.limits() == ["a/b cpu.weight 300", "c cpu.max 10000 100000", "c cpu.idle 1"])
        #expect(tree.limits(honoursWeight: true) == ["c cpu.max 10000 100000", "c cpu.idle 1"])
    }

    @Test("a group without tasks, and one without the controller, has none")
    func none() throws {
        let tree = try Tree()
        try tree.add("empty", max: "10000 100000", populated: 0)
        try FileManager.default.createDirectory(
            atPath: "\(tree.root)/bare", withIntermediateDirectories: true)
        #expect(tree.limits() == [])
        #expect(
            GroupLimits(honoursWeight: false, includesEmpty: true, root: tree.root).limits.map(\.group) == [
                "empty"
            ])
        #expect(GroupLimits(honoursWeight: false, root: tree.root).notice() == nil)
        #expect(GroupLimits(honoursWeight: false, root: "/nonexistent").notice() == nil)
    }

    @Test("a group whose name is no text has its limits as well")
    func noText() throws {
        let tree = try Tree()
        try tree.add("plain", max: "10000 100000")
        // "caf\xe9", as a system of 1995 wrote it.
        let name = Array(tree.root.utf8) + Array("/caf".utf8) + [0xe9, 0]
        let status = "\(tree.root)/plain".withCString { plain in
            name.withUnsafeBufferPointer {
                $0.withMemoryRebound(to: CChar.self) { rename(plain, $0.baseAddress!) }
            }
        }
        #expect(status == 0)
        defer { _ = try? FileManager.default.removeItem(atPath: tree.root) }
        #expect(tree.limits() == ["caf\\xe9 cpu.max 10000 100000"])
    }

    @Test("the notice names some, counts the rest, and shows no name raw")
    func notice() throws {
        let tree = try Tree()
        try tree.add("a\u{1b}[31m\nb", weight: "1")
        for index in 0..<5 { try tree.add("g\(index)", max: "5000 100000") }
        let notice = try #require(GroupLimits(honoursWeight: false, root: tree.root).notice(shown: 2))
        #expect(
            notice.contains("cpu.weight of a\\x1b[31m\\x0ab (1), cpu.max of g0 (5000 100000), and 4 more"))
        #expect(notice.contains("no effect while this scheduler is attached"))
        #expect(notice.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }
}
