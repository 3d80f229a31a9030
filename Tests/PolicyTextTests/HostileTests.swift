// SPDX-License-Identifier: GPL-2.0-only
import Dispatch
import Foundation
import Glibc
import Testing

@testable import PolicyText

/// Texts and files made to crash, hang or flood the program.
@Suite(.timeLimit(.minutes(1))) struct HostileTests {
    @Test(arguments: ["[", "{", "- ", "? ", "a: {", "[{", "{a: [", "- - ", "-\n "])
    func deepNestingIsAnError(_ unit: String) {
        let text = String(repeating: unit, count: min(50_000, 65_000 / unit.utf8.count))
        #expect(complaints(text) != ["no error"])
    }

    @Test func nestingByIndentationIsAnError() {
        let lines = (0..<350).map { String(repeating: " ", count: $0) + "a:\n" }
        #expect(complaints(lines.joined()) != ["no error"])
        let dashes = (0..<80).map { String(repeating: " ", count: $0 * 9) + "- - - - -\n" }
        #expect(complaints(dashes.joined()) != ["no error"])
    }

    @Test(arguments: ["\n", "\r", "\u{2028}", "\u{85}"])
    func aliasesOfAliasesAreAnError(_ lineBreak: String) {
        // Used as a key, the last one would be compared element by element, 9^9 of them.
        var text = "a0: &a0 x\(lineBreak)"
        for level in 1..<20 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\(lineBreak)"
        }
        let found = complaints("# x\(lineBreak)" + text + "? *a19\(lineBreak): 1\(lineBreak)")
        #expect(found.count == 1 && found[0].contains("are refused"))
    }

    @Test func noiseIsAnErrorWithAPlace() {
        var random = Repeatable(state: seed)
        for _ in 0..<300 {
            let count = Int.random(in: 1..<200, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(fileError(bytes) != nil, "seed \(seed)")
        }
    }

    @Test func spoiledDescriptionsNeverTrap() {
        var random = Repeatable(state: seed)
        let signs = Array("[]{}:,&*!|>'\"%@`#-? \n\tx0".utf8)
        for _ in 0..<3000 {
            var bytes = Array(goodText.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = signs.randomElement(using: &random) ?? 0
            }
            for line in complaints(String(decoding: bytes, as: UTF8.self)) where line != "no error" {
                #expect(line.wholeMatch(of: /F:[1-9][0-9]*:[1-9][0-9]*: .+/) != nil, "seed \(seed): \(line)")
            }
        }
    }

    /// The error for a file with these bytes.
    private func fileError(_ bytes: [UInt8]) -> PolicyError? {
        do throws(PolicyError) {
            _ = try PolicySource.parse(try DescriptionFile.text(of: bytes, file: "F"), file: "F")
            return nil
        } catch {
            return error
        }
    }

    @Test func bytesThatAreNoTextAreFound() {
        #expect(
            fileError(Array("name: ok\nsum".utf8) + [0xFF])?.description
                == "F:2:4: the file is not UTF-8 text from here on")
        #expect(fileError(Array("é: a\0b".utf8))?.description == "F:1:5: a NUL byte: the file is no text")
        #expect(fileError([0x1B])?.description == "F:1:1: a control character (U+1B)")
        #expect(fileError([0xC0, 0x80]) != nil)
        #expect(fileError(Array("\u{FEFF}\(goodText)".utf8)) == nil)
        #expect(fileError(Array(goodText.replacing("\n", with: "\r\n").utf8)) == nil)
    }
}

/// Paths that lead to anything but a description.
@Suite(.timeLimit(.minutes(1))) struct FileTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func aFileIsRead() throws {
        try inFolder { folder in
            let path = "\(folder)/good.yaml"
            try goodText.write(toFile: path, atomically: false, encoding: .utf8)
            #expect(try PolicySource.load(nameOrPath: path).name == "good")
        }
    }

    @Test func otherThingsAreRefusedAtOnce() throws {
        #expect(loadError("/dev/null")?.kind == .unreadable)
        #expect(
            loadError("/dev/zero")?.description
                == "/dev/zero: this is a device, a description is a regular file")
        #expect(loadError("/")?.description == "/: this is a directory, a description is a regular file")
        #expect(loadError("/no/such/file.yaml")?.kind == .notFound)
        #expect(loadError("/etc/passwd/x")?.kind == .notFound)
        #expect(loadError("/\(String(repeating: "x", count: 5000))")?.kind == .notFound)
        #expect(loadError("a/\0b")?.kind == .notFound)
        try inFolder { folder in
            let loop = "\(folder)/loop.yaml"
            #expect(symlink(loop, loop) == 0)
            #expect(loadError(loop)?.kind == .notFound)
        }
    }

    @Test func aFIFODoesNotHoldUsUp() throws {
        try inFolder { folder in
            let fifo = "\(folder)/fifo"
            #expect(mkfifo(fifo, 0o600) == 0)
            // A reader that waits for a writer gets one after a while, so that the test ends.
            let rescue = DispatchWorkItem { close(open(fifo, O_WRONLY | O_NONBLOCK)) }
            DispatchQueue.global().asyncAfter(deadline: .now() + 5, execute: rescue)
            let start = ContinuousClock.now
            #expect(
                loadError(fifo)?.description == "\(fifo): this is a FIFO, a description is a regular file")
            #expect(ContinuousClock.now - start < .seconds(4))
            rescue.cancel()
        }
    }

    @Test func aFileThatMayNotBeReadIsSaidSo() throws {
        try inFolder { folder in
            let path = "\(folder)/secret.yaml"
            try goodText.write(toFile: path, atomically: false, encoding: .utf8)
            #expect(chmod(path, 0) == 0)
            // Nothing is forbidden to root.
            let expected: PolicyError.Kind? = geteuid() == 0 ? nil : .noPermission
            #expect(loadError(path)?.kind == expected)
        }
    }

    @Test func aHugeFileIsRefusedAtOnce() throws {
        try inFolder { folder in
            let path = "\(folder)/huge.yaml"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            #expect(truncate(path, 1 << 40) == 0)
            #expect(
                loadError(path)?.description
                    == "\(path): the file has more than 64 KiB, which no description has")
            #expect(truncate(path, 64 * 1024) == 0)
            #expect(loadError(path)?.description == "\(path):1:1: a NUL byte: the file is no text")
        }
    }
}
