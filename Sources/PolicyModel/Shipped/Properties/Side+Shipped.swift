// SPDX-License-Identifier: GPL-2.0-only
import KernelLink
package import ProofSubjects
package import Prove

extension ProofSubject {
    /// The policy that descriptions say, as it is in this program.
    package static var described: ProofSubject {
        let (parameters, omitted) = Parameter.covered()
        return ProofSubject(
            parameters: parameters, omitted: omitted, layout: .described,
            swift: EmbeddedIR.swift, native: EmbeddedIR.c, probe: ShippedObjects.probe,
            mode: ShippedObjects.bpfMode)
    }
}

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
