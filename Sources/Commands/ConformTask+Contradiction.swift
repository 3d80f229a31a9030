// SPDX-License-Identifier: GPL-2.0-only

extension ConformTask {
    /// What was asked for and would be ignored, which nobody should take for a proof; nil if nothing.
    func contradiction(with what: ConformOptions) -> String? {
        let isRandom = what.policy.contains("random")
        if let (task, useful) = task(isRandom: isRandom) {
            let idle = given(what).filter { !useful.contains($0) }
            if !idle.isEmpty {
                let names = idle.joined(separator: ", ")
                return "\(names) would be ignored with \(task): leave \(idle.count == 1 ? "it" : "them") out"
            }
        } else if hostile {
            return "--hostile is for --record"
        }
        if round != nil && what.seed == nil { return "--round needs the --seed that it is a round of" }
        if !what.settings.isEmpty {
            if isRandom { return "--set would be ignored: random policies have no settings" }
            // All small traces are of the shipped policies, which have them.
            if what.policy.isEmpty && exhaustive == nil {
                return
                    "--set would be ignored by the random policies: name the --policy whose value it replaces"
            }
        }
        return nil
    }

    /// The option that says what is done, and those that it makes use of; nil for random traces.
    private func task(isRandom: Bool) -> (name: String, useful: Set<String>)? {
        if replay != nil { return ("--replay", ["--json"]) }
        if record != nil { return ("--record", ["--events", "--hostile", "--policy", "--set", "--seed"]) }
        if exhaustive != nil {
            let useful: Set = ["--for", "--policy", "--set", "--json"]
            return ("--exhaustive", isRandom ? useful.union(["--seed"]) : useful)
        }
        if round != nil { return ("--round", ["--policy", "--set", "--seed", "--json"]) }
        return nil
    }

    /// The options that were given, but for that one, and for --lanes, which every task uses.
    private func given(_ what: ConformOptions) -> [String] {
        let options = [
            ("--events", events != nil), ("--for", seconds != nil), ("--shard", shard != nil),
            ("--hostile", hostile), ("--policy", !what.policy.isEmpty), ("--set", !what.settings.isEmpty),
            ("--seed", what.seed != nil), ("--json", what.json),
        ]
        return options.filter(\.1).map(\.0)
    }
}
