// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import PolicyModel

@testable import PolicyText

/// A valid description to spoil.
let goodText = """
    name: good
    summary: Nothing wrong here.
    order: {rule: deadline, sleep-credit: 20ms, burst: plain}
    slice: {rule: shared, max: 20ms, min: 1ms}
    classes: {rule: none}

    """

/// The lines of the error, or `no error`.
func complaints(_ text: String, settings: [String] = []) -> [String] {
    do throws(PolicyError) {
        _ = try PolicySource.parse(text, file: "F", settings: settings)
        return ["no error"]
    } catch {
        return error.problems.map(\.description)
    }
}

/// The error of loading a file or a shipped policy.
func loadError(_ nameOrPath: String, settings: [String] = []) -> PolicyError? {
    do throws(PolicyError) {
        _ = try PolicySource.load(nameOrPath: nameOrPath, settings: settings)
        return nil
    } catch {
        return error
    }
}

/// A random source that can be repeated: SplitMix64.
struct Repeatable: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// `$SEED`, or another one for every run; failures print it.
let seed = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
