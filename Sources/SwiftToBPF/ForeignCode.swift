// SPDX-License-Identifier: GPL-2.0-only

/// A construct of a policy's source that BPF has nothing for.
public struct ForeignConstruct: Hashable, Sendable, CustomStringConvertible {
    /// Where the author wrote it.
    public let place: SourcePlace
    /// In the author's words.
    public let what: String
    /// What to write in its place.
    public let instead: String

    public var description: String { "\(place): \(what); \(instead)" }
}

/// Why clang's backend does not make BPF of a policy: it names the C line into which the policy was inlined, and
/// functions of a library that nobody called. What those stand for is in the IR that it was given.
///
/// Asked only once clang has failed: what the optimiser takes away, such as a checked product of small numbers,
/// is no obstacle, and what it leaves can be one in one place and none in another.
public struct ForeignCode {
    /// What cannot be compiled, in the order of the sources; each once in a line.
    public let constructs: [ForeignConstruct]

    /// More than this is not left of 512 bytes, beside what the mechanism has.
    private static let largeVariable = 400

    /// - Parameters:
    ///   - ir: a BPF program with the policy in it, optimised.
    ///   - authors: the sources that the author can change.
    ///   - others: sources of the library, named where nothing else is to be blamed.
    public init(in ir: String, authors: Set<String>, others: Set<String> = []) {
        let lines = ir.split(separator: "\n", omittingEmptySubsequences: true)
        let scanner = Scanner(lines, authors: authors, others: others)
        var found = scanner.found(largeVariable: Self.largeVariable)
        // The stack is full of small ones.
        if found.isEmpty { found = scanner.found(largeVariable: 63).filter { $0.kind.isVariable } }
        constructs = Self.merged(found)
    }

    /// One of a kind in a line; and what is said of a string or a set says why there is an array or an object.
    private static func merged(_ found: [Finding]) -> [ForeignConstruct] {
        var first: [Line: [Kind: SourcePlace]] = [:]
        for finding in found {
            let line = Line(file: finding.place.file, number: finding.place.line)
            let known = first[line]?[finding.kind]
            if known.map({ $0.column <= finding.place.column }) != true {
                first[line, default: [:]][finding.kind] = finding.place
            }
        }
        let lines = first.sorted { ($0.key.file, $0.key.number) < ($1.key.file, $1.key.number) }
        return lines.flatMap { _, kinds in
            let left = kinds.filter { kind, _ in !kinds.keys.contains { $0.covers(kind) } }
            return left.sorted { ($0.value.column, $0.key.what) < ($1.value.column, $1.key.what) }
                .map { ForeignConstruct(place: $0.value, what: $0.key.what, instead: $0.key.instead) }
        }
    }

    private struct Line: Hashable {
        let file: String
        let number: Int
    }
}

/// One instruction, as an obstacle.
private struct Finding {
    let place: SourcePlace
    /// How little that place says: 0 is a line of the author's.
    let vagueness: Int
    let kind: Kind
}

private enum Kind: Hashable {
    case floating
    case product, checkedProduct, quotient
    case signedDivision
    case random, printing
    case array, set, dictionary, string
    case heap, global, atomic
    case pointerCall
    case recursion(String)
    case variable(bytes: Int)
    case variableSize
    case copy
    case call(String)

    var isVariable: Bool {
        if case .variable = self { return true }
        return false
    }

    /// Whether the other one is nothing but a part of how this one works.
    func covers(_ other: Kind) -> Bool {
        switch self {
        case .string, .set, .dictionary: [.array, .heap, .pointerCall, .random, .copy].contains(other)
        case .array: [.heap, .pointerCall, .copy].contains(other)
        case .printing: [.copy, .string, .array, .heap].contains(other) || other.isVariable
        case .heap: other == .pointerCall
        case .variable: other == .copy
        default: false
        }
    }

