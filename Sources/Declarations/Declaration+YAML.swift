// SPDX-License-Identifier: GPL-2.0-only
import Output
import Yams

/// All that is wrong with a declaration, each with its place: `FILE:LINE:COLUMN: error: …`.
package struct DeclarationError: Error, CustomStringConvertible {
    package let problems: [String]
    package var description: String { problems.joined(separator: "\n") }
}

extension Declaration {
    /// Reads a declaration.
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: what errors call it; the policy has its last part's name, without `.yaml`.
    package init(yaml text: String, file: String) throws(DeclarationError) {
        let last = file.split(separator: "/").last.map(String.init) ?? file
        var reader = DeclarationReader(file: file, name: String(last.prefix { $0 != "." }))
        self = try reader.read(text)
    }
}

/// One pass over the nodes of a declaration.
struct DeclarationReader {
    private let file: String
    var declaration: Declaration
    private var problems: [String] = []

    private static let sections = [
        "summary", "queues", "wakeups", "alone", "events", "inputs", "names", "task", "state", "params",
        "rows",
    ]

    init(file: String, name: String) {
        self.file = file
        declaration = Declaration(name: name)
    }

    mutating func read(_ text: String) throws(DeclarationError) -> Declaration {
        if let flaw = Self.flaw(ofName: declaration.name) {
            throw DeclarationError(
                problems: ["\(file):1:1: error: the file's name becomes C and Swift, and \(flaw)"])
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            let text = "\(error)".split(separator: "\n").joined(separator: " ")
            let mark = (error as? YamlError).flatMap(Self.mark)
            let what =
                if case .duplicatedKeysInMapping(let names, _)? = error as? YamlError {
                    "\(Words.all(names.map(Words.quoted))): given more than once in one group, first here"
                } else {
                    "this is no YAML: \(text)"
                }
            throw DeclarationError(
                problems: ["\(file):\(mark?.line ?? 1):\(mark?.column ?? 1): error: \(what)"])
        }
        if let root {
            if let mapping = root.mapping {
                // Queues and wake-ups speak of parameters, rows of inputs.
                let later = ["queues", "wakeups", "rows"]
                for (key, value) in mapping where !later.contains(key.string ?? "") { section(key, value) }
                // And wake-ups of the queues' CPUs.
                for name in later {
                    for (key, value) in mapping where key.string == name { section(key, value) }
                }
            } else {
                add(root, "a declaration is a mapping of \(Words.all(Self.sections))")
            }
        }
        if problems.isEmpty, let root {
            checkMembers(root)
            checkNames(root)
            checkSets(root)
            checkInputs(root)
        }
        if !problems.isEmpty { throw DeclarationError(problems: problems) }
        return declaration
    }

    /// Two parameters that the twins would call the same.
    private mutating func checkMembers(_ root: Node) {
        var keys: [String: String] = [:]
        for parameter in declaration.params {
            if let other = keys.updateValue(parameter.key, forKey: parameter.name) {
                add(
                    root,
                    "params.\(other) and params.\(parameter.key) are both called \(parameter.name) in the twins: a duration has its unit there"
                )
            }
        }
    }

    /// Whether names and what they are compared with go together.
    private mutating func checkNames(_ root: Node) {
        let hasComm = declaration.inputs.contains(.comm)
        if !declaration.names.isEmpty && !hasComm {
            add(root, "names compare what tasks are called: inputs has to have comm")
        } else if declaration.names.isEmpty && hasComm
            && !declaration.tables.contains(where: { $0.match.contains(.comm) })
        {
            add(root, "inputs has comm, and no names are there to compare it with: names: {compiler: cc1}")
        }
    }

    /// Where CPUs that a parameter says are of no effect: the mechanism knows of them for the sake of queues.
    private mutating func checkSets(_ root: Node) {
        guard let first = declaration.sets.first else { return }
        let sample = "queues: {count: 2, cpus: [all, \(first.key)]}"
        if declaration.ownQueues == nil {
            add(
                root, "params.\(first.key) is of the type cpus, and there are no queues of its own: \(sample)"
            )
        } else if declaration.ownQueues?.hasSets == false, declaration.wakeups?.hasSets == true {
            add(root, "wakeups has places that parameters say, and no queue has CPUs: \(sample)")
        }
    }

