// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import Glibc
import PolicyText
import Simulation

/// Runs simulated machines with one wrong mechanism, until a check fails or they are over.
struct MechanismJudge {
    let library: String
    let modes: [Scenario.Mode]
    /// Random machines, of each mode, after those on which nothing goes wrong.
    let seeds: Int

    /// What was noticed; nil if nothing was. A mutant that traps ends this process by a signal.
    func judge() throws -> String? {
        try use()
        for mode in modes {
            for machine in try CalmMachines.all(mode) + HardMachines.all(mode) {
                if let flaw = Simulator.run(machine).flaw { return text(flaw, machine) }
            }
        }
        let campaign = SimulationCampaign(try PolicySource.shipped())
        for seed in 1...UInt64(seeds) {
            for mode in modes {
                let machine = campaign.scenario(seed: seed, mode: mode)
                let outcome = Simulator.run(machine)
                if let flaw = outcome.flaw { return text(flaw, machine) }
            }
        }
        return nil
    }

    /// Of all that happens on some machines: another number, another behaviour.
    func hash() throws -> UInt64 {
        try use()
        let campaign = SimulationCampaign(try PolicySource.shipped())
        var hash: UInt64 = 0
        for mode in modes {
            for machine in try CalmMachines.all(mode) + HardMachines.all(mode) {
                hash = hash &* 31 &+ Simulator.run(machine).hash
            }
            for seed: UInt64 in 1...40 {
                let outcome = Simulator.run(campaign.scenario(seed: seed, mode: mode))
                hash = hash &* 31 &+ outcome.hash
            }
        }
        return hash
    }

    private func use() throws {
        guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
            fail("\(library) cannot be loaded: \(String(cString: dlerror()))")
        }
        let bpf = dlsym(handle, "sim_bpf_mode"), user = dlsym(handle, "sim_user_mode")
        let loop = dlsym(handle, "sim_foreign_loop")
        guard loop != nil || (bpf != nil && user != nil) else { fail("\(library) is no mechanism") }
        Simulator.use(
            bpfMode: bpf.map { UnsafeRawPointer($0) }, userMode: user.map { UnsafeRawPointer($0) },
            loop: loop.map { unsafeBitCast($0, to: ForeignLoop.self) })
    }

    private func text(_ flaw: Outcome.Flaw, _ machine: Scenario) -> String {
        "\(flaw.kind.rawValue): \(flaw.text) (\(machine.mode.rawValue)/\(machine.policyName), "
            + "seed \(machine.seed))"
    }
}
