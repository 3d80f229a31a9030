// SPDX-License-Identifier: GPL-2.0-only

/// What tasks are called, whole, or how that begins: `ld`, `cc1*`.
package struct CommPattern: Sendable, Equatable {
    /// 1 to 15 bytes, without the `*` behind them.
    package let comm: String
    /// Whatever follows.
    package let isPrefix: Bool

    package static let allowed = "1 to 15 bytes, whole or with a * behind them"

    package init(comm: String, isPrefix: Bool) {
        self.comm = comm
        self.isPrefix = isPrefix
    }

    /// - Returns: nil if nobody can be called so.
    package init?(_ text: String) {
        isPrefix = text.hasSuffix("*")
        comm = isPrefix ? String(text.dropLast()) : text
        guard (1...15).contains(comm.utf8.count), !comm.utf8.contains(where: { $0 < 32 || $0 == 42 })
        else { return nil }
    }

    package var text: String { isPrefix ? comm + "*" : comm }

    /// The name in the kernel's 16 bytes as two numbers, and which bits of them count.
    package var words: [(value: UInt64, mask: UInt64)] {
        let bytes = Array(comm.utf8)
        return [0, 8].map { begin in
            var value: UInt64 = 0, mask: UInt64 = 0
            for index in 0..<8 where begin + index < bytes.count || !isPrefix {
                let byte = begin + index < bytes.count ? bytes[begin + index] : 0
                value |= UInt64(byte) << UInt64(8 * index)
                mask |= 0xff << UInt64(8 * index)
            }
            return (value, mask)
        }
    }

    /// The pattern that these words are of; nil if they say nothing.
    package init?(words: [(value: UInt64, mask: UInt64)]) {
        let bytes = words.flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word.value >> UInt64(8 * $0)) }
        }
        guard let mask = words.first?.mask, mask != 0 else { return nil }
        let name = bytes.prefix { $0 != 0 }
        self.init(comm: String(decoding: name, as: UTF8.self), isPrefix: words.last?.mask != .max)
    }
}
