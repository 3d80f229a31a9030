// SPDX-License-Identifier: GPL-2.0-only

// Terms as people read them, for what is not proven.

extension Terms {
    /// - Parameter depth: what lies deeper is left out.
    func text(_ term: Term, depth: Int = 6) -> String {
        let node = nodes[term.place]
        if depth == 0 && !node.arguments.isEmpty { return "…" }
        let parts = node.arguments.map { text($0, depth: depth - 1) }
        switch node.operation {
        case .constant: return String(node.value)
        case .variable: return names[Int(node.value)]
        case .sum:
            let width = Int(node.width)
            var text = zip(node.factors, parts).map { factor, part -> String in
                let value = signed(factor, width)
                return value == 1 ? part : value == -1 ? "-\(part)" : "\(value)·\(part)"
            }.joined(separator: " + ")
            if node.value != 0 { text += " + \(signed(node.value, width))" }
            return "(\(text))"
        case .product: return "\(parts[0])·\(parts[1])"
        case .quotient: return "\(parts[0]) / \(parts[1])"
        case .remainder: return "\(parts[0]) % \(parts[1])"
        case .zeroExtend: return parts[0]
        case .signExtend: return "signed(\(parts[0]))"
        case .extract: return "\(parts[0])[\(node.value)..<\(Int(node.value) + Int(node.width))]"
        case .minimum: return "min(\(parts[0]), \(parts[1]))"
        case .maximum: return "max(\(parts[0]), \(parts[1]))"
        case .isZero: return "(\(parts[0]) = 0)"
        case .isAtMost: return "(\(parts[0]) <= \(parts[1]))"
        case .isAtMostSigned: return "(\(parts[0]) <=s \(parts[1]))"
        case .choice:
            return "(\(text(Condition(index: Int32(node.value)))) ? \(parts[0]) : \(parts[1]))"
        case .and, .or, .xor, .shiftLeft, .shiftRight, .shiftRightSigned:
            return "\(node.operation)(\(parts.joined(separator: ", ")))"
        }
    }

    /// A condition, as the ways through it.
    func text(_ condition: Condition, depth: Int = 6) -> String {
        if condition == .always { return "always" }
        if condition == .never { return "never" }
        var ways: [String] = []
        func walk(_ condition: Condition, _ path: [String]) {
            if condition == .never || ways.count > 4 { return }
            if condition == .always {
                ways.append(path.joined(separator: " & "))
                return
            }
            let node = diagrams.nodes[Int(condition.index)]
            let atom = text(diagrams.atoms[Int(node.atom)], depth: depth)
            walk(node.high, path + [atom])
            walk(node.low, path + ["!\(atom)"])
        }
        walk(condition, [])
        return ways.joined(separator: " | ")
    }
}
