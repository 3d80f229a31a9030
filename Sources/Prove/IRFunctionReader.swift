// SPDX-License-Identifier: GPL-2.0-only

/// Reads one function of LLVM IR.
struct IRFunctionReader {
    private let module: IRModule
    private var line: Int
    private var locals: [String: Int] = [:]

    init(module: IRModule, begin: Int) {
        self.module = module
        line = begin
    }

    private mutating func local(_ name: String) -> Int {
        if let found = locals[name] { return found }
        locals[name] = locals.count
        return locals.count - 1
    }

    private func refused(_ what: String) -> NotModelled { NotModelled(what: what, place: module.place(line)) }

    mutating func read(name: String) throws(NotModelled) -> IRFunction {
        let begin = line
        var head = IRTokens(module.lines[line])
        let (parameters, returnType, unnamed) = try readHead(&head)
        var blocks: [IRBlock] = []
        line += 1
        while line < module.lines.count, module.lines[line] != "}" {
            let text = module.lines[line]
            let trimmed = text.drop { $0 == " " || $0 == "\t" }
            if trimmed.isEmpty || trimmed.hasPrefix(";") || trimmed.hasPrefix("#dbg") {
                line += 1
                continue
            }
            if text.first != " ", let colon = text.firstIndex(of: ":") {
                blocks.append(IRBlock(name: String(text[..<colon].filter { $0 != "\"" })))
                line += 1
                continue
            }
            if blocks.isEmpty { blocks.append(IRBlock(name: "\(unnamed)")) }
            let instruction = try readInstruction()
            blocks[blocks.count - 1].instructions.append(instruction)
            line += 1
        }
        let numbers = Dictionary(blocks.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let order = try BlockOrder.of(
            blocks.count,
            blocks.map { (block: IRBlock) throws(NotModelled) -> [Int] in try successors(block, numbers) })
        return IRFunction(
            name: name, parameters: parameters, returnType: returnType, blocks: blocks, locals: locals.count,
            order: order, numbers: numbers, line: begin)
    }

    private func successors(_ block: IRBlock, _ numbers: [String: Int]) throws(NotModelled) -> [Int] {
        guard let last = block.instructions.last else { throw refused("an empty block") }
        let names: [String]
        switch last.kind {
        case .branch(let to): names = [to]
        case .branchIf(_, let then, let otherwise): names = [then, otherwise]
        case .switchOn(_, _, let otherwise, let cases): names = [otherwise] + cases.map(\.block)
        default: names = []
        }
        return names.compactMap { numbers[$0] }
    }

    private mutating func readHead(
        _ head: inout IRTokens
    ) throws(NotModelled) -> (parameters: [(type: IRType, local: Int)], returnType: IRType, unnamed: Int) {
        head.skip(1)
        head.skipToType()
        let returnType = try head.type(module, line)
        while let word = head.peek, !word.hasPrefix("@") { head.skipAttribute() }
        head.skip(1)
        guard head.accept("(") else { throw refused("a function's head") }
        var parameters: [(type: IRType, local: Int)] = []
        var unnamed = 0
        while !head.accept(")") {
            let type = try head.type(module, line)
            while let word = head.peek, !word.hasPrefix("%"), word != ",", word != ")" {
                head.skipAttribute()
            }
            if let word = head.peek, word.hasPrefix("%") {
                head.skip(1)
                if Int(word.dropFirst()) != nil { unnamed += 1 }
                parameters.append((type, local(word)))
            } else {
                parameters.append((type, local("%\(unnamed)")))
                unnamed += 1
            }
            if !head.accept(",") && head.peek != ")" { throw refused("the parameters of a function") }
        }
        return (parameters, returnType, unnamed)
    }

    private mutating func operand(_ tokens: inout IRTokens, _ type: IRType) throws(NotModelled) -> IROperand {
        guard let word = tokens.next() else { throw refused("an operand is missing") }
        if word.hasPrefix("%") { return .local(local(word)) }
        if word.hasPrefix("@") { return .global(String(word.dropFirst())) }
        switch word {
        case "true": return .integer(1)
        case "false": return .integer(0)
        case "null": return .null
        case "zeroinitializer":
            if case .integer = type { return .integer(0) }
            throw refused("an aggregate of zeros")
        case "undef", "poison": return .undefined
        case "{":
            var parts: [(type: IRType, operand: IROperand)] = []
            while !tokens.accept("}") {
                parts.append(try typed(&tokens))
                if !tokens.accept(",") && tokens.peek != "}" { throw refused("a constant structure") }
            }
            return .parts(parts)
        default:
            guard case .integer(let width) = type else { throw refused("the operand \(word)") }
            if let value = UInt64(word) { return .integer(value & mask(width)) }
            if let value = Int64(word) { return .integer(UInt64(bitPattern: value) & mask(width)) }
            throw refused("the operand \(word)")
        }
    }

    private mutating func typed(_ tokens: inout IRTokens) throws(NotModelled) -> (
        type: IRType, operand: IROperand
    ) {
        tokens.skipToType()
        let type = try tokens.type(module, line)
        while let word = tokens.peek, Self.isAttribute(word) {
            tokens.skipAttribute()
            // As in `align 8`.
            if word == "align" { tokens.skip(1) }
        }
        return (type, try operand(&tokens, type))
    }

    /// A word between an argument's type and its value.
    private static func isAttribute(_ word: String) -> Bool {
        guard let first = word.first, first.isLetter else { return false }
        return !["true", "false", "null", "undef", "poison", "zeroinitializer"].contains(word)
    }

    private mutating func block(_ tokens: inout IRTokens) throws(NotModelled) -> String {
        guard tokens.accept("label"), let word = tokens.next(), word.hasPrefix("%") else {
            throw refused("the target of a branch")
        }
        return String(word.dropFirst())
    }

    private mutating func readInstruction() throws(NotModelled) -> IRInstruction {
        let begin = line
        var tokens = IRTokens(module.lines[line])
        var result: Int?
        if let first = tokens.peek, first.hasPrefix("%"), tokens.words.count > 1, tokens.words[1] == "=" {
            result = local(first)
            tokens.skip(2)
        }
        let kind = try readKind(&tokens)
        return IRInstruction(line: begin, result: result, kind: kind)
    }

    private mutating func flags(_ tokens: inout IRTokens) -> [String] {
        var found: [String] = []
        while let word = tokens.peek, !IRTokens.beginsType(word) {
            found.append(word)
            tokens.skip(1)
        }
        return found
    }

    private mutating func readKind(_ tokens: inout IRTokens) throws(NotModelled) -> IRInstruction.Kind {
        guard let name = tokens.next() else { throw refused("an empty line") }
        switch name {
        case "add", "sub", "mul", "udiv", "urem", "sdiv", "srem", "and", "or", "xor", "shl", "lshr", "ashr":
            let flags = flags(&tokens)
            guard case .integer(let width) = try tokens.type(module, line) else {
                throw refused("\(name) of something that is no integer")
            }
            let a = try operand(&tokens, .integer(width))
            guard tokens.accept(",") else { throw refused(name) }
            return .binary(name, width, a, try operand(&tokens, .integer(width)), flags: flags)
        case "icmp":
            let isSameSign = tokens.accept("samesign")
            guard let predicate = tokens.next() else { throw refused(name) }
            let type = try tokens.type(module, line)
            let a = try operand(&tokens, type)
            guard tokens.accept(",") else { throw refused(name) }
            return .compare(predicate, type, a, try operand(&tokens, type), isSameSign: isSameSign)
        case "zext", "sext", "trunc", "ptrtoint", "inttoptr", "bitcast":
            let flags = flags(&tokens)
            let from = try tokens.type(module, line)
            let a = try operand(&tokens, from)
            guard tokens.accept("to") else { throw refused(name) }
            return .cast(name, from, a, try tokens.type(module, line), flags: flags)
        case "select":
            let condition = try typed(&tokens)
            guard tokens.accept(",") else { throw refused(name) }
            let a = try typed(&tokens)
            guard tokens.accept(",") else { throw refused(name) }
            return .select(condition.operand, a.type, a.operand, try typed(&tokens).operand)
        case "phi": return try readPhi(&tokens)
        case "load":
            let type = try tokens.type(module, line)
            guard tokens.accept(",") else { throw refused(name) }
            return .load(type, try typed(&tokens).operand)
        case "store":
            let value = try typed(&tokens)
            guard tokens.accept(",") else { throw refused(name) }
            return .store(value.type, value.operand, try typed(&tokens).operand)
        case "getelementptr": return try readAddress(&tokens)
        case "alloca": return .alloca(try tokens.type(module, line))
        case "tail", "musttail", "notail": return try readKind(&tokens)
        case "call": return try readCall(&tokens)
        case "extractvalue":
            let value = try typed(&tokens)
            guard tokens.accept(","), let index = tokens.next().flatMap({ Int($0) }), tokens.peek == nil
            else { throw refused(name) }
            return .extractValue(value.operand, index)
        case "insertvalue":
            let value = try typed(&tokens)
            guard tokens.accept(",") else { throw refused(name) }
            let part = try typed(&tokens)
            guard tokens.accept(","), let index = tokens.next().flatMap({ Int($0) }), tokens.peek == nil
            else { throw refused(name) }
            return .insertValue(value.type, value.operand, part.type, part.operand, index)
        case "freeze":
            let value = try typed(&tokens)
            return .freeze(value.type, value.operand)
        case "br":
            if tokens.peek == "label" { return .branch(try block(&tokens)) }
            let condition = try typed(&tokens)
            guard tokens.accept(",") else { throw refused(name) }
            let then = try block(&tokens)
            guard tokens.accept(",") else { throw refused(name) }
            return .branchIf(condition.operand, then, try block(&tokens))
        case "switch": return try readSwitch(&tokens)
        case "ret":
            let type = try tokens.type(module, line)
            return .finish(type, type == .void ? nil : try operand(&tokens, type))
        case "unreachable": return .unreachable
        default: return .other(name)
        }
    }

    private mutating func readPhi(_ tokens: inout IRTokens) throws(NotModelled) -> IRInstruction.Kind {
        tokens.skipToType()
        let type = try tokens.type(module, line)
        var ways: [(operand: IROperand, block: String)] = []
        repeat {
            guard tokens.accept("[") else { throw refused("phi") }
            let value = try operand(&tokens, type)
            guard tokens.accept(","), let block = tokens.next(), tokens.accept("]") else {
                throw refused("phi")
            }
            ways.append((value, String(block.dropFirst())))
        } while tokens.accept(",")
        return .phi(type, ways)
    }

    private mutating func readAddress(_ tokens: inout IRTokens) throws(NotModelled) -> IRInstruction.Kind {
        while let word = tokens.peek, ["inbounds", "nuw", "nusw"].contains(word) { tokens.skip(1) }
        let type = try tokens.type(module, line)
        guard tokens.accept(",") else { throw refused("getelementptr") }
        let base = try typed(&tokens)
        var indices: [(width: Int, operand: IROperand)] = []
        while tokens.accept(",") {
            let index = try typed(&tokens)
            guard case .integer(let width) = index.type else { throw refused("getelementptr") }
            indices.append((width, index.operand))
        }
        return .address(type, base.operand, indices)
    }

    private mutating func readCall(_ tokens: inout IRTokens) throws(NotModelled) -> IRInstruction.Kind {
        tokens.skipToType()
        let type = try tokens.type(module, line)
        if tokens.accept("asm") {
            // The text is the first word in quotes; an empty one does nothing.
            let line = module.lines[line]
            let isEmpty = line.contains("asm sideeffect \"\",")
            return .assembly(isEmpty ? "" : String(line.drop { $0 == " " }))
        }
        guard let callee = tokens.next(), callee.hasPrefix("@"), tokens.accept("(") else {
            return .other("a call of something that is no function's name")
        }
        var arguments: [(type: IRType, operand: IROperand)] = []
        while !tokens.accept(")") {
            if tokens.peek == "metadata" { return .call(String(callee.dropFirst()), type, arguments) }
            arguments.append(try typed(&tokens))
            if !tokens.accept(",") && tokens.peek != ")" { throw refused("the arguments of \(callee)") }
        }
        return .call(String(callee.dropFirst()), type, arguments)
    }

    private mutating func readSwitch(_ tokens: inout IRTokens) throws(NotModelled) -> IRInstruction.Kind {
        let value = try typed(&tokens)
        guard case .integer(let width) = value.type, tokens.accept(",") else { throw refused("switch") }
        let otherwise = try block(&tokens)
        guard tokens.accept("[") else { throw refused("switch") }
        var cases: [(value: UInt64, block: String)] = []
        while !tokens.accept("]") {
            if tokens.peek == nil {
                line += 1
                guard line < module.lines.count else { throw refused("switch") }
                tokens = IRTokens(module.lines[line])
                continue
            }
            let type = try tokens.type(module, line)
            guard case .integer(let constant) = try operand(&tokens, type), tokens.accept(",") else {
                throw refused("switch")
            }
            cases.append((constant, try block(&tokens)))
        }
        return .switchOn(width, value.operand, otherwise, cases)
    }
}
