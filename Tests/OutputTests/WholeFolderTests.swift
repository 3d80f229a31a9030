// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Testing

@testable import Output

/// A folder is there with all of its files or not at all.
@Suite struct WholeFolderTests {
    private let folder = NSTemporaryDirectory() + "whole-\(UUID().uuidString)"
    private let files = [
        WholeFolder.File(path: "a/b/one", bytes: [1, 2]),
        WholeFolder.File(path: "a/two", bytes: [], isProgram: true),
    ]

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func allOfItIsThere() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try WholeFolder.write(files, asNew: "\(folder)/new")
        #expect(try names() == ["new"])
        #expect(FileManager.default.contents(atPath: "\(folder)/new/a/b/one") == Data([1, 2]))
        #expect(access("\(folder)/new/a/two", X_OK) == 0)
    }

    @Test func nothingIsReplacedAndNothingIsLeft() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        mkdir("\(folder)/empty", 0o755)
        symlink("\(folder)/nowhere", "\(folder)/link")
        for name in ["empty", "link"] {
            #expect(throws: WholeFile.Problem.taken) {
                try WholeFolder.write(files, asNew: "\(folder)/\(name)")
            }
        }
        // The second file cannot be made: its name is a folder's.
        let clash = files + [WholeFolder.File(path: "a/b", bytes: [])]
        #expect(throws: WholeFile.Problem.system("File exists")) {
            try WholeFolder.write(clash, asNew: "\(folder)/clash")
        }
        #expect(try names() == ["empty", "link"])
    }
}
