// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

@testable import PolicyText

@Suite struct RoundTripTests {
    @Test func everyDescriptionIsReadAsItWasWritten() throws {
        var random = Repeatable(state: seed)
        for _ in 0..<1000 {
            let description = randomDescription(using: &random)
            let text = description.yaml
            let again = try PolicySource.parse(text, file: "seed \(seed)")
            #expect(again == description, "seed \(seed):\n\(text)")
        }
    }

    @Test func randomPoliciesReachTheEnds() {
        var random = Repeatable(state: seed)
        var seen: [String: Set<UInt64>] = [:]
        for _ in 0..<5000 {
            let policy = randomPolicy(using: &random)
            for key in PolicyKeys.all { seen[key.path, default: []].insert(key.value(in: policy)) }
            #expect(policy.slice_min_ns <= policy.slice_max_ns, "seed \(seed)")
        }
        for key in PolicyKeys.all {
            let values = seen[key.path] ?? []
            switch key.kind {
            case .name, .line: break
            case .words(let words): #expect(values == Set(words.map(\.value)), "\(key.path), seed \(seed)")
            case .bool: #expect(values == [0, 1], "\(key.path), seed \(seed)")
            case .cpus: Issue.record("the described policy has no CPUs: \(key.path)")
            case .duration(let range, _), .integer(let range):
                #expect(
                    values.isSuperset(of: [range.lowerBound, range.upperBound]), "\(key.path), seed \(seed)")
                #expect(values.allSatisfy { $0 <= range.upperBound }, "\(key.path), seed \(seed)")
            }
        }
    }

    @Test func shippedPoliciesAreShownAsTheyAreMeant() throws {
        for shipped in try PolicySource.shipped() {
            #expect(try PolicySource.parse(shipped.yaml, file: shipped.name) == shipped)
        }
        #expect(
            try PolicySource.load(nameOrPath: "fair").yaml == """
                name: fair
                summary: "CPU time in proportion to weight; a sleeper keeps at most one slice of credit."
                order:
                  rule: vruntime
                  sleep-credit: 20ms
                slice:
                  rule: fixed
                  max: 20ms
                classes:
                  rule: none
                wait-max: 1500ms
                idle-cpu: direct
                kernel-threads: local

                """)
    }

    @Test func differencesAreListed() throws {
        let fair = try PolicySource.load(nameOrPath: "fair")
        let other = try PolicySource.load(nameOrPath: "fair", settings: ["slice.rule=shared"])
        #expect(fair.differences(from: fair, titles: ("a", "b")) == nil)
        #expect(
            fair.differences(from: other, titles: ("a", "b")) == """
                KEY         a      b
                slice.rule  fixed  shared
                slice.min   -      500us

                """)
    }
}

/// A valid description with a name and a summary that are hard to quote.
func randomDescription(using random: inout some RandomNumberGenerator) -> PolicyDescription {
    let names = ["a", "true", "no", "null", "on", "e1", "x-1_2", String(repeating: "z", count: 31)]
    let signs =
        Array(#"abc "\':#{}[]&*!|>%@`~?-,=<./é漢🙂"#.unicodeScalars) + ["\u{A0}", "\u{E000}", "\u{200D}"]
    var summary = ""
    for _ in 0..<Int.random(in: 0...200, using: &random) {
        signs.randomElement(using: &random).map { summary.unicodeScalars.append($0) }
    }
    return PolicyDescription(
        name: names.randomElement(using: &random) ?? "a", summary: summary,
        policy: randomPolicy(using: &random))
}
