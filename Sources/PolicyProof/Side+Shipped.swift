// SPDX-License-Identifier: GPL-2.0-only
package import Prove

extension Side {
    /// The Swift policy: what the daemon was built from.
    package static var swift: Side {
        Side(name: "swift", artefact: .ir(IRModule(name: "Swift's IR", text: EmbeddedIR.swift)))
    }

    /// The C policy: what the native lane was built from.
    package static var native: Side {
        Side(name: "native", artefact: .ir(IRModule(name: "C's IR", text: EmbeddedIR.c)))
    }
}
