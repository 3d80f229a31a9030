// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel
import PolicyText
import ProofSubjects
package import Prove

extension Parameter {
    /// The table without the words that the C policy does not know: those have nothing to be equal to.
    package static func covered() -> (parameters: [Parameter], omitted: [String]) {
        let twins = Dictionary(uniqueKeysWithValues: Shipped.twins.map { ($0.path, $0.mask) })
        var omitted: [String] = []
        let parameters = PolicyParameter.all.map { parameter in
            func isKnown(_ value: UInt64) -> Bool {
                twins[parameter.path].map { $0 & (UInt32(1) << value) != 0 } ?? true
            }
            if case .words(let words) = parameter.allowed {
                omitted += words.filter { !isKnown($0.value) }.map { "\(parameter.path): \($0.word)" }
            }
            return Parameter(parameter, isKnown: isKnown)
        }
        return (parameters, omitted)
    }
}
