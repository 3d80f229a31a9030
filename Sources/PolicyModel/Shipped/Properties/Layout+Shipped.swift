// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel
package import Prove

extension Layout {
    /// The described policy's.
    package static let described = Layout(
        parameters: declared(Shipped.parameters), global: declared(Shipped.global),
        task: declared(Shipped.task), properties: ShippedProperties.of)

    private static func declared(_ numbers: [NumberField]) -> [Declared] {
        numbers.map { ($0.name, $0.offset, $0.size) }
    }
}
