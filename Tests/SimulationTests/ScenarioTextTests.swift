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
        "overlap 1000001", "policy nonesuch", "mode user\nask-always no", "mode user\nask-always yes",
    ])
    func isRefused(_ lines: String) {
        #expect(throws: ScenarioError.self) { try Scenario(text: title + lines + "\n") }
    }

    /// With the line that has no effect, whatever stands before it.
    @Test(arguments: [
        "mode bpf\nload loop:1\nfault daemon=spins", "load loop:1\nmode bpf\nfault ring-bytes=4096",
        "\nmode bpf\nmax-tasks 20", "# text\n\nask-always", "mode user\n\nfault daemon-at=5ms",
        "mode user\nfault daemon=fine\nfault daemon-for=5ms",
        "mode user\nload loop:1\nfault daemon-every=5ms",
        "mode user\nload loop:1\nfault kick-late=5ms", "mode user\nload loop:1\nfault kick-late-ppm=5",
        "mode user\nload loop:1\ncpus x",
    ])
    func whatHasNoEffectIsRefusedWithItsLine(_ lines: String) {
        do {
            _ = try Scenario(text: title + lines + "\nseed 4\n")
            Issue.record("accepted")
        } catch {
            #expect("\(error)".hasPrefix("line 4: "), "\(error)")
        }
    }

    @Test func whatHasAnEffectIsNot() throws {
        let faults =
            "fault daemon=spins\nfault daemon-affinity=9ms\nfault no-migration=5ms\nfault kick-late=5ms\nfault kick-late-ppm=5\n"
        let read = try Scenario(text: title + "mode user\nask-always\nmax-tasks 20\n" + faults)
        #expect(read.asksAlways && read.faults.texts.count == 5)
    }

    @Test func editorsMayEndLinesTheirWay() throws {
        let text = title + "# text\ncpus 2\nload loop:2\npolicy fair\n"
        let plain = try Scenario(text: text)
        #expect(try Scenario(text: text.replacing("\n", with: "\r\n")) == plain)
        #expect(try Scenario(text: "\u{FEFF}" + text) == plain)
    }

    /// A random machine has things that its mode makes no use of: its text leaves them out, and is accepted.
    @Test func textsOfRandomMachinesAreAccepted() throws {
        let shipped = try PolicySource.shipped()
        for seed: UInt64 in 1...200 {
            let made = Scenario.random(seed: seed, mode: .bpf, descriptions: shipped)
            let read = try Scenario(text: made.text)
            #expect(read.text == made.text, "seed \(seed)")
            if seed % 10 == 0 {
                #expect(Simulator.run(read).hash == Simulator.run(made).hash, "seed \(seed)")
            }
        }
    }

    @Test func whereCPUsAreIsKept() throws {
        let text = title + "cpus 16\ntopology 2,2,2,2\nload loop:1,comm=cc1plus\npolicy fifo\n"
        let read = try Scenario(text: text)
        #expect(read.shape == [2, 2, 2, 2] && read.loads.first?.comm == "cc1plus")
        #expect(try Scenario(text: read.text) == read)
        for wrong in ["2,2,2", "0,1,1,16", "1,1,1,x", "1,1,1,2000", "1,1,1,8", "1024,1024,1024,1024"] {
            #expect(throws: ScenarioError.self, "\(wrong)") {
                try Scenario(text: text.replacing("2,2,2,2", with: wrong))
            }
        }
    }

    @Test(arguments: ["", "sixteen-letters-", "a b", "a#b", "\u{e4}"])
    func whatTasksCannotBeCalledIsRefused(_ comm: String) {
        #expect(throws: ScenarioError.self) { try Load("loop:1,comm=\(comm)") }
    }

    /// Another program's pair, or none.
    @Test func aPairsMachineIsNotOurs() {
        #expect(throws: ScenarioError.self) { try Scenario(text: title + "declared 1234abcd\nload loop:1\n") }
        #expect(throws: ScenarioError.self) { try Scenario(text: title + "yaml name: mine\nload loop:1\n") }
    }

    @Test func loadsAndGroupsMayBeEqual() throws {
        let text = title + "mode user\ncgroup 0:100\ncgroup 0:100\nload loop:2\nload loop:2\nmax-tasks 1\n"
        #expect(try Scenario(text: text).loads.count == 2)
    }
}
