// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Foundation

/// Wrong versions of the policy and of the mechanism, each of which has to be noticed.
@main
struct Mutants: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutants",
        abstract: "Builds wrong versions of the policy or of the mechanism; each has to be noticed.",
        subcommands: [PolicyMutants.self, MechanismMutants.self],
        defaultSubcommand: PolicyMutants.self)
}

/// Survivors that are known, and why: a line each, the mutant's identity and the reason, with a tab
/// between.
func explanations(_ path: String) -> [String: String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
    var found: [String: String] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
        let parts = line.split(separator: "\t", maxSplits: 1)
        if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
    }
    return found
}
