// SPDX-License-Identifier: GPL-2.0-only

/// A pair's two sources as LLVM IR, made when it was built, from the sources that it was built from.
public struct PairIR: Sendable {
    let swift: String
    /// Nil: there is no C twin.
    let c: String?

    /// For generated code.
    public init(swift: String, c: String?) {
        self.swift = swift
        self.c = c
    }
}
