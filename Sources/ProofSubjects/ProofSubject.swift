// SPDX-License-Identifier: GPL-2.0-only
package import Prove

/// A policy with all that is proven to be the same of it.
package struct ProofSubject: Sendable {
    /// What descriptions may say.
    package let parameters: [Parameter]
    /// Words of descriptions that have no C twin, and so nothing to be equal to.
    package let omitted: [String]
    package let layout: Layout
    /// LLVM IR of the Swift policy, and of the C one.
    package let swift: String, native: String
    /// The BPF objects: of the probe, and of BPF mode.
    package let probe: [UInt8], mode: [UInt8]

    package init(
        parameters: [Parameter], omitted: [String] = [], layout: Layout, swift: String, native: String,
        probe: [UInt8], mode: [UInt8]
    ) {
        (self.parameters, self.omitted, self.layout) = (parameters, omitted, layout)
        (self.swift, self.native, self.probe, self.mode) = (swift, native, probe, mode)
    }
}
