// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

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

extension sp_policy {
    /// Whether each task that waits has a key of its own; else all go by arrival. Of the BPF programs `has_keys`.
    package var hasKeys: Bool { order != SP_ORDER_FIFO.rawValue }

    /// Whether the second of the two queues is used as well. Of the BPF programs `has_classes`.
    package var hasClasses: Bool { classes != SP_CLASSES_NONE.rawValue }

    /// What the mechanism reads of every policy, in the order of their places: before the parameters.
    package static let head: [NumberField] = [
        NumberField("abi", \sp_policy.abi), NumberField("order", \sp_policy.order),
        NumberField("slice", \sp_policy.slice), NumberField("classes", \sp_policy.classes),
        NumberField("burst", \sp_policy.burst), NumberField("idle", \sp_policy.idle),
        NumberField("kthreads", \sp_policy.kthreads),
        NumberField("promote_sync", \sp_policy.promote_sync),
        NumberField("promote_waiting_max", \sp_policy.promote_waiting_max),
        NumberField("rate_max", \sp_policy.rate_max), NumberField("preempt", \sp_policy.preempt),
        NumberField("pair", \sp_policy.pair), NumberField("slice_max_ns", \sp_policy.slice_max_ns),
    ]
}