    private static func mark(_ error: YamlError) -> Mark? {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark
        case .duplicatedKeysInMapping(_, let context): context.mark
        default: nil
        }
    }

    mutating func add(_ node: Node, _ message: String) {
        let mark = node.mark
        problems.append("\(file):\(mark?.line ?? 1):\(mark?.column ?? 1): error: \(message)")
    }

    private mutating func section(_ key: Node, _ value: Node) {
        let name = key.string ?? ""
        switch name {
        case "summary":
            guard let text = value.string, !text.contains("\n") else {
                return add(value, "summary is one line of text")
            }
            declaration.summary = text
        case "queues": queues(value)
        case "wakeups": wakeups(value)
        case "alone": alone(value)
        case "events": events(value)
        case "inputs": inputs(value)
        case "names": names(value)
        case "task": declaration.task = fields(value, of: name, reserved: ["generation", "queue"])
        case "state": declaration.state = fields(value, of: name, reserved: [])
        case "params": params(value)
        case "rows": rows(value)
        default:
            add(
                key,
                "unknown key \(Words.quoted(name)); \(Words.all(Self.sections)) are known"
                    + Words.hint(name, among: Self.sections))
        }
    }

    private static let eachWords = Declaration.OwnQueues.Each.allCases.dropFirst().map(\.word)

    /// `1`, `2`, `8`, `{each: llc}`, `{count: 2}`, `{each: llc, count: 1}`.
    private mutating func queues(_ node: Node) {
        let most = Declaration.OwnQueues.countMax
        if let number = node.int {
            switch number {
            case 1...2: declaration.queues = number
            case 3...most: declaration.ownQueues = .init(count: number)
            default: add(node, "queues: \(number) is none of 1 to \(most)")
            }
            return
        }
        guard let mapping = node.mapping, mapping.count > 0 else {
            let sample = "{each: llc}, {count: 2}, or both"
            return add(
                node, "queues is 1, 2 with a priority queue, a number up to \(most) of your own, or \(sample)"
            )
        }
        var own = Declaration.OwnQueues()
        for (key, value) in mapping {
            switch key.string ?? "" {
            case "each":
                let word = value.string ?? ""
                guard
                    let each = Declaration.OwnQueues.Each.allCases.dropFirst().first(where: {
                        $0.word == word
                    })
                else {
                    add(
                        value,
                        "queues.each is \(Words.quoted(word)); \(Words.all(Self.eachWords)) are known"
                            + Words.hint(word, among: Self.eachWords))
                    continue
                }
                own.each = each
            case "count":
                guard let number = value.int, (1...most).contains(number) else {
                    add(value, "queues.count is a whole number, 1 to \(most)")
                    continue
                }
                own.count = number
            case "cpus": own.cpus = cpus(value)
            case let word:
                add(
                    key,
                    "queues: unknown key \(Words.quoted(word)); \(Words.all(Self.queueKeys)) are known"
                        + Words.hint(word, among: Self.queueKeys))
            }
        }
        if own.hasSets && own.each != .none {
            add(node, "queues.cpus is for queues that belong to no CPU: with it stands count, not each")
        } else if own.cpus.count > own.count {
            add(node, "queues.cpus is of \(own.cpus.count) queues, and count is \(own.count)")
        }
        declaration.ownQueues = own
        // Whoever may not run everywhere is asked about when a slice is over, since its queue may be another one then.
        if own.hasSets { declaration.isAskedAlone = true }
    }

    private static let queueKeys = ["each", "count", "cpus"]

    /// `[all, upper]`: of each queue, its CPUs.
    private mutating func cpus(_ node: Node) -> [String?] {
        let keys = declaration.sets.map(\.key)
        guard let list = node.sequence, (1...Declaration.OwnQueues.queuesWithSetsMax).contains(list.count)
        else {
            add(
                node,
                "queues.cpus is a list of up to \(Declaration.OwnQueues.queuesWithSetsMax), for each queue the parameter that says its CPUs, or all"
            )
            return []
        }
        return list.map { entry in
            let word = entry.string ?? ""
            if word == "all" { return nil }
            if !keys.contains(word) {
                let known =
                    keys.isEmpty
                    ? "there is no parameter of the type cpus" : "\(Words.all(keys)) and all are known"
                add(
                    entry,
                    "queues.cpus: unknown parameter \(Words.quoted(word)); \(known)"
                        + Words.hint(word, among: keys))
            }
            return word
        }
    }

    /// `asked`, or `runs`.
    private mutating func alone(_ node: Node) {
        let words = ["runs", "asked"]
        let word = node.string ?? ""
        guard words.contains(word) else {
            let known = "runs (for slice-max, nobody is asked) or asked"
            return add(
                node,
                "alone says what becomes of a task for whose CPU nobody else waits: \(known), not \(Words.quoted(word))"
                    + Words.hint(word, among: words))
        }
        declaration.isAskedAlone = word == "asked"
    }

    /// `{look: [previous, llc]}`, `{sync: [waker-llc], look: [llc, any]}`.
    private mutating func wakeups(_ node: Node) {
        guard let mapping = node.mapping, mapping.count > 0 else {
            return add(node, "wakeups says where to look, such as {look: [previous, llc, any]}")
        }
        var wakeups = Declaration.Wakeups()
        for (key, value) in mapping {
            switch key.string ?? "" {
            case "look": wakeups.look = places(value, "wakeups.look")
            case "sync": wakeups.sync = places(value, "wakeups.sync")
            case let word:
                add(
                    key,
                    "wakeups: unknown key \(Words.quoted(word)); \(Words.all(["look", "sync"])) are known"
                        + Words.hint(word, among: ["look", "sync"]))
            }
        }
        declaration.wakeups = wakeups
    }

    private mutating func places(_ node: Node, _ what: String) -> [WakeupPlace] {
        let sets = declaration.sets.map(\.key)
        let words = WakeupPlace.named.map(\.word) + sets
        guard let list = node.sequence, list.count > 0 else {
            add(node, "\(what) is a list of places, the first one first: \(Words.all(words)) are known")
            return []
        }
        var places: [WakeupPlace] = []
        for entry in list {
            let word = entry.string ?? ""
            if let place = WakeupPlace.named(word) ?? sets.firstIndex(of: word).flatMap(WakeupPlace.set) {
                if places.contains(place) {
                    add(entry, "\(what) has \(word) twice: each place is looked at once")
                } else if places.last == .any {
                    add(
                        entry,
                        "\(what) has \(word) behind any, which is every CPU: nobody would look there; any comes last"
                    )
                } else {
                    places.append(place)
                }
            } else {
                add(
                    entry,
                    "\(what): unknown place \(Words.quoted(word)); \(Words.all(words)) are known"
                        + Words.hint(word, among: words))
            }
        }
        if places.count > WakeupPlace.listMax {
            add(node, "\(what) has \(places.count) places, \(WakeupPlace.listMax) are allowed")
        }
        return places
    }

    /// `[stopping]`.
    private mutating func events(_ node: Node) {
        let words = Declaration.Event.allCases.map(\.word)
        guard let list = node.sequence, list.count > 0 else {
            return add(
                node, "events is a list of what the policy is told of besides: \(Words.all(words)) are known")
        }
        for entry in list {
            let word = entry.string ?? ""
            guard let event = Declaration.Event.allCases.first(where: { $0.word == word }) else {
                add(
                    entry,
                    "events: unknown event \(Words.quoted(word)); \(Words.all(words)) are known"
                        + Words.hint(word, among: words))
                continue
            }
            if declaration.events.contains(event) { add(entry, "events has \(word) twice") }
            declaration.events.append(event)
            declaration.eventPlaces[event] = "\(entry.mark?.line ?? 1):\(entry.mark?.column ?? 1)"
        }
    }

    /// `[uid, comm]`.
    private mutating func inputs(_ node: Node) {
        let words = Declaration.Input.allCases.map { "\($0)" }
        guard let list = node.sequence, list.count > 0 else {
            return add(node, "inputs is a list of what to know of a task: \(Words.all(words)) are known")
        }
        for entry in list {
            let word = entry.string ?? ""
            guard let input = Declaration.Input.allCases.first(where: { "\($0)" == word }) else {
                add(
                    entry,
                    "inputs: unknown input \(Words.quoted(word)); \(Words.all(words)) are known"
                        + Words.hint(word, among: words))
                continue
            }
            if declaration.inputs.contains(input) {
                add(entry, "inputs has \(word) twice")
            } else {
                declaration.inputs.append(input)
            }
        }
    }

    /// Whether an event has room for the inputs; it has less where it says places.
    private mutating func checkInputs(_ root: Node) {
        let (bits, hasPlaces) = (declaration.inputBits, declaration.ownQueues != nil)
        let most = hasPlaces ? Declaration.inputBitsMaxWithPlaces : Declaration.inputBitsMax
        if bits > most {
            let (node, with) = (root.mapping?["inputs"] ?? root, hasPlaces ? " with queues of its own" : "")
            add(
                node,
                "inputs is of \(bits / 8) bytes, \(most / 8) are allowed\(with): comm is of 16, cgroup of 8, the others of 4"
            )
        }
    }

    /// `{compiler: cc1plus, build: "make*"}`.
    private mutating func names(_ node: Node) {
        for (key, name, value) in entries(node, of: "names") {
            if let flaw = Self.flaw(ofName: name) {
                add(key, "names: \(flaw)")
                continue
            }
            var comm = value.null == nil ? value.string ?? "" : ""
            let isPrefix = comm.hasSuffix("*")
            if isPrefix { comm.removeLast() }
            guard (1...15).contains(comm.utf8.count), !comm.utf8.contains(where: { $0 < 32 || $0 == 42 })
            else {
                add(
                    value,
                    "names.\(name) is what a task is called, 1 to 15 bytes, or how that begins, with a * behind it"
                )
                continue
            }
            let entry = Declaration.Name(name: name, comm: comm, isPrefix: isPrefix)
            if let same = declaration.names.first(where: { $0.swiftName == entry.swiftName }) {
                add(key, "names: \(name) and \(same.name) are both \(entry.swiftName) in Swift")
            }
            declaration.names.append(entry)
        }
    }

    /// The pairs of a mapping whose keys are plain words; what else there is, is a problem.
    mutating func entries(_ node: Node, of section: String) -> [(
        key: Node, name: String, value: Node
    )] {
        if node.null != nil && node.scalar?.string.isEmpty != false { return [] }
        guard let mapping = node.mapping else {
            add(node, "\(section) is a mapping of names, or is left out")
            return []
        }
        return mapping.map { ($0.key, $0.key.string ?? "", $0.value) }
    }

    private mutating func fields(_ node: Node, of section: String, reserved: [String]) -> [Declaration.Field]
    {
        var fields: [Declaration.Field] = []
        for (key, name, value) in entries(node, of: section) {
            if let flaw = Self.flaw(ofName: name) {
                add(key, "\(section): \(flaw)")
                continue
            }
            if reserved.contains(name) || name.hasPrefix("unused") {
                add(key, "\(section): every task has \(name) already, or it is ours: choose another name")
                continue
            }
            let type = value.mapping?["type"] ?? value
            guard let width = width(type, "\(section).\(name)") else { continue }
            var first: UInt64 = 0
            if let node = value.mapping?["first"] {
                guard let number = UInt64(node.string ?? ""), number <= width.most else {
                    add(node, "\(section).\(name): first is a whole number, 0 to \(width.most)")
                    continue
                }
                first = number
            }
            if section == "task" && first != 0 {
                add(value, "task.\(name): a new task's state is all zero; give it a value in start")
            }
            fields.append(.init(name: name, width: width, first: first))
        }
        checkSize(fields.map(\.width), node, section)
        return fields
    }

    private mutating func width(_ node: Node, _ what: String) -> Declaration.Width? {
        let types = Declaration.Width.allCases.map(\.rawValue)
        if let width = Declaration.Width(rawValue: node.string ?? "") { return width }
        let given = node.string ?? "nothing"
        add(
            node,
            "\(what) is of the type \(Words.quoted(given)); \(Words.all(types)) are known"
                + Words.hint(given, among: types))
        return nil
    }

    mutating func checkSize(_ widths: [Declaration.Width], _ node: Node, _ section: String) {
        let size = widths.reduce(0) { $0 + $1.bytes }
        if size > Declaration.bytesMax {
            add(
                node,
                "\(section) is of \(size) bytes, \(Declaration.bytesMax) are allowed: leave something out, or write u32, u16 or u8 where that is enough"
            )
        }
    }

    /// Why a word cannot be a name in C and in Swift; nil if it can.
    static func flaw(ofName name: String) -> String? {
        let letters = "abcdefghijklmnopqrstuvwxyz", others = "0123456789_"
        guard let first = name.first, letters.contains(first), name.count <= 31,
            name.allSatisfy({ letters.contains($0) || others.contains($0) })
        else {
            return "\(Words.quoted(name)) is no name: up to 31 of a-z, 0-9 and _, a letter first"
        }
        return keywords.contains(name) ? "\(name) is a word of C's" : nil
    }

    private static let keywords: Set<String> = [
        "auto", "bool", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
        "enum",
        "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "nullptr", "register",
        "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "true", "typedef",
        "typeof", "union", "unsigned", "void", "volatile", "while", "init", "self",
    ]
}
