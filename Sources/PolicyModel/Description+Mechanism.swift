// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

extension sp_policy {
    /// Whether each task that waits has a key of its own; else all go by arrival. Of the BPF programs `has_keys`.
    package var hasKeys: Bool { order != SP_ORDER_FIFO.rawValue }

    /// Whether the second of the two queues is used as well. Of the BPF programs `has_classes`.
    package var hasClasses: Bool { classes != SP_CLASSES_NONE.rawValue }
}
