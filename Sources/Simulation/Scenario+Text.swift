// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Output
import PolicyModel
import PolicyText

extension Scenario.Faults {
    /// `affinity=5ms` and the like.
    public mutating func set(_ text: String) throws(ScenarioError) {
        let setting = try Setting(text, in: "fault")
        switch setting.key {
        case "affinity": affinityNs = try setting.duration()
        case "weight": weightNs = try setting.duration()
        case "class": classNs = try setting.duration()
        case "exec": execNs = try setting.duration()
        case "hotplug": hotplugNs = try setting.duration()
        case "cgroup": cgroupNs = try setting.duration()
        case "kick-late-ppm": kickLatePpm = try setting.number(0...1_000_000)
        case "kick-late": kickLateNs = try setting.duration()
        case "daemon":
            guard let does = Daemon(rawValue: setting.value) else {
                throw setting.wrong("fine, spins or sleeps")
            }
            daemon = does
        case "daemon-at": daemonAtNs = try setting.duration()
        case "daemon-for": daemonNs = try setting.duration()
        case "daemon-every": daemonEveryNs = try setting.duration()
        case "daemon-affinity": daemonAffinityNs = try setting.duration()
        case "no-migration": sectionNs = try setting.duration()
        case "ring-bytes": ringBytes = try setting.number(0...(1 << 22))
        default:
            throw setting.unknown(
                """
                affinity, weight, class, exec, hotplug, cgroup, kick-late-ppm, kick-late, daemon, \
                daemon-at, daemon-for, daemon-every, daemon-affinity, no-migration and ring-bytes
                """)
        }
    }

    /// A setting without an effect beside the others, and why it has none; nil if all have one.
    public var idle: (key: String, reason: String)? {
        let ofDaemon = [
            ("daemon-at", daemonAtNs), ("daemon-for", daemonNs), ("daemon-every", daemonEveryNs),
        ]
        if daemon == .fine, let (key, _) = ofDaemon.first(where: { $0.1 != 0 }) {
            return (key, "has no effect without daemon=spins or daemon=sleeps")
        }
        if kickLateNs != 0 && kickLatePpm == 0 {
            return ("kick-late", "has no effect without kick-late-ppm, which says how many kicks are late")
        }
        if kickLatePpm != 0 && kickLateNs == 0 {
            return ("kick-late-ppm", "has no effect without kick-late, which says by how much")
        }
        return nil
    }

    /// Whether a text such as `daemon=spins` is about user mode's daemon.
    public static func isOfDaemon(_ text: some StringProtocol) -> Bool {
        text.hasPrefix("daemon") || text.hasPrefix("ring-bytes")
    }

    /// The settings that differ from none.
    public var texts: [String] {
        var texts: [String] = []
        func add(_ key: String, ns: UInt64) {
            if ns != 0 { texts.append("\(key)=\(DurationText.text(ns))") }
        }
        func add(_ key: String, number: UInt32) {
            if number != 0 { texts.append("\(key)=\(number)") }
        }
        add("affinity", ns: affinityNs)
        add("weight", ns: weightNs)
        add("class", ns: classNs)
        add("exec", ns: execNs)
        add("hotplug", ns: hotplugNs)
        add("cgroup", ns: cgroupNs)
        // What has no effect is refused where the text is read: random faults may have it.
        if kickLatePpm != 0 {
            add("kick-late-ppm", number: kickLatePpm)
            add("kick-late", ns: kickLateNs)
        }
        if daemon != .fine {
            texts.append("daemon=\(daemon.rawValue)")
            add("daemon-at", ns: daemonAtNs)
            add("daemon-for", ns: daemonNs)
            add("daemon-every", ns: daemonEveryNs)
        }
        add("daemon-affinity", ns: daemonAffinityNs)
        add("no-migration", ns: sectionNs)
        add("ring-bytes", number: ringBytes)
        return texts
    }
}

