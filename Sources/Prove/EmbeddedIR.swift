// SPDX-License-Identifier: GPL-2.0-only

/// The policy as LLVM IR, made when this program was built, from the sources that it was built from; the build
/// plugin writes the members.
package enum EmbeddedIR {}

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
