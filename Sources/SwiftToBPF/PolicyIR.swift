// SPDX-License-Identifier: GPL-2.0-only

/// The LLVM IR that Swift's compiler makes of a policy, rewritten for BPF.
///
/// Swift has no standard library for BPF. So a policy is compiled as Embedded Swift for another 64-bit
/// machine, before LLVM optimised anything, and the text of that is made BPF's: target, calling
/// convention, attributes. Integers and structs are laid out alike, which is checked; and all functions
/// are inlined, so that nothing is left of a calling convention. What this does not know it refuses.
public struct PolicyIR {
    /// The machine that IR is for, as its first lines say.
    public struct Target: Equatable, Sendable {
        public let triple: String
        public let layout: String

        public init(triple: String, layout: String) {
            self.triple = triple
            self.layout = layout
        }

        /// The target that IR names; nil if it names none.
        public init?(of ir: String) {
            let lines = ir.split(separator: "\n")
            guard let triple = Self.value("target triple = ", in: lines),
                let layout = Self.value("target datalayout = ", in: lines)
            else { return nil }
            self.init(triple: triple, layout: layout)
        }

        private static func value(_ key: String, in lines: [Substring]) -> String? {
            guard let line = lines.first(where: { $0.hasPrefix(key) }) else { return nil }
            return String(line.dropFirst(key.count).filter { $0 != "\"" })
        }

        /// What decides on the layout of integers, pointers and structs: not the registers, nor the
        /// stack, nor address spaces and kinds of numbers that a policy does not have.
        var memoryLayout: Set<String> {
            let parts = layout.split(separator: "-").map(String.init)
            return Set(
                parts.filter { part in
                    part != "p:64:64" && !["n", "S", "f80:"].contains { part.hasPrefix($0) }
                        && !(part.hasPrefix("p") && part.dropFirst().first?.isNumber == true)
                })
        }
    }

    /// A place at which the policy would trap, if it came there.
    public struct Trap: Hashable, Sendable {
        /// What the verifier names: see `firstTrap`.
        public let number: Int32
        /// The place; nil if it is in no source of the policy's.
        public let place: SourcePlace?
        /// Swift's own words, such as "arithmetic overflow".
        public let failure: String
    }

    /// Why IR is refused.
    public enum Refusal: Error, Equatable, CustomStringConvertible {
        case noTarget
        case otherTarget(found: String, expected: String)
        case otherLayout(found: String, bpf: String)
        case convention(String, line: String)
        case attributes(line: String)
        case assembly(line: String)

        public var description: String {
            switch self {
            case .noTarget: "it names no target triple and data layout"
            case .otherTarget(let found, let expected): "it is for \(found), not for \(expected)"
            case .otherLayout(let found, let bpf):
                "memory is laid out as \(found), which is not BPF's \(bpf)"
            case .convention(let word, let line): "a calling convention that is not known, \(word): \(line)"
            case .attributes(let line): "a function without a group of attributes: \(line)"
            case .assembly(let line): "assembly of another machine: \(line)"
            }
        }
    }

    /// A trap is a call of a helper that no kernel has, with a number of its own from here on. The
    /// verifier refuses a program in which one can be reached, and names the number.
    public static let firstTrap: Int32 = 1_000_000

    /// The IR for BPF.
    public let text: String
    /// Every trap in it, of which most are optimised away.
    public let traps: [Trap]
    /// The lines of functions that the exported ones come to.
    private let reached: [Substring]
    private let locations: DebugLocations

    /// - Parameters:
    ///   - ir: what the compiler wrote.
    ///   - triple: the machine that it was asked for.
    ///   - bpf: what the C compiler that goes on with it says of BPF.
    ///   - sources: the policy's files, as the compiler was given them.
    ///   - exports: the functions that are called from C.
    public init(
        _ ir: String, compiledFor triple: String, bpf: Target, sources: [String], exports: [String]
    ) throws(Refusal) {
        guard let source = Target(of: ir) else { throw .noTarget }
        guard source.triple == triple else { throw .otherTarget(found: source.triple, expected: triple) }
        guard source.memoryLayout == bpf.memoryLayout else {
            throw .otherLayout(found: source.layout, bpf: bpf.layout)
        }
        let lines = ir.split(separator: "\n", omittingEmptySubsequences: false)
        reached = Self.reached(lines, from: exports)
        let files = Set(sources)
        locations = DebugLocations(lines) { files.contains($0) }
        let groups = try Self.groupsOfFunctions(lines)
        var traps: [Trap] = []
        var output = ""
        output.reserveCapacity(ir.utf8.count)
        var isAfterTrap = false
        for line in lines {
            if isAfterTrap && line.hasPrefix("  unreachable") {
                output += Self.endless(traps.count)
                isAfterTrap = false
                continue
            }
            let before = traps.count
            guard let rewritten = try Self.rewrite(line, to: bpf, groups, locations, &traps) else { continue }
            isAfterTrap = traps.count > before
            output += rewritten
            output += "\n"
        }
        text = output
        self.traps = traps
    }