    var what: String {
        switch self {
        case .floating: "floating-point numbers (Double, Float)"
        case .product: "a product of 128 bits (UInt128, multipliedFullWidth)"
        case .checkedProduct:
            "a product of 64 bits with a check for overflow (*, multipliedReportingOverflow)"
        case .quotient: "a quotient of 128 bits (UInt128, dividingFullWidth)"
        case .signedDivision: "a signed division ('/' or '%' of Int, Int64, Int32)"
        case .random: "random numbers"
        case .printing: "print"
        case .array: "an array that grows"
        case .set: "a Set"
        case .dictionary: "a Dictionary"
        case .string: "a String"
        case .heap: "memory of the heap (a class, a closure that is kept, allocate)"
        case .global: "a global or static variable that is computed when it is first used"
        case .atomic: "an atomic variable"
        case .pointerCall: "a call of what is chosen at run time (a closure that is kept)"
        case .recursion(let name): "recursion ('\(name)' comes back to itself)"
        case .variable(let bytes): "a variable of \(bytes) bytes, where the kernel's stack has 512"
        case .variableSize: "memory for the time of a call, of a size that is no number"
        case .copy: "memory that is filled or copied at once, of a size that is large or no number"
        case .call(let name): "'\(name)', which the kernel does not have"
        }
    }

    var instead: String {
        switch self {
        case .floating: "write integers with a scale, such as per mille: 'x &* 1500 / 1000'"
        case .product:
            "multiply halves of 32 bits: '(a >> 32) &* b &+ (((a & 0xffff_ffff) &* b) >> 32)' is a * b >> 32 for a b below 2^32"
        case .checkedProduct:
            // A comparison with a quotient is made such a product again by LLVM.
            "write &*, which wraps, of factors that were bounded before: 'min(a, 0xffff_ffff) &* min(b, 0xffff_ffff)'"
        case .quotient: "divide numbers of 64 bits, scaled so that they fit"
        case .signedDivision: "divide unsigned numbers, such as 'x.magnitude / 3', and put the sign back"
        case .random:
            "mix what the event has: '((event.now ^ UInt64(event.pid)) &* 0x9e37_79b9_7f4a_7c15) >> 62'"
        case .printing: "leave it out, or print in user mode, in a test or in the program"
        case .array: "take an InlineArray of a fixed size, or a tuple"
        case .set, .dictionary: "take an InlineArray<64, …> by a mask of the key, or the bits of a UInt64"
        case .string: "compare numbers: of a task, the event says the pid and the weight"
        case .heap: "write a struct or an enum, and call a closure where it is made"
        case .global: "keep it in the policy's state, or make it a constant that is a number"
        case .atomic: "take a plain number: the policy's own state is locked"
        case .pointerCall: "write 'switch' or 'if' around the calls, and no closure in a variable"
        case .recursion: "write a loop with a bound that is a number"
        case .variable, .variableSize: "keep a large array in the policy's own state, or a smaller one"
        case .copy: "write a loop over a fixed, small number of values"
        case .call: "write it out in the policy"
        }
    }
}

private struct Scanner {
    private let lines: [Substring]
    private let authors: Set<String>
    private let locations: DebugLocations
    private let types: TypeSizes
    /// Functions that are in the program.
    private let defined: Set<Substring>

    init(_ lines: [Substring], authors: Set<String>, others: Set<String>) {
        self.lines = lines
        self.authors = authors
        let sources = authors.union(others)
        locations = DebugLocations(lines) { sources.contains($0) }
        types = TypeSizes(lines)
        defined = Set(lines.filter { $0.hasPrefix("define ") }.compactMap { Self.callee(of: $0) })
    }

