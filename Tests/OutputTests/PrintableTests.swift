// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Testing

@testable import Output

@Suite struct PrintableTests {
    @Test func aTerminalGetsNothingToActOn() {
        #expect(Printable.line("a\u{1B}[31mb\rc\nd\te") == "a\\u{1b}[31mb\\rc\\nd\\te")
        #expect(Printable.lines("a\u{1B}[31mb\nc\td") == "a\\u{1b}[31mb\nc\td")
        #expect(Printable.line("\u{9B}31m\u{202E}x\u{2028}\u{7F}") == "\\u{9b}31m\\u{202e}x\\u{2028}\\u{7f}")
        #expect(Printable.line("Größe 👩‍👩‍👧 ≤") == "Größe 👩‍👩‍👧 ≤")
    }

    @Test func bytesThatAreNoTextAreShown() {
        #expect(Printable.line(bytes: [0x61, 0xFF, 0x62]) == "a\\xffb")
        #expect(Printable.line(bytes: Array("≤".utf8) + [0xE2, 0x89]) == "≤\\xe2\\x89")
        // Overlong, a surrogate, and beyond Unicode.
        #expect(Printable.line(bytes: [0xC0, 0xAF]) == "\\xc0\\xaf")
        #expect(Printable.line(bytes: [0xED, 0xA0, 0x80]) == "\\xed\\xa0\\x80")
        #expect(Printable.line(bytes: [0x1B, 0x0A]) == "\\u{1b}\\n")
        #expect(Printable.lines(bytes: [0x41, 0x0A, 0x42]) == "A\nB")
        // Four characters are not the byte.
        #expect(Printable.line(bytes: Array("\\xff".utf8) + [0xFF]) == "\\\\xff\\xff")
        #expect(Printable.lines(bytes: Array("\\n\n".utf8)) == "\\\\n\n")
    }

    /// The shell itself is asked.
    @Test(arguments: [
        "", "plain-1.2_3/x:y,z=@%+", "two words", "it's", "$(touch x) `y` \\ \"z\" ; & | < > * ? ~ # ! {a,b}",
        "-x", "new\nline", "\u{1B}[31mred'\\", "\u{7}1", "größe", "\t",
    ])
    func aShellReadsTheWordBack(_ word: String) throws {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "printf '%s|' \(Printable.shellWord(word))"]
        process.standardOutput = pipe
        try process.run()
        let output = try #require(try pipe.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        #expect(String(decoding: output, as: UTF8.self) == word + "|")
        #expect(Printable.line(Printable.shellWord(word)) == Printable.shellWord(word))
    }

    @Test func jsonHasNothingForATerminalEither() throws {
        let text = "\u{1B}\u{0}\"\\\n\u{202E}\u{E0001}x"
        let json = JSONText.object([("a", .string(text)), ("b", .decimal(.nan)), ("c", .signed(-1))])
        for written in [json.line, json.text()] {
            #expect(Printable.lines(written) == written)
            let read = try JSONSerialization.jsonObject(with: Data(written.utf8))
            let object = try #require(read as? [String: Any])
            #expect(object["a"] as? String == text)
            #expect(object["b"] is NSNull)
            #expect(object["c"] as? Int == -1)
        }
    }
}