    /// The lines of those functions that the named ones call, or name, and so on.
    private static func reached(_ lines: [Substring], from exports: [String]) -> [Substring] {
        var bodies: [Substring: ArraySlice<Substring>] = [:]
        var open: (name: Substring, start: Int)?
        for (number, line) in lines.enumerated() {
            if line.hasPrefix("define "), let name = symbols(in: line).first { open = (name, number + 1) }
            if line == "}", let function = open {
                bodies[function.name] = lines[function.start..<number]
                open = nil
            }
        }
        var wanted = exports.map { Substring($0) }
        var known = Set(wanted)
        var reached: [Substring] = []
        while let name = wanted.popLast() {
            guard let body = bodies[name] else { continue }
            reached += body
            for symbol in body.flatMap(symbols) where known.insert(symbol).inserted { wanted.append(symbol) }
        }
        return reached
    }

    /// The global names in a line, without quotes.
    private static func symbols(in line: Substring) -> [Substring] {
        line.split(separator: "@").dropFirst().compactMap { rest in
            if rest.first == "\"" { return rest.dropFirst().prefix { $0 != "\"" } }
            let name = rest.prefix { $0.isLetter || $0.isNumber || "._$-".contains($0) }
            return name.isEmpty ? nil : name
        }
    }

    /// The groups of attributes of functions that are defined here.
    private static func groupsOfFunctions(_ lines: [Substring]) throws(Refusal) -> Set<Substring> {
        var groups: Set<Substring> = []
        for line in lines where line.hasPrefix("define ") {
            guard let close = line.lastIndex(of: ")"), let mark = line[close...].firstIndex(of: "#") else {
                throw .attributes(line: String(line))
            }
            groups.insert(line[line.index(after: mark)...].prefix { $0.isNumber })
        }
        return groups
    }

    /// Nil for a line that has no meaning for BPF.
    private static func rewrite(
        _ line: Substring, to bpf: Target, _ groups: Set<Substring>, _ locations: DebugLocations,
        _ traps: inout [Trap]
    ) throws(Refusal) -> String? {
        if line.hasPrefix("target triple") { return "target triple = \"\(bpf.triple)\"" }
        if line.hasPrefix("target datalayout") { return "target datalayout = \"\(bpf.layout)\"" }
        // What they keep alive are the runtime's own parts.
        if line.hasPrefix("@llvm.used") || line.hasPrefix("@llvm.compiler.used") { return nil }
        if line.hasPrefix("!llvm.linker.options") { return nil }
        if line.hasPrefix("attributes #") { return try attributes(line, groups) }
        let isFunction = line.hasPrefix("define ") || line.hasPrefix("declare ")
        let isInstruction = line.hasPrefix("  ")
        guard isFunction || isInstruction else { return String(line) }
        if let trap = Self.trap(line, locations, &traps) { return trap }
        if line.range(of: " asm ") != nil && line.range(of: "asm sideeffect \"\", \"n\"(i32 ") == nil {
            throw .assembly(line: String(line))
        }
        return try withoutConvention(line, isFunction: isFunction)
    }

    /// A group without what is another machine's, and with what makes all functions disappear.
    private static func attributes(_ line: Substring, _ groups: Set<Substring>) throws(Refusal) -> String {
        guard let open = line.firstIndex(of: "{"), let close = line.lastIndex(of: "}"),
            let mark = line.firstIndex(of: "#")
        else { throw .attributes(line: String(line)) }
        let number = line[line.index(after: mark)...].prefix { $0.isNumber }
        let dropped: Set<Substring> = [
            "noinline", "optnone", "optsize", "minsize", "ssp", "sspreq", "sspstrong", "nounwind",
            "alwaysinline",
        ]
        // Those in quotes are of the machine's own: CPU, features, frame pointers.
        var words = words(line[line.index(after: open)..<close]).filter { word in
            !word.hasPrefix("\"") && !dropped.contains(word) && !word.hasPrefix("uwtable")
        }
        words.append("nounwind")
        if groups.contains(number) { words.append("alwaysinline") }
        return "attributes #\(number) = { \(words.joined(separator: " ")) }"
    }

