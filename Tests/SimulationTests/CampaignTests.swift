// SPDX-License-Identifier: GPL-2.0-only
import PolicyText
import Simulation
import Testing

@Suite struct SimulationCampaignTests {
    /// Random machines, loads and faults, in both modes, with all checks.
    @Test func nothingIsWrong() throws {
        var campaign = SimulationCampaign(try PolicySource.shipped())
        campaign.limits.waitNs = 10_000_000_000
        var account = SimulationCampaign.Account()
        for seed: UInt64 in 1...300 {
            for finding in campaign.run(seed: seed, &account) {
                Issue.record(
                    """
                    \(finding.flaw.kind.rawValue): \(finding.flaw.text); repeat: sched-proto simulate \
                    --campaign 1 --mode \(finding.scenario.mode.rawValue) --seed \(seed)
                    """)
            }
        }
        #expect(account.runs == 600)
        #expect(account.effects > 1_000_000 && account.faults > 10_000 && account.stops > 100_000)
        #expect(account.sections > 1000, "\(account.sections)")
    }

    /// Where nothing goes wrong, nothing is counted that is a way around the policy; and where much does,
    /// nothing is wrong either.
    @Test(arguments: Scenario.Mode.allCases) func calmAndHardMachines(_ mode: Scenario.Mode) throws {
        for machine in try CalmMachines.all(mode) + HardMachines.all(mode) {
            let flaw = Simulator.run(machine).flaw
            #expect(flaw == nil, "\(machine.text)")
        }
    }

    /// Large machines and pids up to 2^22.
    @Test(arguments: Scenario.Mode.allCases) func aThousandCPUs(_ mode: Scenario.Mode) throws {
        let loads = [
            "loop:500", "sleeper:3000,run=100us,run-spread=1ms,sleep=1ms,sleep-spread=20ms",
            "brief:500,run=50us,sleep=5ms",
        ]
        var large = try scenario(
            mode, "interactive", cpus: 1024, seconds: 1, loads, faults: ["hotplug=20ms", "affinity=1ms"])
        large.eventsMax = 200_000
        let outcome = Simulator.run(large)
        #expect(outcome.flaw == nil)
        #expect(outcome.events == 200_000)
    }

    /// One that goes wrong is found, shrunk, and goes wrong again from its text.
    @Test func aFindingIsShrunkAndKept() throws {
        var campaign = SimulationCampaign(try PolicySource.shipped())
        campaign.limits.waitNs = 30_000_000
        var account = SimulationCampaign.Account()
        let finding = try #require(
            (1...50).lazy.compactMap { campaign.run(seed: $0, &account).first }.first)
        var shrinker = ScenarioShrinker(finding.scenario, finding.flaw)
        shrinker.shrink()
        let small = try Scenario(text: shrinker.smallest.text)
        #expect(small.tasks <= finding.scenario.tasks)
        #expect(Simulator.run(small).flaw?.kind == .wait)
    }
}
