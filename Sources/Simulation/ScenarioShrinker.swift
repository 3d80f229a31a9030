// SPDX-License-Identifier: GPL-2.0-only

/// Makes a scenario that goes wrong as small as it can, while the same kind of thing goes wrong.
public struct ScenarioShrinker {
    private let kind: Outcome.Flaw.Kind
    private var runsLeft: Int
    public private(set) var smallest: Scenario
    public private(set) var flaw: Outcome.Flaw

    /// - Parameter runs: runs at most.
    public init(_ scenario: Scenario, _ flaw: Outcome.Flaw, runs: Int = 400) {
        smallest = scenario
        self.flaw = flaw
        kind = flaw.kind
        runsLeft = runs
    }

    public mutating func shrink() {
        var before: Scenario
        repeat {
            before = smallest
            withoutOverlap()
            shorten()
            dropFaults()
            dropLoads()
            halveLoads()
            fewerCPUs()
            fewerGroups()
            simplerLoads()
        } while smallest != before && runsLeft > 0
    }

    /// Takes the candidate if the same goes wrong with it.
    @discardableResult
    private mutating func attempt(_ candidate: Scenario) -> Bool {
        guard runsLeft > 0, candidate != smallest, (try? candidate.validate()) != nil else { return false }
        runsLeft -= 1
        guard let found = Simulator.run(candidate).flaw, found.kind == kind else { return false }
        smallest = candidate
        flaw = found
        return true
    }

    private mutating func withoutOverlap() {
        var candidate = smallest
        candidate.overlap = 0
        attempt(candidate)
    }

    private mutating func shorten() {
        var candidate = smallest
        candidate.durationNs = min(candidate.durationNs, flaw.atNs + 1)
        attempt(candidate)
    }

    private mutating func dropFaults() {
        let none = Scenario.Faults()
        let edits: [(inout Scenario.Faults) -> Void] = [
            { $0.affinityNs = none.affinityNs }, { $0.weightNs = none.weightNs },
            { $0.classNs = none.classNs }, { $0.execNs = none.execNs },
            { $0.hotplugNs = none.hotplugNs }, { $0.cgroupNs = none.cgroupNs },
            { $0.kickLatePpm = none.kickLatePpm },
            { $0.daemonAffinityNs = none.daemonAffinityNs }, { $0.sectionNs = none.sectionNs },
            { $0.ringBytes = none.ringBytes }, { $0.daemonEveryNs = none.daemonEveryNs },
            {
                $0.daemon = none.daemon
                $0.daemonAtNs = 0
                $0.daemonNs = 0
                $0.daemonEveryNs = 0
            }, { $0.kickLateNs = $0.kickLatePpm == 0 ? 0 : $0.kickLateNs },
        ]
        for edit in edits {
            var candidate = smallest
            edit(&candidate.faults)
            attempt(candidate)
        }
    }

    private mutating func dropLoads() {
        var index = 0
        while index < smallest.loads.count && smallest.loads.count > 1 {
            var candidate = smallest
            candidate.loads.remove(at: index)
            if !attempt(candidate) { index += 1 }
        }
    }

    private mutating func halveLoads() {
        for index in smallest.loads.indices {
            while smallest.loads[index].count > 1 {
                var candidate = smallest
                candidate.loads[index].count /= 2
                if attempt(candidate) { continue }
                candidate.loads[index].count = smallest.loads[index].count - 1
                if !attempt(candidate) { break }
            }
        }
    }

    /// One cache with as many cores; or fewer nodes, caches, cores or threads.
    private mutating func simplerShape() {
        var candidate = smallest
        candidate.shape = []
        if smallest.shape.isEmpty || attempt(candidate) { return }
        for index in smallest.shape.indices {
            while smallest.shape[index] > 1 {
                candidate = smallest
                candidate.shape[index] -= 1
                candidate.cpus = candidate.shape.reduce(1, *)
                if !attempt(candidate) { break }
            }
        }
    }

    private mutating func fewerCPUs() {
        simplerShape()
        while smallest.cpus > 1 && smallest.shape.isEmpty {
            var candidate = smallest
            candidate.cpus /= 2
            if attempt(candidate) { continue }
            candidate.cpus = smallest.cpus - 1
            if !attempt(candidate) { break }
        }
    }

    private mutating func fewerGroups() {
        while smallest.cgroups > 0 {
            var candidate = smallest
            candidate.cgroups /= 2
            if attempt(candidate) { continue }
            candidate.cgroups = smallest.cgroups - 1
            if !attempt(candidate) { break }
        }
    }

    private mutating func simplerLoads() {
        let edits: [(inout Load) -> Void] = [
            { $0.nice = 0 }, { $0.comm = "" }, { $0.isKthread = false }, { $0.cpus = [] },
            { $0.runSpreadNs = 0 },
            { $0.sleepSpreadNs = 0 }, { $0.startSpreadNs = 0 }, { $0.runNs = 1_000_000 },
            { $0.sleepNs = 10_000_000 }, { $0.bursts = 3 },
        ]
        for index in smallest.loads.indices {
            for edit in edits {
                var candidate = smallest
                edit(&candidate.loads[index])
                attempt(candidate)
            }
        }
    }
}
