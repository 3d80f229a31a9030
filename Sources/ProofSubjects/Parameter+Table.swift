// SPDX-License-Identifier: GPL-2.0-only
package import PolicyText
package import Prove

extension Parameter {
    /// A line of the table of keys, with the words for which `isKnown` says yes.
    package init(_ parameter: PolicyParameter, isKnown: (_ value: UInt64) -> Bool = { _ in true }) {
        let allowed: Allowed =
            switch parameter.allowed {
            case .range(let range): .range(range)
            case .words(let words): .words(words.filter { isKnown($0.value) })
            }
        self.init(
            path: parameter.path, offset: parameter.offset, allowed: allowed, readWith: parameter.readWith,
            notAbove: parameter.notAbove, text: parameter.text)
    }
}
