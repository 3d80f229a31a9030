// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Output
import PolicyModel

/// From entries to a description: one pass over the keys, each behind those it depends on.
struct Resolution {
    private let entries: Entries
    private(set) var problems: Problems
    private var policy = sp_policy()
    private var name = ""
    private var summary = ""
    private var states: [String: State] = [:]

    private enum State {
        /// `isSet`: a setting decided the value, or that the key is not read.
        case read(isSet: Bool)
        case notRead(isSet: Bool)
        /// Wrong or missing, which is already a problem.
        case unknown
    }

    init(_ entries: Entries, _ problems: Problems) {
        self.entries = entries
        self.problems = problems
        policy = KeyTable.current.base
    }

    /// The description, or nil if there are problems.
    mutating func description() -> PolicyDescription? {
        for key in PolicyKeys.resolvable { resolve(key) }
        var rowNames: [String: [String]] = [:]
        var rowGroups: [String: [String]] = [:]
        var absentGroups: [String] = []
        for table in PolicyKeys.tables {
            guard let given = entries.tables[table.key], !given.isEmpty else { continue }
            var rows = RowResolution(table, problems)
            rows.resolve(given)
            problems = rows.problems
            table.store(rows.rows, in: &policy)
            rowNames[table.key] = rows.rows.map(\.name)
            if rows.rows.contains(where: { !$0.group.isEmpty }) {
                rowGroups[table.key] = rows.rows.map(\.group)
            }
            absentGroups += rows.absentGroups
        }
        guard problems.isEmpty else { return nil }
        return PolicyDescription(
            name: name.isEmpty ? KeyTable.current.name : name, summary: summary, policy: policy,
            rowNames: rowNames, rowGroups: rowGroups, absentGroups: absentGroups)
    }

    private mutating func resolve(_ key: PolicyKey) {
        let entry = entries.byPath[key.path]
        switch applies(key) {
        case .unknown:
            // Nothing is known of the rule, but what is written may be wrong by itself.
            if let entry { _ = meaning(of: key, entry) }
            states[key.path] = .unknown
        case .notRead(let isSet):
            key.store(key.unread, in: &policy)
            states[key.path] = .notRead(isSet: isSet)
            if let entry { refuse(key, entry, isSet: isSet) }
        case .read(let isSet):
            if let entry {
                states[key.path] = take(key, entry)
            } else {
                states[key.path] = fallBack(key, isSet: isSet)
            }
        }
    }

    /// Whether the rules chosen so far read the key, and whether a setting is the reason.
    private func applies(_ key: PolicyKey) -> State {
        guard case .any(let clauses) = key.read else { return .read(isSet: false) }
        var isSet = false
        var isUnknown = false
        for clause in clauses {
            switch states[clause.path] {
            case .read(let changed):
                isSet = isSet || changed
                guard let rule = PolicyKeys.named(clause.path) else { continue }
                if let word = rule.word(for: rule.value(in: policy)), clause.words.contains(word) {
                    return .read(isSet: changed)
                }
            case .notRead(let changed): isSet = isSet || changed
            case .unknown, nil: isUnknown = true
            }
        }
        return isUnknown ? .unknown : .notRead(isSet: isSet)
    }

    private mutating func meaning(of key: PolicyKey, _ entry: Entry) -> Meaning? {
        guard case .scalar(let text, let style) = entry.content else { return nil }
        do throws(Misfit) {
            return try key.meaning(of: text, style)
        } catch {
            problems.add(entry.origin, "\(key.path) \(error.text)")
            return nil
        }
    }

    private mutating func take(_ key: PolicyKey, _ entry: Entry) -> State {
        switch meaning(of: key, entry) {
        case nil: return .unknown
        case .text(let text):
            if case .name = key.field { name = text } else { summary = text }
        case .number(let value):
            key.store(value, in: &policy)
            checkBound(key, entry, value)
        }
        if case .setting = entry.origin { return .read(isSet: true) }
        return .read(isSet: false)
    }

    private mutating func fallBack(_ key: PolicyKey, isSet: Bool) -> State {
        switch key.fallback {
        case .required:
            let place = key.group.flatMap { entries.groups[$0] } ?? .start
            problems.add(.file(place), "\(key.path) is missing; \(key.allowed) is required")
            return .unknown
        case .emptyText: break
        case .value(let value): key.store(value, in: &policy)
        case .sameAs(let other):
            guard let value = known(other) else { return .unknown }
            key.store(value, in: &policy)
        case .atMost(let value, let other):
            guard let bound = known(other) else { return .unknown }
            key.store(min(value, bound), in: &policy)
        }
        return .read(isSet: isSet)
    }

    private func known(_ path: String) -> UInt64? {
        guard case .read = states[path] else { return nil }
        return PolicyKeys.named(path)?.value(in: policy)
    }

    private mutating func checkBound(_ key: PolicyKey, _ entry: Entry, _ value: UInt64) {
        guard let path = key.notAbove, let bound = known(path), value > bound else { return }
        var origin = entry.origin
        // Where both are given, the setting is the newcomer.
        if case .file = origin, let other = entries.byPath[path] { origin = settingOrFile(other, origin) }
        let texts = (key.text(of: value) ?? "", PolicyKeys.named(path)?.text(of: bound) ?? "")
        problems.add(origin, "\(key.path) \(texts.0) is above \(path) \(texts.1)")
    }

    private func settingOrFile(_ entry: Entry, _ origin: Origin) -> Origin {
        if case .setting = entry.origin { return entry.origin }
        return origin
    }

    /// Says that the chosen rules do not read a key that is given. One of the file is dropped in
    /// silence if a setting chose another rule than the file did.
    private mutating func refuse(_ key: PolicyKey, _ entry: Entry, isSet: Bool) {
        if case .file = entry.origin, isSet { return }
        guard case .scalar = entry.content, case .any(let clauses) = key.read else { return }
        let chosen = clauses.compactMap { clause -> String? in
            guard case .read = states[clause.path], let rule = PolicyKeys.named(clause.path)
            else { return nil }
            return rule.word(for: rule.value(in: policy)).map { "\(clause.path) \($0)" }
        }
        let with = chosen.isEmpty ? "" : " with \(Words.all(chosen))"
        problems.add(entry.origin, "\(key.path) is not read\(with), only with \(key.read.text)")
    }
}

extension PolicyKeys {
    /// All keys, each behind those that it depends on.
    static var resolvable: [PolicyKey] { KeyTable.current.resolvable }

    static func resolvable(_ keys: [PolicyKey]) -> [PolicyKey] {
        var sequence: [PolicyKey] = []
        var left = keys
        while !left.isEmpty {
            let ready = left.filter { key in
                !left.contains { key.dependencies.contains($0.path) }
            }
            sequence += ready
            left.removeAll { key in ready.contains { $0.path == key.path } }
            precondition(!ready.isEmpty, "the keys depend on each other in a circle")
        }
        return sequence
    }
}

extension PolicyKey {
    /// The paths of the keys that have to be known before this one.
    fileprivate var dependencies: [String] {
        var paths = notAbove.map { [$0] } ?? []
        if case .any(let clauses) = read { paths += clauses.map(\.path) }
        switch fallback {
        case .sameAs(let path), .atMost(_, let path): paths.append(path)
        case .required, .value, .emptyText: break
        }
        return paths
    }
}