    func found(largeVariable: Int) -> [Finding] {
        var found: [Finding] = []
        // Of the function that the line is in.
        var function: Substring = ""
        var variables: [Substring: Int] = [:]
        for line in lines {
            if line.hasPrefix("define ") {
                function = Self.callee(of: line) ?? ""
                variables = [:]
            }
            guard line.hasPrefix("  ") else { continue }
            let words = Self.words(line)
            if let (name, bytes) = variable(words, line) {
                if bytes > largeVariable { variables[name] = bytes }
                continue
            }
            guard let frames = DebugLocations.location(of: line).map(locations.frames),
                let (author, place, vagueness) = blamed(frames)
            else { continue }
            let inner = frames[..<author].map(\.function)
            if let kind = kind(words, line, in: function, below: inner) {
                found.append(Finding(place: place, vagueness: vagueness, kind: kind))
            }
            // Where a variable begins to live says only what was inlined.
            guard line.range(of: "@llvm.lifetime.") == nil else { continue }
            for (name, bytes) in variables where Self.names(name, in: line) {
                found.append(Finding(place: place, vagueness: vagueness, kind: .variable(bytes: bytes)))
                variables[name] = nil
            }
        }
        // What is let go of at a function's end has no line; whatever it was is made in one.
        let best = found.map(\.vagueness).min()
        return found.filter { $0.vagueness == best }
    }

    /// The innermost place of the author's; where there is none, the function of the author's that it is in, and then
    /// what is the library's.
    private func blamed(
        _ frames: [DebugLocations.Frame]
    ) -> (frame: Int, place: SourcePlace, vagueness: Int)? {
        let places: [(DebugLocations.Frame) -> SourcePlace?] = [
            { frame in frame.place.flatMap { authors.contains($0.file) ? $0 : nil } },
            { frame in frame.functionPlace.flatMap { authors.contains($0.file) ? $0 : nil } }, { $0.place },
        ]
        for (vagueness, place) in places.enumerated() {
            for (index, frame) in frames.enumerated() {
                if let found = place(frame) { return (index, found, vagueness) }
            }
        }
        return nil
    }

    /// A variable on the stack, and how large it is; nil for any other instruction.
    private func variable(_ words: [Substring], _ line: Substring) -> (name: Substring, bytes: Int)? {
        guard words.first == "alloca", words.count > 1, let name = line.split(separator: " ").first else {
            return nil
        }
        let bytes = types.size(line[words[1].startIndex...])
        // Several of the type: `alloca i8, i64 24`.
        let kinds = words.dropFirst().indices.filter { words[$0] == "i64" && $0 + 1 < words.count && $0 > 1 }
        guard let count = kinds.last.map({ words[$0 + 1] }) else { return (name, bytes) }
        guard let number = Int(count) else { return nil }
        return (name, bytes.multipliedReportingOverflow(by: number).partialValue)
    }

    /// - Parameter inner: functions of the standard library around the instruction, inlined into the author's.
    private func kind(
        _ words: [Substring], _ line: Substring, in function: Substring, below inner: [Substring]
    ) -> Kind? {
        guard let opcode = words.first else { return nil }
        let isWide = words.contains("i128")
        switch opcode {
        case "fadd", "fsub", "fmul", "fdiv", "frem", "fneg", "fcmp", "uitofp", "sitofp", "fptoui", "fptosi",
            "fptrunc", "fpext":
            return .floating
        case "mul": return isWide ? .product : nil
        case "udiv", "urem": return isWide ? .quotient : nil
        case "sdiv", "srem":
            if isWide { return .quotient }
            return Self.isPowerOfTwo(words.last) ? nil : .signedDivision
        case "atomicrmw", "cmpxchg", "fence": return atomic(inner)
        // Several of a type, and how many is known at run time only.
        case "alloca": return .variableSize
        case "load", "store": return words.count > 1 && words[1] == "atomic" ? atomic(inner) : nil
        case "call": return call(line, in: function, below: inner)
        default: return nil
        }
    }

    private func atomic(_ inner: [Substring]) -> Kind {
        if inner.contains(where: { $0.range(of: "15Synchronization") != nil }) { return .atomic }
        let kind = Self.collection(inner)
        if kind == .heap, inner.contains(where: { $0 == "swift_once" }) { return .global }
        return kind
    }