extension Scenario.Limits {
    /// `wait=10s` and `beside-idle=5ms`; 0 for none.
    public mutating func set(_ text: String) throws(ScenarioError) {
        let setting = try Setting(text, in: "limit")
        switch setting.key {
        case "wait": waitNs = try setting.duration()
        case "beside-idle": besideIdleNs = try setting.duration()
        default: throw setting.unknown("wait and beside-idle")
        }
    }

    public var texts: [String] {
        ["wait=\(DurationText.text(waitNs))", "beside-idle=\(DurationText.text(besideIdleNs))"]
    }
}

extension Scenario {
    static let title = "sched-proto simulation 1"

    /// The scenario as a small text, which `init(lines:)` reads.
    public var text: String { lines.joined(separator: "\n") + "\n" }

    var lines: [String] {
        var lines = [
            Self.title, "mode \(mode.rawValue)", "cpus \(cpus)", "seed \(seed)",
            "time \(DurationText.text(durationNs))", "policy \(policyName)",
        ]
        if !shape.isEmpty { lines.append("topology \(shape.map(String.init).joined(separator: ","))") }
        if policy.pair == 0 {
            lines += settings.map { "set \($0)" }
        } else {
            // Tables are no settings: the whole description.
            lines.append("declared \(String(policy.pair, radix: 16))")
            let yaml = PolicyDescription(name: PolicySource.usual, summary: "", policy: policy).yaml
            lines += yaml.split(separator: "\n").map { "yaml \($0)" }
        }
        lines += loads.map { "load \($0.text)" }
        let isUser = mode == .user
        lines += faults.texts.filter { isUser || !Faults.isOfDaemon($0) }.map { "fault \($0)" }
        lines += limits.texts.map { "limit \($0)" }
        if eventsMax > 0 { lines.append("events-max \(eventsMax)") }
        if overlap > 0 { lines.append("overlap \(overlap)") }
        if asksAlways && isUser { lines.append("ask-always") }
        lines += givenGroups.map { "cgroup \($0.parent):\($0.weight)" }
        if cgroups > 0 { lines.append("cgroups \(cgroups)") }
        if maxTasks > 0 && isUser { lines.append("max-tasks \(maxTasks)") }
        return lines
    }

    /// The whole policy as settings over any other.
    public var settings: [String] {
        let yaml = PolicyDescription(name: "policy", summary: "", policy: policy).yaml
        var group = ""
        var settings: [String] = []
        for line in yaml.split(separator: "\n") {
            let words = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let key = words[0].drop { $0 == " " }
            let value = words.count > 1 ? words[1].drop { $0 == " " } : ""
            if value.isEmpty {
                group = key + "."
            } else if key != "name" && key != "summary" {
                settings.append("\(line.hasPrefix(" ") ? group : "")\(key)=\(value)")
            }
        }
        return settings
    }

    /// Reads a text that `text` wrote, or a person.
    public init(text: String) throws(ScenarioError) {
        let lines = Self.numberedLines(of: text)
        guard lines.first?.text == Self.title else {
            throw ScenarioError("the first line is not '\(Self.title)'")
        }
        self.init(
            mode: .bpf, cpus: 1, seed: 1, durationNs: 1_000_000_000, policyName: PolicySource.usual,
            policy: sp_policy())
        var settings: [String] = []
        var (yaml, declared): ([Substring], String?) = ([], nil)
        var given: [String: Set<String>] = [:]
        for (number, line) in lines.dropFirst() {
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard let word = words.first else { continue }
            let value = words.count > 1 ? String(words[1]) : ""
            do throws(ScenarioError) {
                if word == "yaml" {
                    yaml.append(line.dropFirst("yaml ".count))
                    continue
                }
                try Self.once(String(word), value, &given)
                switch word {
                case "set": settings.append(value)
                case "declared": declared = value
                default: try set(String(word), value)
                }
            } catch {
                throw ScenarioError("line \(number): \(error)")
            }
        }
        try refuseIdle(lines)
        if yaml.isEmpty {
            try load(policyName, settings)
        } else {
            try load(yaml: yaml.joined(separator: "\n") + "\n", settings)
        }
        guard declared.map({ UInt32($0, radix: 16) == policy.pair }) ?? (policy.pair == 0 || yaml.isEmpty)
        else {
            throw ScenarioError(
                "it is of another policy or declaration, which this program does not have: simulate it again")
        }
        try validate()
    }

