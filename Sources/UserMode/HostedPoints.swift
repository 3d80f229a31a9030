// SPDX-License-Identifier: GPL-2.0-only

/// The loop is run by somebody who plays the kernel: it may be stopped at each of its points.
package struct HostedPoints: FaultPoints {
    private let computes: @convention(c) () -> Void

    /// - Parameter computes: called at each point; it may come back much later.
    package init(computes: @escaping @convention(c) () -> Void) {
        self.computes = computes
    }

    @inline(__always)
    package func answered() { computes() }
    @inline(__always)
    package func publishes() { computes() }
}