    private func call(_ line: Substring, in function: Substring, below inner: [Substring]) -> Kind? {
        guard line.range(of: " asm ") == nil, let callee = Self.callee(of: line) else { return nil }
        if callee.first == "%" {
            // Counting references ends in one as well.
            return inner.isEmpty ? .pointerCall : Self.collection(inner)
        }
        if callee.hasPrefix("llvm.") { return intrinsic(callee, line) }
        if defined.contains(callee) {
            // All functions are inlined but those that come back to themselves, and the runtime's.
            guard callee.range(of: "11PolicyModel") != nil, function == callee || function.first == "$" else {
                return nil
            }
            return .recursion(String(Self.name(in: callee)))
        }
        if ["bpf_", "scx_bpf_", "__scx_bpf_"].contains(where: { callee.hasPrefix($0) }) { return nil }
        switch callee {
        case "putchar": return .printing
        case "arc4random_buf":
            let kind = Self.collection(inner)
            return kind == .heap ? .random : kind
        case "posix_memalign", "free", "malloc": return Self.collection(inner)
        default:
            if callee.hasPrefix("swift_") || callee.hasPrefix("_swift_") { return Self.collection(inner) }
            return Self.words(line).contains { $0 == "double" || $0 == "float" }
                ? .floating : .call(String(callee))
        }
    }

    private func intrinsic(_ callee: Substring, _ line: Substring) -> Kind? {
        if [".f16", ".f32", ".f64", ".f128"].contains(where: { callee.hasSuffix($0) }) { return .floating }
        let arguments = Self.arguments(line)
        for width in [".i64", ".i128"] where callee.hasSuffix("mul.with.overflow\(width)") {
            if Self.isPowerOfTwo(arguments.last?.split(separator: " ").last) { return nil }
            return width == ".i64" ? .checkedProduct : .product
        }
        guard ["llvm.memset.", "llvm.memcpy.", "llvm.memmove."].contains(where: { callee.hasPrefix($0) }),
            arguments.count > 2
        else { return nil }
        // clang makes up to 128 stores of it.
        guard let size = arguments[2].split(separator: " ").last.flatMap({ Int($0) }) else { return .copy }
        let words = arguments[0].split(separator: " ")
        let place = words.firstIndex(of: "align").map { $0 + 1 }
        let alignment = place.flatMap { $0 < words.count ? Int(words[$0]) : nil } ?? 1
        return size > 128 * min(alignment, 8) ? .copy : nil
    }

    /// What an object of the heap is for, by the functions that use it: the author's call is the last.
    private static func collection(_ inner: [Substring]) -> Kind {
        let known: [(String, Kind)] = [
            ("Sh", .set), ("SD", .dictionary), ("SS", .string), ("Sa", .array), ("5print_", .printing),
        ]
        if let last = inner.last, last.hasPrefix("$") {
            let name = last.dropFirst(2)
            for (prefix, kind) in known where name.hasPrefix(prefix) || name.hasPrefix("s\(prefix)") {
                return kind
            }
        }
        let parts: [(String, Kind)] = [
            ("5print_", .printing), ("DictionaryStorage", .dictionary), ("SetStorage", .set),
            ("StringStorage", .string), ("StringGuts", .string), ("ContiguousArray", .array),
        ]
        for (part, kind) in parts where inner.contains(where: { $0.range(of: part) != nil }) { return kind }
        return .heap
    }

    /// The words of an instruction, behind what it assigns and before its metadata.
    private static func words(_ line: Substring) -> [Substring] {
        let end = line.range(of: ", !")?.lowerBound ?? line.endIndex
        var words = line[..<end].split { $0 == " " || $0 == "," }[...]
        if words.count > 2, words[words.startIndex + 1] == "=" { words = words.dropFirst(2) }
        if ["tail", "musttail", "notail"].contains(words.first ?? "") { words = words.dropFirst() }
        return Array(words)
    }

    /// The name that stands before the arguments: a function's, without quotes; or `%…`.
    private static func callee(of line: Substring) -> Substring? {
        var index = line.startIndex
        while let mark = line[index...].firstIndex(where: { $0 == "@" || $0 == "%" }) {
            let name = line[line.index(after: mark)...]
            var rest: Substring
            let text: Substring
            if name.first == "\"" {
                text = name.dropFirst().prefix { $0 != "\"" }
                rest = line[text.endIndex...].dropFirst()
            } else {
                text = name.prefix { $0.isLetter || $0.isNumber || "._$-".contains($0) }
                rest = line[text.endIndex...]
            }
            if rest.first == "(" { return line[mark] == "%" ? line[mark..<text.endIndex] : text }
            index = rest.startIndex
        }
        return nil
    }

