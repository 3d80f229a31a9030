// SPDX-License-Identifier: GPL-2.0-only

/// A pair's two sources as LLVM IR, made when it was built, from the sources that it was built from.
public struct PairIR: Sendable {
    let texts: (swift: String, c: String)?
    /// Why there is none; nil if there is.
    let obstacle: String?

    /// For generated code.
    public init(swift: String, c: String) {
        texts = (swift, c)
        obstacle = nil
    }

    /// For generated code.
    public init(obstacle: String) {
        texts = nil
        self.obstacle = obstacle
    }
}
