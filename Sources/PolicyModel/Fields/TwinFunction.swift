// SPDX-License-Identifier: GPL-2.0-only

/// A function of a policy that exists twice, and computes a field of an outcome.
package struct TwinFunction: Sendable, Equatable {
    package let swift: String
    /// From the package's root.
    package let swiftFile: String
    package let c: String
    package let cFile: String

    package init(swift: String, swiftFile: String, c: String, cFile: String) {
        self.swift = swift
        self.swiftFile = swiftFile
        self.c = c
        self.cFile = cFile
    }
}