    /// Lines that say something, and which they are. An editor may have put a mark before the first, and a
    /// carriage return behind each.
    private static func numberedLines(of text: String) -> [(number: Int, text: String)] {
        let scalars =
            text.unicodeScalars.first == "\u{FEFF}"
            ? text.unicodeScalars.dropFirst() : text.unicodeScalars[...]
        return scalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map {
                (
                    number: $0.offset + 1,
                    text: String($0.element.last == "\r" ? $0.element.dropLast() : $0.element)
                )
            }
            .filter { !$0.text.isEmpty && !$0.text.hasPrefix("#") }
    }

    /// Refuses what would have no effect, which nobody should take for done.
    private func refuseIdle(_ lines: [(number: Int, text: String)]) throws(ScenarioError) {
        for (number, line) in lines where mode == .bpf {
            let word = line.split(separator: " ")
            let isFault = word.first == "fault" && word.count > 1 && Faults.isOfDaemon(word[1])
            guard isFault || word.first == "ask-always" || word.first == "max-tasks" else { continue }
            throw ScenarioError("line \(number): '\(line)' is for mode user: in BPF mode there is no daemon")
        }
        if let (key, reason) = faults.idle {
            let number = lines.first { $0.text.hasPrefix("fault") && $0.text.contains(" \(key)=") }?.number
            throw ScenarioError("line \(number ?? 0): fault \(key) \(reason)")
        }
    }

    /// Of a word, or of a key behind one, that says the same thing twice only the last would count.
    private static func once(
        _ word: String, _ value: String, _ given: inout [String: Set<String>]
    ) throws(ScenarioError) {
        switch word {
        case "load", "cgroup": return
        case "set", "fault", "limit":
            guard value.contains("=") else { return }
            try Setting(value, in: "scenario: \(word)").once(&given[word, default: []])
        default: try Setting("\(word)=\(value)", in: "scenario").once(&given["", default: []])
        }
    }

    private mutating func set(_ word: String, _ value: String) throws(ScenarioError) {
        let setting = try Setting("\(word)=\(value)", in: "scenario")
        switch word {
        case "mode":
            guard let mode = Mode(rawValue: value) else { throw setting.wrong("bpf or user") }
            self.mode = mode
        case "cpus": cpus = try setting.number(1...UInt32(Self.cpusMax))
        case "topology": shape = try Self.shape(value)
        case "seed": seed = try setting.number(0...UInt64.max)
        case "time": durationNs = try setting.duration()
        case "policy": policyName = value
        case "load": loads.append(try Load(value))
        case "fault": try faults.set(value)
        case "limit": try limits.set(value)
        case "events-max": eventsMax = try setting.number(0...UInt64.max)
        case "overlap": overlap = try setting.number(0...Self.overlapMax)
        case "ask-always":
            guard value.isEmpty else {
                throw ScenarioError("scenario: ask-always stands alone: leave '\(value)' out, or the line")
            }
            asksAlways = true
        case "cgroup": givenGroups.append(try Self.group(setting))
        case "cgroups": cgroups = try setting.number(0...Self.cgroupsMax)
        case "max-tasks": maxTasks = try setting.number(1...Self.maxTasksMax)
        default:
            throw setting.unknown(
                """
                mode, cpus, topology, seed, time, policy, declared, yaml, set, load, fault, limit, events-max, overlap, ask-always, \
                cgroup, cgroups and max-tasks
                """)
        }
    }

    /// `2,2,4,2`: nodes, caches of each, cores of each, threads of each; nothing: one cache.
    public static func shape(_ text: String) throws(ScenarioError) -> [UInt32] {
        if text.isEmpty { return [] }
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { UInt32($0) ?? 0 }
        guard numbers.count == 4, numbers.allSatisfy({ (1...UInt32(cpusMax)).contains($0) }) else {
            throw ScenarioError(
                "topology '\(text)': nodes, last caches of a node, cores of a cache and threads of a core, such as 2,2,4,2"
            )
        }
        return numbers
    }

