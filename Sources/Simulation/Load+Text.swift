// SPDX-License-Identifier: GPL-2.0-only
import Output

extension Load {
    /// Reads `KIND:COUNT` with `,KEY=VALUE` behind it, such as `sleeper:10,run=1ms,sleep=10ms`.
    public init(_ text: String) throws(ScenarioError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let head = (parts.first ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard let habit = Habit(rawValue: String(head.first ?? "")) else {
            let known = Habit.allCases.map(\.rawValue).joined(separator: ", ")
            throw ScenarioError("load '\(text)': begins with none of \(known)")
        }
        guard head.count <= 2, let count = UInt32(head.count == 2 ? head[1] : "1"),
            (1...UInt32(Scenario.tasksMax)).contains(count)
        else {
            throw ScenarioError(
                "load '\(text)': a kind of task, a colon and a number of 1 to \(Scenario.tasksMax)")
        }
        self.init(habit, count: count)
        var given: Set<String> = []
        for part in parts.dropFirst() {
            let setting = try Setting(part, in: "load '\(text)'")
            try setting.once(&given)
            try set(setting)
        }
    }

    private mutating func set(_ setting: Setting) throws(ScenarioError) {
        switch setting.key {
        case "nice": nice = try setting.number(-20...19)
        case "kthread": isKthread = try setting.number(0...1) == 1
        case "realtime": isRealtime = try setting.number(0...1) == 1
        case "bursts": bursts = try setting.number(1...1_000_000)
        case "run": runNs = try setting.duration()
        case "run-spread": runSpreadNs = try setting.duration()
        case "sleep": sleepNs = try setting.duration()
        case "sleep-spread": sleepSpreadNs = try setting.duration()
        case "start": startNs = try setting.duration()
        case "start-spread": startSpreadNs = try setting.duration()
        case "cpus": cpus = try Self.cpus(setting)
        case "comm": comm = try Self.comm(setting)
        case "cgroup": cgroup = try setting.number(0...Scenario.cgroupsMax)
        default:
            throw setting.unknown(
                """
                nice, cpus, comm, cgroup, run, run-spread, sleep, sleep-spread, start, start-spread, bursts, kthread and \
                realtime
                """)
        }
    }

    /// As the kernel keeps a task's name.
    private static func comm(_ setting: Setting) throws(ScenarioError) -> String {
        let bytes = setting.value.utf8
        guard (1...15).contains(bytes.count), bytes.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 35 }) else {
            throw setting.wrong("1 to 15 printable letters of ASCII without blanks and #")
        }
        return setting.value
    }

    /// `0-3+8`: ranges and single ones.
    private static func cpus(_ setting: Setting) throws(ScenarioError) -> [UInt32] {
        var cpus: [UInt32] = []
        for part in setting.value.split(separator: "+", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
                first <= last, last < UInt32(Scenario.cpusMax)
            else { throw setting.wrong("a list of CPUs such as 3, 0-2 or 0-1+4") }
            cpus += first...last
        }
        return Set(cpus).sorted()
    }

    /// The text that reads as this load.
    public var text: String {
        let plain = Load(habit, count: count)
        var text = "\(habit.rawValue):\(count)"
        func add(_ key: String, _ value: String, unless isDefault: Bool) {
            if !isDefault { text += ",\(key)=\(value)" }
        }
        add("nice", "\(nice)", unless: nice == 0)
        add("kthread", "1", unless: !isKthread)
        add("realtime", "1", unless: !isRealtime)
        add("bursts", "\(bursts)", unless: bursts == plain.bursts)
        add("run", DurationText.text(runNs), unless: runNs == plain.runNs)
        add("run-spread", DurationText.text(runSpreadNs), unless: runSpreadNs == 0)
        add("sleep", DurationText.text(sleepNs), unless: sleepNs == plain.sleepNs)
        add("sleep-spread", DurationText.text(sleepSpreadNs), unless: sleepSpreadNs == 0)
        add("start", DurationText.text(startNs), unless: startNs == 0)
        add("start-spread", DurationText.text(startSpreadNs), unless: startSpreadNs == plain.startSpreadNs)
        add("comm", comm, unless: comm.isEmpty)
        add("cgroup", "\(cgroup)", unless: cgroup == 0)
        add("cpus", Self.text(cpus), unless: cpus.isEmpty)
        return text
    }

    private static func text(_ cpus: [UInt32]) -> String {
        var ranges: [ClosedRange<UInt32>] = []
        for cpu in cpus {
            if let last = ranges.last, last.upperBound + 1 == cpu {
                ranges[ranges.count - 1] = last.lowerBound...cpu
            } else {
                ranges.append(cpu...cpu)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: "+")
    }
}
