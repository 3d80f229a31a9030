// SPDX-License-Identifier: GPL-2.0-only
import Output
import Yams

extension DeclarationReader {
    private static let parameterKeys = ["type", "range", "default", "doc"]
    private static let parameterTypes =
        ["duration", "bool", "cpus"] + Declaration.Width.allCases.map(\.rawValue)

    mutating func params(_ node: Node) {
        for (key, name, value) in entries(node, of: "params") {
            if let flaw = Self.flaw(ofName: name.replacing("-", with: "_")) {
                add(key, "params: \(flaw)")
            } else if Self.taken.contains(name) {
                add(key, "params: every policy has the key \(name): choose another name")
            } else if let parameter = parameter(name, key, value) {
                declaration.params.append(parameter)
            }
        }
        checkSize(declaration.params.map(\.width), node, "params")
        let most = Declaration.OwnQueues.setsMax
        if declaration.sets.count > most {
            add(node, "params: \(declaration.sets.count) are of the type cpus, \(most) are allowed")
        }
    }

    /// Keys that every pair's descriptions have.
    static let taken = [
        "name", "summary", "slice-max", "idle-cpu", "kernel-threads", "preempt-on-wakeup",
    ]

    /// - Parameter section: where it stands, for messages.
    mutating func parameter(
        _ name: String, _ key: Node, _ value: Node, of section: String = "params"
    ) -> Declaration.Parameter? {
        let what = "\(section).\(name)"
        guard let mapping = value.mapping else {
            add(value, "\(what) is a mapping of \(Words.all(Self.parameterKeys))")
            return nil
        }
        for (key, _) in mapping where !Self.parameterKeys.contains(key.string ?? "") {
            let word = key.string ?? ""
            add(
                key,
                "\(what): unknown key \(Words.quoted(word)); \(Words.all(Self.parameterKeys)) are known"
                    + Words.hint(word, among: Self.parameterKeys))
        }
        guard let type = mapping["type"] else {
            add(key, "\(what) has no type; \(Words.all(Self.parameterTypes)) are known")
            return nil
        }
        let kind: Declaration.Parameter.Kind
        let width: Declaration.Width
        switch type.string ?? "" {
        case "duration": (kind, width) = (.duration, .u64)
        case "bool": (kind, width) = (.bool, .u8)
        case "cpus": (kind, width) = (.cpus, .u32)
        case let word:
            guard let found = Declaration.Width(rawValue: word) else {
                add(
                    type,
                    "\(what) is of the type \(Words.quoted(word)); \(Words.all(Self.parameterTypes)) are known"
                        + Words.hint(word, among: Self.parameterTypes))
                return nil
            }
            (kind, width) = (.integer, found)
        }
        guard let range = range(mapping["range"], kind, width, key, what),
            let number = initial(mapping["default"], kind, width, range, key, what)
        else { return nil }
        let doc = mapping["doc"]?.string?.split(separator: "\n").joined(separator: " ") ?? ""
        return .init(key: name, kind: kind, width: width, range: range, value: number, doc: doc)
    }

    /// `100us..100ms`, which numbers and durations need, and nothing else has.
    private mutating func range(
        _ node: Node?, _ kind: Declaration.Parameter.Kind, _ width: Declaration.Width, _ key: Node,
        _ what: String
    ) -> ClosedRange<UInt64>? {
        if kind == .bool || kind == .cpus {
            guard let node else { return kind == .bool ? 0...1 : 0...UInt64(UInt32.max) }
            add(
                node,
                "\(what) has a range, and is \(kind == .bool ? "true or false" : CPUSpan.allowed): leave it out"
            )
            return nil
        }
        let parts = (node?.string ?? "").split(separator: "..", maxSplits: 1).map(String.init)
        guard let node, parts.count == 2 else {
            let sample = kind == .duration ? "100us..100ms" : "1..64"
            add(node ?? key, "\(what) needs a range, written \(sample), the smaller one first")
            return nil
        }
        var ends: [UInt64] = []
        for part in parts {
            do {
                ends.append(try number(part, kind, width))
            } catch {
                add(node, "\(what): \(Words.quoted(part)) of its range \(error.text)")
            }
        }
        guard ends.count == 2 else { return nil }
        guard ends[0] <= ends[1] else {
            add(node, "\(what): the range begins with the larger one; the smaller one comes first")
            return nil
        }
        return ends[0]...ends[1]
    }

    /// The default.
    private mutating func initial(
        _ node: Node?, _ kind: Declaration.Parameter.Kind, _ width: Declaration.Width,
        _ range: ClosedRange<UInt64>, _ key: Node, _ what: String
    ) -> UInt64? {
        guard let node, let text = node.string, !text.isEmpty else {
            add(node ?? key, "\(what) needs a default, \(Self.allowed(kind, range))")
            return nil
        }
        do {
            let number = try number(text, kind, width)
            if range.contains(number) { return number }
            add(node, "\(what): the default is outside of the range, \(Self.allowed(kind, range))")
        } catch {
            add(node, "\(what): the default \(Words.quoted(text)) \(error.text)")
        }
        return nil
    }

    private func number(
        _ text: String, _ kind: Declaration.Parameter.Kind, _ width: Declaration.Width
    ) throws(DurationText.Flaw) -> UInt64 {
        switch kind {
        case .duration: return try DurationText.ns(text)
        case .integer:
            guard let number = UInt64(text) else { throw .init(text: "is no whole number, 0 or more") }
            if number <= width.most { return number }
            throw .init(text: "is too much for \(width.rawValue): \(width.most) at most")
        case .bool:
            if text == "true" || text == "false" { return text == "true" ? 1 : 0 }
            throw .init(text: "is neither true nor false")
        case .cpus:
            if let span = CPUSpan(text) { return UInt64(span.encoded) }
            throw .init(text: "is not \(CPUSpan.allowed)")
        }
    }

    private static func allowed(_ kind: Declaration.Parameter.Kind, _ range: ClosedRange<UInt64>) -> String {
        switch kind {
        case .duration:
            "\(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
        case .integer: "\(range.lowerBound) to \(range.upperBound)"
        case .bool: "true or false"
        case .cpus: CPUSpan.allowed
        }
    }
}
