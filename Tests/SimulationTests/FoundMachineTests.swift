// SPDX-License-Identifier: GPL-2.0-only
import PolicyText
import Simulation
import Testing

/// Random machines that a campaign found something wrong on: in a backend, in the model, or in a check that was
/// stricter than what may happen at the same time. Each of them goes wrong if its mend is taken back.
@Suite struct FoundMachineTests {
    struct Found {
        let mode: Scenario.Mode
        let seed: UInt64
        let of: String
        /// Longest wait beside an idle CPU; 0: the campaigns'.
        var besideIdleMs: UInt64 = 0
    }

    static let found: [Found] = [
        Found(mode: .user, seed: 922680, of: "answers to tasks that are let run held up the others"),
        Found(mode: .user, seed: 2002306, of: "the same"),
        Found(
            mode: .user, seed: 7001581, of: "the daemon did not know who had idled since before attachment",
            besideIdleMs: 80),
        Found(
            mode: .user, seed: 30000460, of: "a CPU idled beside the daemon, which had lost it in the middle",
            besideIdleMs: 40),
        Found(mode: .user, seed: 30000569, of: "the same", besideIdleMs: 40),
        Found(mode: .user, seed: 30001498, of: "the same", besideIdleMs: 40),
        Found(mode: .bpf, seed: 30001701, of: "the claimed CPU went off-line, and another was taken for it"),
        Found(mode: .bpf, seed: 2014411, of: "one that came back to the class took the mark of its CPU"),
        Found(
            mode: .bpf, seed: 70008123,
            of: "a rescue by a CPU that had idled since before attachment was not counted"),
        Found(mode: .bpf, seed: 70006757, of: "the same"),
        Found(
            mode: .user, seed: 70088315,
            of: "check: what nobody knew of was forgotten before it was asked about"),
        Found(
            mode: .bpf, seed: 100055748,
            of: "check: the only one that waited ran behind one that came meanwhile"),
        Found(mode: .bpf, seed: 400038829, of: "the same, behind a real-time task"),
        Found(
            mode: .user, seed: 200019342,
            of: "check: a task was taken for another CPU when the daemon had read all, and let it go on"),
        Found(
            mode: .user, seed: 1005, of: "one let run at once, of which the daemon was not told, was put back"
        ),
        Found(mode: .user, seed: 500063637, of: "check: many CPUs told of waits while one was stopped"),
        Found(mode: .user, seed: 936592, of: "check: the daemon slept twice in one turn"),
        Found(mode: .user, seed: 2006645, of: "the same"),
        Found(
            mode: .bpf, seed: 21001541, of: "model: a task was pushed to a CPU that was about to idle",
            besideIdleMs: 60),
        Found(mode: .user, seed: 21000434, of: "the same", besideIdleMs: 60),
        Found(mode: .user, seed: 30001101, of: "model: two CPUs waited for one another's lock"),
    ]

    @Test(arguments: found.indices) func isMended(_ index: Int) throws {
        let it = Self.found[index]
        var campaign = SimulationCampaign(try PolicySource.shipped())
        campaign.limits.besideIdleNs = it.besideIdleMs * 1_000_000
        let flaw = Simulator.run(campaign.scenario(seed: it.seed, mode: it.mode)).flaw
        #expect(
            flaw == nil,
            """
            \(it.of); repeat: sched-proto simulate --campaign 1 --mode \(it.mode.rawValue) --seed \(it.seed) \
            --limit beside-idle=\(it.besideIdleMs)ms
            """)
    }
}
