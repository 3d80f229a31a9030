// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel
package import Prove

extension Layout {
    /// The described policy's.
    package static let described = Layout(
        parameters: Shipped.parameters, global: Shipped.global, task: Shipped.task,
        properties: ShippedProperties.of)
}
