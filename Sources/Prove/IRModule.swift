// SPDX-License-Identifier: GPL-2.0-only
import SwiftToBPF

/// LLVM IR as text, as `clang -S -emit-llvm` and `swiftc -emit-ir` print it: as much as integer code needs.
/// Functions are read when they are asked for; an instruction that is not known is kept by its name, and
/// refused when an execution comes to it.
package final class IRModule {
    /// The file's name, for messages.
    let name: String
    let lines: [Substring]
    private var definitions: [String: Int] = [:]
    private var typeLines: [String: Int] = [:]
    private var types: [String: IRType] = [:]
    private var functions: [String: IRFunction] = [:]

    package init(name: String, text: String) {
        self.name = name
        lines = SourceComments.added(to: text).split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            if line.hasPrefix("define") {
                if let name = Self.defined(line) { definitions[name] = number }
            } else if line.hasPrefix("%"), let end = line.firstRange(of: " = type ") {
                typeLines[String(line[..<end.lowerBound].filter { $0 != "\"" })] = number
            }
        }
    }

    /// The constant that a function without parameters returns; nil if there is none.
    package func constant(of function: String) -> UInt64? {
        guard let begin = definitions[function],
            let end = lines[begin...].first(where: { $0.hasPrefix("  ret ") || $0 == "}" })
        else { return nil }
        let words = end.split(separator: " ")
        return words.count > 2 ? UInt64(words[2].prefix { $0.isNumber }) : nil
    }

    /// The compiler that made it, as it says itself; for messages.
    package var compiler: String? {
        for line in lines.reversed() {
            guard line.hasPrefix("!"), let begin = line.firstRange(of: "!\""), line.hasSuffix("\"}"),
                line.contains("version")
            else { continue }
            return String(line[begin.upperBound...].dropLast(2))
        }
        return nil
    }

    private static func defined(_ line: Substring) -> String? {
        guard let at = line.firstIndex(of: "@") else { return nil }
        var rest = line[line.index(after: at)...]
        if rest.first == "\"" {
            rest = rest.dropFirst()
            return rest.firstIndex(of: "\"").map { String(rest[..<$0]) }
        }
        return rest.firstIndex(of: "(").map { String(rest[..<$0]) }
    }

    package func has(_ function: String) -> Bool { definitions[function] != nil }

    func function(_ name: String) throws(NotModelled) -> IRFunction {
        if let found = functions[name] { return found }
        guard let begin = definitions[name] else {
            throw NotModelled(what: "there is no function \(name)", place: self.name)
        }
        var reader = IRFunctionReader(module: self, begin: begin)
        let function = try reader.read(name: name)
        functions[name] = function
        return function
    }

    func type(named name: String, at line: Int) throws(NotModelled) -> IRType {
        if let found = types[name] { return found }
        guard let number = typeLines[name] else {
            throw NotModelled(what: "there is no type \(name)", place: place(line))
        }
        var tokens = IRTokens(lines[number])
        tokens.skip(3)
        let type = try tokens.type(self, number)
        types[name] = type
        return type
    }

    /// How a line is named in messages: by the source's line, if that is known.
    func place(_ line: Int) -> String {
        let own = "\(name), line \(line + 1)"
        guard let known = source(line) else { return own }
        return "\(known) (\(own))"
    }

    /// Swift's words for the trap in a line.
    func failure(_ line: Int) -> String? {
        SourceComments.read(lines[line])?.failure.map(String.init)
    }

    /// Of a line that is from nowhere, the place of the next one in the same function that is from somewhere.
    private func source(_ line: Int) -> Substring? {
        for next in lines[line...].prefix(200) {
            if next == "}" { return nil }
            if let found = SourceComments.read(next) { return found.place }
        }
        return nil
    }
}

indirect enum IRType: Equatable {
    case integer(Int)
    case pointer
    case void
    case array(Int, IRType)
    case structure([IRType], isPacked: Bool)

    /// Bytes, with the padding behind.
    var size: Int {
        switch self {
        case .integer(let width): width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : (width + 63) / 64 * 8
        case .pointer: 8
        case .void: 0
        case .array(let count, let element): count * element.size
        case .structure: layout.size
        }
    }

    var alignment: Int {
        switch self {
        case .integer, .pointer: size
        case .void: 1
        case .array(_, let element): element.alignment
        case .structure(let fields, let isPacked): isPacked ? 1 : fields.map(\.alignment).max() ?? 1
        }
    }

    /// Where the fields are.
    var layout: (offsets: [Int], size: Int) {
        guard case .structure(let fields, let isPacked) = self else { return ([], size) }
        var place = 0
        var offsets: [Int] = []
        for field in fields {
            let alignment = isPacked ? 1 : field.alignment
            place = (place + alignment - 1) / alignment * alignment
            offsets.append(place)
            place += field.size
        }
        return (offsets, (place + alignment - 1) / alignment * alignment)
    }
}

indirect enum IROperand {
    case local(Int)
    case integer(UInt64)
    case null
    case undefined
    case global(String)
    /// A constant structure, in parts.
    case parts([(type: IRType, operand: IROperand)])
}

struct IRInstruction {
    enum Kind {
        case binary(String, Int, IROperand, IROperand, flags: [String])
        case compare(String, IRType, IROperand, IROperand, isSameSign: Bool)
        case cast(String, IRType, IROperand, IRType, flags: [String])
        case select(IROperand, IRType, IROperand, IROperand)
        case phi(IRType, [(operand: IROperand, block: String)])
        case load(IRType, IROperand)
        case store(IRType, IROperand, IROperand)
        case address(IRType, IROperand, [(width: Int, operand: IROperand)])
        case alloca(IRType)
        case call(String, IRType, [(type: IRType, operand: IROperand)])
        case assembly(String)
        case extractValue(IROperand, Int)
        case insertValue(IRType, IROperand, IRType, IROperand, Int)
        case freeze(IRType, IROperand)
        case branch(String)
        case branchIf(IROperand, String, String)
        case switchOn(Int, IROperand, String, [(value: UInt64, block: String)])
        case finish(IRType, IROperand?)
        case unreachable
        case other(String)
    }

    let line: Int
    let result: Int?
    let kind: Kind
}

struct IRBlock {
    let name: String
    var instructions: [IRInstruction] = []
}

struct IRFunction {
    let name: String
    let parameters: [(type: IRType, local: Int)]
    let returnType: IRType
    let blocks: [IRBlock]
    /// How many values there are.
    let locals: Int
    /// For each block, when it is worked on: those of one loop side by side.
    let order: [Int]
    let numbers: [String: Int]
    /// Line of the definition.
    let line: Int
}