    /// Split at blanks outside quotes and brackets.
    private static func words(_ text: Substring) -> [Substring] {
        var words: [Substring] = []
        var start: Substring.Index?
        var isQuoted = false
        var depth = 0
        for index in text.indices {
            let letter = text[index]
            if letter == "\"" { isQuoted.toggle() }
            if !isQuoted && letter == "(" { depth += 1 }
            if !isQuoted && letter == ")" { depth -= 1 }
            if letter == " " && !isQuoted && depth == 0 {
                if let begin = start { words.append(text[begin..<index]) }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let begin = start { words.append(text[begin...]) }
        return words
    }

    /// What follows a trap in place of `unreachable`: for that LLVM 21 makes a call of a function that only
    /// new kernels have, and older ones no code at all, so that a program might end without an exit.
    private static func endless(_ number: Int) -> String {
        "  br label %sp_trap_\(number)\nsp_trap_\(number):\n  br label %sp_trap_\(number)\n"
    }

    /// The call that stands for a trap; nil if the line is none.
    private static func trap(
        _ line: Substring, _ locations: DebugLocations, _ traps: inout [Trap]
    ) -> String? {
        for name in ["@llvm.trap(", "@llvm.ubsantrap(", "@llvm.debugtrap("] {
            guard let call = line.range(of: "call void \(name)"),
                let end = line[call.upperBound...].firstIndex(of: ")")
            else { continue }
            let number = firstTrap + Int32(traps.count)
            let location = DebugLocations.location(of: line)
            traps.append(
                Trap(
                    number: number, place: location.flatMap(locations.place),
                    failure: location.flatMap(locations.failure) ?? "a trap"))
            let asm = "call void asm sideeffect \"call \(number)\", \"\"()"
            return "\(line[..<call.lowerBound])\(asm)\(line[line.index(after: end)...])"
        }
        return nil
    }

    private static let foreignWords: Set<Substring> = [
        "swifttailcc", "swiftcorocc", "tailcc", "preserve_mostcc", "preserve_allcc", "preserve_nonecc",
        "cxx_fast_tlscc", "ghccc", "anyregcc", "x86_64_sysvcc", "win64cc", "swiftasync", "musttail",
        "invoke", "callbr",
    ]

    /// Swift's convention differs from C's in registers alone, and inlined functions have none.
    private static func withoutConvention(_ line: Substring, isFunction: Bool) throws(Refusal) -> String {
        let isCall = line.range(of: "call ") != nil
        let isSlot = line.range(of: "alloca swifterror ") != nil
        guard isFunction || isCall || isSlot else { return String(line) }
        var words = line.split(separator: " ", omittingEmptySubsequences: false)
        if let word = words.first(where: { foreignWords.contains($0) }) {
            throw .convention(String(word), line: String(line))
        }
        words.removeAll { ["swiftcc", "swiftself", "swifterror"].contains($0) }
        return words.joined(separator: " ")
    }

    /// Places in the policy's sources from which a symbol is called or read.
    public func uses(of symbol: String) -> [SourcePlace] {
        let names = ["@\(symbol)(", "@\"\(symbol)\"(", "@\(symbol),", "@\"\(symbol)\","]
        return places { line in names.contains { line.range(of: $0) != nil } }
    }

    /// The same for Swift's runtime: what allocates, counts references, casts or begins a global.
    public var usesOfRuntime: [SourcePlace] {
        places { line in line.range(of: "call ") != nil && line.range(of: "@swift_") != nil }
    }

    /// Places in the policy's sources at which something is called through a pointer.
    public var indirectCalls: [SourcePlace] {
        places { line in
            guard let call = line.range(of: "call ") else { return false }
            guard let open = line[call.upperBound...].firstIndex(of: "("), line.range(of: " asm ") == nil
            else {
                return false
            }
            return line[call.upperBound..<open].split(separator: " ").last?.hasPrefix("%") == true
        }
    }

    private func places(_ isUse: (Substring) -> Bool) -> [SourcePlace] {
        var found: [SourcePlace] = []
        for line in reached where isUse(line) {
            guard let place = DebugLocations.location(of: line).flatMap(locations.place),
                !found.contains(place)
            else { continue }
            found.append(place)
        }
        return found
    }
}
