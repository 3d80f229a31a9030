// SPDX-License-Identifier: GPL-2.0-only
package import Prove
package import SwiftToBPF

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

    /// How its executions are called; the others are compared with `native`.
    package static let sides = ["swift", "native", "probe", "bpf-mode"]

    /// One of its executions, or other bytes in the place of its own.
    ///
    /// - Parameter file: other bytes, and what they are called.
    package func side(
        _ name: String, _ file: (name: String, bytes: [UInt8])? = nil
    ) throws(ELFObject.Malformed) -> Side {
        switch name {
        case "swift", "native":
            let own = name == "swift" ? swift : native
            let module = IRModule(
                name: file?.name ?? (name == "swift" ? "Swift's IR" : "C's IR"),
                text: file.map { String(decoding: $0.bytes, as: UTF8.self) } ?? own)
            return Side(name: name, artefact: .ir(module))
        default:
            let isProbe = name == "probe"
            let object = try ELFObject(
                name: file?.name ?? "\(name)'s object", bytes: file?.bytes ?? (isProbe ? probe : mode))
            return Side(name: name, artefact: isProbe ? .probe(object) : .backend(object))
        }
    }
}
