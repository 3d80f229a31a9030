// SPDX-License-Identifier: GPL-2.0-only
import PolicyText
import Simulation
import Testing

/// What a scenario's text may say, and that one which was kept says all of it.
@Suite struct ScenarioTextTests {
    private let title = "sched-proto simulation 1\n"

    @Test func aPolicyWhoseFileIsGoneIsInTheSettings() throws {
        var kept = try scenario(.bpf, "interactive", cpus: 2, seconds: 1, ["loop:2"])
        for name in ["mine", "./mine.yaml", "random-7"] {
            kept.policyName = name
            #expect(try Scenario(text: kept.text) == kept)
            let setting = try #require(kept.settings.first)
            let lacking = kept.text.replacing("set \(setting)\n", with: "")
            if !name.hasPrefix("random") {
                #expect(throws: ScenarioError.self, "without \(setting)") { try Scenario(text: lacking) }
            }
        }
    }

    @Test(arguments: [
        "cpus 4\ncpus 8", "set slice.max=3ms\nset slice.max=5ms", "fault exec=1ms\nfault exec=2ms",
        "limit wait=1s\nlimit wait=2s", "load loop:2,nice=1,nice=2", "max-tasks 1048577", "max-tasks 0",
        "overlap 1000001", "policy nonesuch",
    ])
    func isRefused(_ lines: String) {
        #expect(throws: ScenarioError.self) { try Scenario(text: title + lines + "\n") }
    }

    @Test func loadsAndGroupsMayBeEqual() throws {
        let text = title + "cgroup 0:100\ncgroup 0:100\nload loop:2\nload loop:2\nmax-tasks 1\n"
        #expect(try Scenario(text: text).loads.count == 2)
    }
}
