// SPDX-License-Identifier: GPL-2.0-only
import KernelLink
import PolicyText
package import ProofSubjects
import Prove

extension Pair {
    /// What is proven to be the same; nil where there is no C twin.
    package var proofSubject: ProofSubject? {
        guard let native = ir.c, let objects = c.bytes else { return nil }
        return ProofSubject(
            parameters: keys.apply { PolicyParameter.all }.map { Parameter($0) }, layout: layout,
            swift: ir.swift, native: native, probe: objects.probe, mode: objects.mode)
    }
}
