// SPDX-License-Identifier: GPL-2.0-only

/// A number of a structure that both twins have, and what it is called there.
package struct NumberField: Sendable {
    package let name: String
    /// Bytes from the structure's begin.
    package let offset: Int
    /// Bytes, 1...8.
    package let size: Int

    package init<Root, Value: FixedWidthInteger>(_ name: String, _ path: KeyPath<Root, Value>) {
        self.name = name
        // A stored number of an imported structure has a place.
        offset = MemoryLayout<Root>.offset(of: path) ?? -1
        size = MemoryLayout<Value>.size
    }

    /// What a structure has there.
    package func value<Root: BitwiseCopyable>(in structure: Root) -> UInt64 {
        withUnsafeBytes(of: structure) { bytes in
            bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