    /// `0:300`: below the root, of weight 300.
    private static func group(_ setting: Setting) throws(ScenarioError) -> Group {
        let words = setting.value.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard words.count == 2, let parent = words[0], let weight = words[1], (1...10_000).contains(weight)
        else { throw setting.wrong("the parent's number, a colon, and a weight of 1 to 10000") }
        return Group(parent: parent, weight: weight)
    }

    /// Takes a policy by its name, with settings over it. One that was made at random, or that a file had
    /// which is not there any more, has all of its values in the settings: then its name is only a name.
    public mutating func load(_ name: String, _ settings: [String]) throws(ScenarioError) {
        policyName = name
        do throws(PolicyError) {
            policy = try PolicySource.load(
                nameOrPath: name.hasPrefix("random") ? PolicySource.usual : name, settings: settings
            ).policy
        } catch {
            guard error.kind == .notFound, try isWhole(settings) else { throw ScenarioError("\(error)") }
        }
    }

    /// Takes the policy from a whole description.
    private mutating func load(yaml: String, _ settings: [String]) throws(ScenarioError) {
        do throws(PolicyError) {
            policy = try PolicySource.parse(yaml, file: "yaml", settings: settings).policy
        } catch {
            throw ScenarioError("\(error)")
        }
    }

    /// Takes the policy from the settings alone. False if they do not say all of it.
    private mutating func isWhole(_ settings: [String]) throws(ScenarioError) -> Bool {
        func keys(_ settings: [String]) -> Set<Substring> { Set(settings.map { $0.prefix { $0 != "=" } }) }
        do throws(PolicyError) {
            policy = try PolicySource.load(nameOrPath: PolicySource.usual, settings: settings).policy
        } catch {
            throw ScenarioError("\(error)")
        }
        return keys(self.settings).isSubset(of: keys(settings))
    }

    /// - Throws: if a number is out of its range, or loads do not fit the machine.
    public func validate() throws(ScenarioError) {
        guard (1...UInt32(Self.cpusMax)).contains(cpus) else {
            throw ScenarioError("cpus: 1 to \(Self.cpusMax)")
        }
        guard shape.isEmpty || shape.reduce(1, { $0 &* UInt64($1) }) == UInt64(cpus) else {
            throw ScenarioError(
                "topology: \(shape.map(String.init).joined(separator: ",")) are not \(cpus) CPUs")
        }
        if let flaw = queueFlaw { throw ScenarioError(flaw) }
        guard (0...Self.maxTasksMax).contains(maxTasks) else {
            throw ScenarioError("max-tasks: 1 to \(Self.maxTasksMax)")
        }
        guard overlap <= Self.overlapMax else { throw ScenarioError("overlap: 0 to \(Self.overlapMax)") }
        guard loads.count <= Self.loadsMax else {
            throw ScenarioError("\(loads.count) loads; at most \(Self.loadsMax) are possible")
        }
        guard tasks <= Self.tasksMax else {
            throw ScenarioError("\(tasks) tasks; at most \(Self.tasksMax) are possible")
        }
        guard givenGroups.count <= Int(Self.cgroupsMax), cgroups == 0 || givenGroups.isEmpty else {
            throw ScenarioError("control groups: by chance or given ones, at most \(Self.cgroupsMax)")
        }
        for (index, group) in givenGroups.enumerated() where group.parent > index {
            throw ScenarioError(
                "cgroup \(group.parent):\(group.weight): its parent comes later, or not at all")
        }
        for load in loads {
            if load.cgroup > givenGroups.count {
                throw ScenarioError("load '\(load.text)': there is no control group \(load.cgroup)")
            }
            if let cpu = load.cpus.last, cpu >= cpus {
                throw ScenarioError("load '\(load.text)': there is no CPU \(cpu), the last is \(cpus - 1)")
            }
        }
    }
}
