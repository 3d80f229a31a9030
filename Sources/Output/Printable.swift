// SPDX-License-Identifier: GPL-2.0-only

/// Text for people, whatever it was made of: nothing in it acts on a terminal or on a shell.
///
/// What cannot be shown is written as `\n`, `\t`, `\r`, `\u{1b}` (a character) or `\xff` (a byte that is
/// not UTF-8); of bytes, a backslash as `\\`, so that none of these can be what somebody wrote. Text keeps it: it may
/// have been through here before.
public enum Printable {
    /// Whether a character is visible, stays on its line, and does not change the order of others.
    public static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        // Of the format characters only the joiners, which emoji and some scripts need.
        case .format: scalar.value == 0x200C || scalar.value == 0x200D
        default: scalar.value != 0xFFFE && scalar.value != 0xFFFF
        }
    }

    /// The text on one line.
    public static func line(_ text: String) -> String { escaped(text, keepsLines: false) }

    /// A path at the head of a message, which has to be seen even if it is empty.
    public static func path(_ text: String) -> String { text.isEmpty ? "\"\"" : line(text) }

    /// The text with its line breaks and tabs.
    public static func lines(_ text: String) -> String { escaped(text, keepsLines: true) }

    /// What somebody else wrote, on one line.
    public static func line(bytes: some Sequence<UInt8>) -> String {
        escaped(bytes: bytes, keepsLines: false)
    }

    /// What somebody else wrote, with its line breaks and tabs.
    public static func lines(bytes: some Sequence<UInt8>) -> String {
        escaped(bytes: bytes, keepsLines: true)
    }

    /// A word as a shell takes it, in quotes if it needs them: `$'…'`, which bash, zsh, ksh and newer
    /// POSIX shells know, only where a character cannot be shown.
    public static func shellWord(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "%+,-./:=@_".utf8.contains(byte)
            }
        }
        if isPlain && !text.isEmpty { return text }
        if text.unicodeScalars.allSatisfy(isPrintable) {
            return "'" + text.replacing("'", with: "'\\''") + "'"
        }
        var word = "$'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "'", "\\": word += "\\" + String(scalar)
            case _ where isPrintable(scalar): word.unicodeScalars.append(scalar)
            // Three octal digits always: what follows cannot be taken for another one.
            default: for byte in String(scalar).utf8 { word += "\\" + padded(byte, radix: 8, to: 3) }
            }
        }
        return word + "'"
    }

    private static func escaped(_ text: String, keepsLines: Bool) -> String {
        if isPlain(text.utf8, keepsLines: keepsLines) { return text }
        var shown = ""
        for scalar in text.unicodeScalars { append(scalar, to: &shown, keepsLines: keepsLines) }
        return shown
    }

    private static func escaped(bytes: some Sequence<UInt8>, keepsLines: Bool) -> String {
        let bytes = Array(bytes)
        var shown = ""
        var place = 0
        while place < bytes.count {
            // The longest that is one character; a byte that begins none stands for itself.
            let scalar = (1...4).lazy.filter { place + $0 <= bytes.count }
                .compactMap { String(validating: bytes[place..<(place + $0)], as: UTF8.self) }
                .first?.unicodeScalars.first
            if bytes[place] == UInt8(ascii: "\\") {
                shown += "\\\\"
                place += 1
            } else if let scalar {
                append(scalar, to: &shown, keepsLines: keepsLines)
                place += String(scalar).utf8.count
            } else {
                shown += "\\x" + padded(bytes[place], radix: 16, to: 2)
                place += 1
            }
        }
        return shown
    }

    private static func append(_ scalar: Unicode.Scalar, to shown: inout String, keepsLines: Bool) {
        switch scalar {
        case "\n": shown += keepsLines ? "\n" : "\\n"
        case "\t": shown += keepsLines ? "\t" : "\\t"
        case "\r": shown += "\\r"
        case _ where isPrintable(scalar): shown.unicodeScalars.append(scalar)
        default: shown += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    private static func isPlain(_ bytes: String.UTF8View, keepsLines: Bool) -> Bool {
        bytes.allSatisfy { (0x20...0x7E).contains($0) || (keepsLines && ($0 == 0x0A || $0 == 0x09)) }
    }

    private static func padded(_ byte: UInt8, radix: Int, to width: Int) -> String {
        let digits = String(byte, radix: radix)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}
