// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import CSimKernel
import KernelLink
import Synchronization

/// Runs scenarios, one at a time: the model and the backends are static data of this process.
public enum Simulator {
    static let oneAtATime = Mutex(())

    /// Runs a scenario to its end or its first flaw. The same scenario gives the same outcome, always.
    public static func run(_ scenario: Scenario) -> Outcome {
        oneAtATime.withLock { _ in start(scenario) }
    }

    /// Others in the place of the backends and of the daemon's loop of this program, from now on: wrong
    /// ones, built for tests of the checks. nil: our own.
    package static func use(
        bpfMode: UnsafeRawPointer?, userMode: UnsafeRawPointer?, loop: ForeignLoop?
    ) {
        oneAtATime.withLock { _ in
            sim_use_backends(bpfMode, userMode)
            SimulatedDaemon.foreign.withLock { $0 = loop }
        }
    }

    /// A pair in the place of the policies of this program, from now on.
    public static func use(_ pair: SimulatedPair) {
        oneAtATime.withLock { _ in Self.pair.withLock { $0 = pair } }
    }

    private static let pair = Mutex<SimulatedPair?>(nil)

    private static func start(_ scenario: Scenario) -> Outcome {
        let pair = pair.withLock { $0 }
        let calls = pair?.calls.pointee ?? sim_calls().pointee
        var machine = sim_machine(scenario)
        let topology = scenario.topology
        machine.policy = scenario.policy.withCPUs(of: Int(scenario.cpus))
        let layout = machine.policy.hasOwnQueues ? QueueLayout(machine.policy, topology) : nil
        pair?.prepare(machine.policy, sim_mode(machine.mode), topology, layout)
        calls.start(&machine)
        var daemon: SimulatedDaemon?
        if scenario.mode == .user {
            let places = scenario.maxTasks > 0 ? scenario.maxTasks : 2 * scenario.tasks + 64
            daemon = SimulatedDaemon(machine.policy, maxTasks: places, pair, layout)
            daemon?.start(calls)
        }
        for group in scenario.givenGroups { _ = calls.add_cgroup(group.parent, group.weight) }
        for load in scenario.loads {
            var group = sim_group(load)
            _ = calls.add_group(&group)
        }
        calls.run(scenario.durationNs, scenario.eventsMax)
        let report = calls.end().pointee
        return Outcome(report, calls, groups: scenario.loads.count, hasDaemon: daemon != nil)
    }
}

extension sim_machine {
    init(_ scenario: Scenario) {
        self.init()
        mode = scenario.mode == .user ? SIM_MODE_USER.rawValue : SIM_MODE_BPF.rawValue
        cpus = scenario.cpus
        seed = scenario.seed
        policy = scenario.policy
        ask_always = scenario.asksAlways || scenario.policy.isAskedAlone ? 1 : 0
        overlap = scenario.overlap
        mistake = scenario.mistake.rawValue
        let wrong = scenario.faults
        faults.affinity_ns = wrong.affinityNs
        faults.weight_ns = wrong.weightNs
        faults.class_ns = wrong.classNs
        faults.exec_ns = wrong.execNs
        faults.hotplug_ns = wrong.hotplugNs
        faults.daemon_affinity_ns = wrong.daemonAffinityNs
        faults.section_ns = wrong.sectionNs
        faults.cgroup_ns = wrong.cgroupNs
        cgroups = scenario.cgroups
        threads = scenario.shape.last ?? 1
        faults.kick_late_ppm = wrong.kickLatePpm
        faults.kick_late_ns = wrong.kickLateNs
        faults.daemon =
            switch wrong.daemon {
            case .fine: SIM_DAEMON_FINE.rawValue
            case .spins: SIM_DAEMON_SPINS.rawValue
            case .sleeps: SIM_DAEMON_SLEEPS.rawValue
            }
        faults.daemon_at_ns = wrong.daemonAtNs
        faults.daemon_ns = wrong.daemonNs
        faults.daemon_every_ns = wrong.daemonEveryNs
        faults.ring_bytes = wrong.ringBytes
        limits.wait_ns = scenario.limits.waitNs
        limits.beside_idle_ns = scenario.limits.besideIdleNs
        limits.calm = scenario.limits.isCalm ? 1 : 0
        // What interrupts and the daemon's passes take on a machine of today.
        costs.ipi_ns = 2000
        costs.irq_ns = 500
        costs.jitter_ns = 1500
        costs.pass_ns = 1000
        costs.pass_event_ns = 200
    }
}

extension sim_group {
    init(_ load: Load) {
        self.init()
        count = load.count
        habit =
            switch load.habit {
            case .loop: SIM_LOOP.rawValue
            case .sleeper: SIM_SLEEPER.rawValue
            case .pipe: SIM_PIPE.rawValue
            case .yielder: SIM_YIELDER.rawValue
            case .storm: SIM_STORM.rawValue
            case .brief: SIM_BRIEF.rawValue
            }
        nice = load.nice
        kthread = load.isKthread ? 1 : 0
        realtime = load.isRealtime ? 1 : 0
        bursts = load.bursts
        cgroup = load.cgroup
        run_ns = load.runNs
        run_spread_ns = load.runSpreadNs
        sleep_ns = load.sleepNs
        sleep_spread_ns = load.sleepSpreadNs
        start_ns = load.startNs
        start_spread_ns = load.startSpreadNs
        withUnsafeMutableBytes(of: &comm) { $0.copyBytes(from: load.comm.utf8.prefix($0.count - 1)) }
        withUnsafeMutableBytes(of: &cpus) { bytes in
            let words = bytes.bindMemory(to: UInt64.self)
            for cpu in load.cpus { words[Int(cpu / 64)] |= 1 << UInt64(cpu % 64) }
        }
    }
}
