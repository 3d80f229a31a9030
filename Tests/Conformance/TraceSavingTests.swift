// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Testing

@testable import Conformance

/// Files are written as a whole or not at all, and never over another one.
@Suite struct TraceSavingTests {
    private let folder = NSTemporaryDirectory() + "saving-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func file(_ count: Int) -> TraceFile {
        let events = TraceSource.hostile.events(count, seed: 1, policy: somePolicy())
        return TraceFile(trace: Trace(policy: somePolicy(), events: events), digest: 77)
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    @Test func aNewFileNeverTakesAnothersName() throws {
        defer { remove() }
        try "mine".write(toFile: "\(folder)/a.trace", atomically: true, encoding: .utf8)
        try "other".write(toFile: "\(folder)/other", atomically: true, encoding: .utf8)
        symlink("\(folder)/other", "\(folder)/a-2.trace")
        symlink("\(folder)/nowhere", "\(folder)/a-3.trace")
        let path = try file(3).saveNew(at: "\(folder)/a.trace")
        #expect(path == "\(folder)/a-4.trace")
        #expect(try names() == ["a-2.trace", "a-3.trace", "a-4.trace", "a.trace", "other"])
        #expect(try String(contentsOfFile: "\(folder)/a.trace", encoding: .utf8) == "mine")
        #expect(try String(contentsOfFile: "\(folder)/other", encoding: .utf8) == "other")
        #expect(try TraceFile(path: path).trace.events.count == 3)
    }

    @Test func anOldFileIsReplacedAndALinkIsNot() throws {
        defer { remove() }
        try "old".write(toFile: "\(folder)/a", atomically: true, encoding: .utf8)
        try file(3).save(to: "\(folder)/a")
        #expect(try TraceFile(path: "\(folder)/a").trace.events.count == 3)
        symlink("\(folder)/a", "\(folder)/link")
        #expect(throws: TraceFileError.self) { try file(5).save(to: "\(folder)/link") }
        #expect(throws: TraceFileError.self) { try file(5).save(to: folder) }
        #expect(try TraceFile(path: "\(folder)/a").trace.events.count == 3)
        #expect(try names() == ["a", "link"])
    }

    @Test func aFileKeepsItsModeAndItsProtection() throws {
        defer { remove() }
        try "old".write(toFile: "\(folder)/a", atomically: true, encoding: .utf8)
        chmod("\(folder)/a", 0o640)
        try file(3).save(to: "\(folder)/a")
        var status = stat()
        #expect(stat("\(folder)/a", &status) == 0 && status.st_mode & 0o777 == 0o640)
        chmod("\(folder)/a", 0o440)
        #expect(throws: TraceFileError.self) { try file(5).save(to: "\(folder)/a") }
        #expect(try TraceFile(path: "\(folder)/a").trace.events.count == 3)
    }

    @Test func aFolderThatIsNotThereIsSaidSo() throws {
        defer { remove() }
        #expect(throws: TraceFileError.system("cannot be written: No such file or directory")) {
            _ = try file(1).saveNew(at: "\(folder)/nowhere/a.trace")
        }
    }
}