    /// What a call is given: nothing that is split here has commas in it where that matters.
    private static func arguments(_ line: Substring) -> [Substring] {
        guard let callee = callee(of: line), let open = line[callee.endIndex...].firstIndex(of: "(") else {
            return []
        }
        let text = line[line.index(after: open)...]
        let end = text.range(of: "), !")?.lowerBound ?? text.lastIndex(of: ")") ?? text.endIndex
        return text[..<end].split(separator: ",")
    }

    private static func isPowerOfTwo(_ word: Substring?) -> Bool {
        guard let number = word.flatMap({ Int64($0) }) else { return false }
        return number.magnitude.nonzeroBitCount == 1
    }

    /// Whether the line has that name, and no longer one that begins alike.
    private static func names(_ name: Substring, in line: Substring) -> Bool {
        var rest = line
        while let found = rest.range(of: String(name)) {
            guard let next = rest[found.upperBound...].first, next.isNumber || next.isLetter else {
                return true
            }
            rest = rest[found.upperBound...]
        }
        return false
    }

    /// The first name of a function that is behind the module's in a mangled one: `$e11PolicyModel3fibys…`.
    private static func name(in mangled: Substring) -> Substring {
        guard let module = mangled.range(of: "11PolicyModel") else { return mangled }
        var rest = mangled[module.upperBound...]
        var name = rest
        while let length = Int(rest.prefix { $0.isNumber }), length > 0 {
            rest = rest.drop { $0.isNumber }
            name = rest.prefix(length)
            rest = rest.dropFirst(length)
            // A type's name has its kind behind it, and then its member's.
            if let kind = rest.first, "VOC".contains(kind) { rest = rest.dropFirst() }
        }
        return name
    }
}

/// How many bytes a type of LLVM's has; without padding, which packed types do not have.
private struct TypeSizes {
    private var named: [Substring: Substring] = [:]

    init(_ lines: [Substring]) {
        for line in lines where line.hasPrefix("%") {
            guard let equals = line.range(of: " = type ") else { continue }
            named[line[..<equals.lowerBound]] = line[equals.upperBound...]
        }
    }

    /// Of the type that the text begins with.
    func size(_ text: Substring) -> Int {
        var rest = text
        return parse(&rest, depth: 0)
    }

    private func parse(_ text: inout Substring, depth: Int) -> Int {
        text = text.drop { $0 == " " }
        guard depth < 32, let first = text.first else { return 0 }
        switch first {
        case "[":
            let count = Int(text.dropFirst().prefix { $0.isNumber }) ?? 0
            text = text.drop { $0 != "x" }.dropFirst()
            let size = parse(&text, depth: depth + 1)
            text = text.drop { $0 == " " || $0 == "]" }
            return count.multipliedReportingOverflow(by: size).partialValue
        case "<", "{":
            text = text.drop { "<{ ".contains($0) }
            var sum = 0
            while let next = text.first, !"}>".contains(next) {
                sum &+= parse(&text, depth: depth + 1)
                text = text.drop { ", ".contains($0) }
            }
            text = text.drop { "}> ".contains($0) }
            return sum
        case "%":
            let isQuoted = text.dropFirst().first == "\""
            let name =
                isQuoted
                ? text[..<(text.dropFirst(2).firstIndex(of: "\"").map(text.index(after:)) ?? text.endIndex)]
                : text.prefix { !" ,]}>".contains($0) }
            text = text[name.endIndex...]
            guard var type = named[name] else { return 0 }
            return parse(&type, depth: depth + 1)
        default:
            let word = text.prefix { !" ,]}>".contains($0) }
            text = text[word.endIndex...]
            if word.first == "i", let bits = Int(word.dropFirst()) { return (bits + 7) / 8 }
            return ["ptr", "double"].contains(word) ? 8 : word == "float" ? 4 : 0
        }
    }
}
