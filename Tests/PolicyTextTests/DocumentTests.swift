// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import PolicyModel
import Testing

@testable import PolicyText

/// What is generated from the table of keys, and the committed copies of it.
@Suite struct DocumentTests {
    private func file(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private func schema() throws -> Any {
        try JSONSerialization.jsonObject(with: Data(PolicySchema.json.utf8))
    }

    /// The description as JSON, the way an editor sees it.
    private func json(_ text: String) throws -> [String: Any] {
        var problems = Problems()
        var groups: [String: [String: Any]] = [:]
        var json: [String: Any] = [:]
        for (path, entry) in DescriptionYAML.entries(text, &problems).byPath {
            let key = try #require(PolicyKeys.named(path))
            guard case .scalar(let text, let style) = entry.content else { continue }
            var value: Any = text
            if case .plain(isText: false) = style { value = Int(text) ?? (text == "true") as Any }
            if let group = key.group {
                groups[group, default: [:]][key.leaf] = value
            } else {
                json[path] = value
            }
        }
        #expect(problems.isEmpty)
        return json.merging(groups) { json, _ in json }
    }

    @Test func theCommittedSchemaIsTheGeneratedOne() throws {
        #expect(
            try file("Sources/PolicyModel/Shipped/policy.schema.json") == PolicySchema.json,
            "run: sched-proto policy schema")
    }

    @Test func theCommittedReferenceIsTheGeneratedOne() throws {
        let parts = try file("Sources/PolicyModel/Shipped/POLICY.md").components(
            separatedBy: "<!-- reference -->\n")
        try #require(parts.count == 3)
        #expect(parts[1] == "\n\(PolicyReference.markdown)\n", "run: sched-proto policy reference")
    }

    @Test func shippedPoliciesFollowTheSchema() throws {
        let schema = try schema()
        for shipped in ShippedPolicies.texts {
            #expect(Validator.errors(try json(shipped.text), schema) == [])
        }
    }

    @Test func validDescriptionsFollowTheSchema() throws {
        let schema = try schema()
        var random = Repeatable(state: seed)
        for _ in 0..<200 {
            let text = randomDescription(using: &random).yaml
            #expect(Validator.errors(try json(text), schema) == [], "seed \(seed):\n\(text)")
        }
    }

    @Test(arguments: [
        ("slice", "min", "1ms" as any Sendable), ("slice", "max", "20"), ("slice", "max", 20),
        ("slice", "rule", "x"),
        ("order", "burst", "plain"), ("classes", "window", "1s"), ("order", "other", 1),
        ("starvation", "limit", "1s"),
    ])
    func otherDescriptionsDoNot(_ group: String, _ leaf: String, _ value: any Sendable) throws {
        var fair = try json(PolicySource.load(nameOrPath: "fair").yaml)
        var members = fair[group] as? [String: Any] ?? [:]
        members[leaf] = value
        fair[group] = members
        #expect(Validator.errors(fair, try schema()) != [])
    }

    @Test func theTableIsSound() {
        #expect(Set(PolicyKeys.all.map(\.path)).count == PolicyKeys.all.count)
        #expect(Set(PolicyKeys.groups).count == PolicyKeys.groups.count)
        #expect(PolicyKeys.resolvable.count == PolicyKeys.all.count)
        for key in PolicyKeys.all {
            guard case .any(let clauses) = key.read else { continue }
            for clause in clauses {
                guard case .words(let words)? = PolicyKeys.named(clause.path)?.kind else {
                    Issue.record("\(key.path) depends on \(clause.path)")
                    continue
                }
                #expect(Set(words.map(\.word)).isSuperset(of: clause.words))
            }
        }
    }
}
