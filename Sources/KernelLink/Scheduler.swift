// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
public import CSchedProto
import Glibc
import PolicyModel

/// One of our schedulers, loaded into the kernel; attached from `attach` until `detach`, or until
/// this is destroyed. A process that dies takes it along: the kernel detaches it then.
public struct Scheduler: ~Copyable {
    public enum Mode: String, Sendable, CaseIterable {
        case user
        case bpf
    }

    /// Which of a policy's executions decides in BPF mode.
    public enum Twin: Sendable {
        /// The C policy.
        case c
        /// The C twin of a pair of one's own.
        case own(CTwin)
        /// The same Swift that decides in user mode, compiled for BPF.
        case swift(SwiftTwin)
    }

    /// What is set before loading; it cannot be changed afterwards.
    public struct Configuration: Sendable {
        public var mode: Mode
        public var policy: sp_policy
        /// The policy's name, the last part of the scheduler's: `sched_proto_MODE_NAME`.
        public var policyName: String
        /// BPF mode: who decides.
        public var twin = Twin.c
        /// Only tasks that ask for SCHED_EXT.
        public var partial = false
        /// User mode: the daemon is asked even where one task waits and a CPU has no other.
        public var askAlways = false
        /// `cpu.weight` of control groups counts, where the policy goes by weight.
        public var groupWeights = true
        /// How long the kernel lets a runnable task wait before it ends the scheduler, in ms,
        /// 1...30000 (the kernel's own limit).
        public var watchdogMs: UInt32 = 10_000
        /// A pair's own queues on this machine; nil if it has none.
        public let queues: QueueLayout?
        /// Where a pair's waking tasks look one after the other; nil if it leaves that to the kernel.
        let wakeups: WakeupRings?

        public init(mode: Mode, policy: sp_policy, policyName: String) {
            self.mode = mode
            self.policyName = policyName
            let topology = policy.hasOwnQueues || policy.hasWakeups ? Topology.ofThisMachine : Topology([])
            let policy = policy.withCPUs(of: max(topology.places.count, 1))
            self.policy = policy
            queues = policy.hasOwnQueues ? QueueLayout(policy, topology) : nil
            wakeups = policy.hasWakeups ? WakeupRings(topology) : nil
        }

        /// "c" or "swift" in BPF mode; nil in user mode.
        public var twinName: String? {
            switch (mode, twin) {
            case (.user, _): nil
            case (.bpf, .c), (.bpf, .own): "c"
            case (.bpf, .swift): "swift"
            }
        }

        /// The name under which the kernel shows the scheduler; it keeps 127 letters.
        public var name: String {
            let letters = policyName.unicodeScalars.map { scalar in
                scalar.properties.isAlphabetic && scalar.isASCII || ("0"..."9").contains(scalar)
                    ? Character(scalar) : "_"
            }
            return "sched_proto_\(mode.rawValue)_" + String(letters.prefix(64))
        }

        /// Whether groups' weights are counted at all; else nothing of that is in the program.
        var countsGroupWeights: Bool { groupWeights && policy.goesByWeight }
    }

    public let configuration: Configuration
    /// Whether `cpu.weight` of control groups has an effect: it was not asked not to, the kernel tells of groups,
    /// and the policy goes by weight.
    public let honoursGroupWeight: Bool
    private let object: OpaquePointer
    private var link: OpaquePointer?
    /// The look at each switch, on kernels that have it instead of a callback.
    private var switchLink: OpaquePointer?
    private let memory: StatusMemory

    /// Loads the program: the verifier has seen it, no task is scheduled by it yet.
    public init(_ configuration: Configuration) throws(KernelError) {
        LibbpfLog.install()
        let program = try Self.program(configuration)
        var verifier: VerifierLog?
        if case .swift = configuration.twin, configuration.mode == .bpf, !LibbpfLog.isVerbose {
            verifier = VerifierLog()
        }
        defer { withExtendedLifetime(verifier) {} }
        let object = try Self.open(program, verifier)
        let hasGroups: Bool
        do throws(KernelError) {
            hasGroups = try Self.load(object, configuration, program, verifier)
            memory = try StatusMemory(object)
        } catch {
            bpf_object__close(object)
            throw error
        }
        honoursGroupWeight = hasGroups && configuration.countsGroupWeights
        self.configuration = configuration
        self.object = object
    }

    deinit {
        if let switchLink { bpf_link__destroy(switchLink) }
        if let link { bpf_link__destroy(link) }
        bpf_object__close(object)
    }

    private static func program(_ configuration: Configuration) throws(KernelError) -> BPFObject {
        switch (configuration.mode, configuration.twin) {
        case (.user, _):
            let wants = configuration.policy.wanted != 0
            if configuration.policy.isAskedAlone {
                if configuration.queues == nil { return wants ? .userModeAloneWanted : .userModeAlone }
                return wants ? .userModeAllWanted : .userModeAll
            }
            if configuration.queues != nil { return wants ? .userModePlacesWanted : .userModePlaces }
            if wants { return .userModeInputsWanted }
            if configuration.policy.inputs != 0 { return .userModeInputs }
            return configuration.wakeups == nil ? .userMode : .userModeWakeups
        case (.bpf, .c): return .bpfMode
        case (.bpf, .own(let twin)):
            guard let objects = twin.objects else {
                throw KernelError(
                    "bpf_object__open", errno: ENOENT, details: twin.obstacle ?? "")
            }
            return objects.mode
        case (.bpf, .swift(let twin)):
            guard let objects = twin.objects else {
                throw KernelError(
                    "bpf_object__open", errno: ENOENT,
                    refusal: SwiftRefusal(obstacle: twin.obstacle ?? ""))
            }
            return objects.mode
        }
    }

    private static func open(
        _ program: BPFObject, _ verifier: VerifierLog?
    ) throws(KernelError) -> OpaquePointer {
        let bytes = program.bytes()
        let object = bytes.withUnsafeBytes { buffer in
            program.name.withCString { name in
                var options = bpf_object_open_opts()
                options.sz = MemoryLayout<bpf_object_open_opts>.size
                options.object_name = name
                // BPF_LOG_STATS: of each program instructions and states, and no more.
                options.kernel_log_level = LibbpfLog.isVerbose ? 4 : 0
                verifier?.take(in: &options)
                return bpf_object__open_mem(buffer.baseAddress, buffer.count, &options)
            }
        }
        guard let object else { throw KernelError("bpf_object__open_mem(\(program.name))", errno: errno) }
        return object
    }

    /// Returns whether the kernel tells it of control groups.
    private static func load(
        _ object: OpaquePointer, _ configuration: Configuration, _ image: BPFObject,
        _ verifier: VerifierLog?
    ) throws(KernelError) -> Bool {
        let mark = LibbpfLog.mark()
        let hasGroups = try configure(object, configuration)
        let result = bpf_object__load(object)
        if result != 0 {
            verifier?.say()
            var refusal: SwiftRefusal?
            if case .swift = configuration.twin, configuration.mode == .bpf {
                refusal = SwiftRefusal(
                    LibbpfLog.text(since: mark, lines: .max), image.traps, { image.lines(of: $0, in: object) }
                )
            }
            throw KernelError(
                "bpf_object__load", errno: -result, details: LibbpfLog.text(since: mark),
                refusal: refusal)
        }
        return hasGroups
    }

    private static func configure(
        _ object: OpaquePointer, _ configuration: Configuration
    ) throws(KernelError) -> Bool {
        let variables = BPFVariables(object: object)
        let description = try variables.initialValue("description", in: ".rodata")
        description.storeBytes(of: configuration.policy, as: sp_policy.self)
        let cpus = try variables.initialValue("nr_cpus", in: ".rodata")
        cpus.storeBytes(of: UInt32(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN))), as: UInt32.self)
        let watchdog = try variables.initialValue("watchdog_ns", in: ".rodata")
        watchdog.storeBytes(of: UInt64(configuration.watchdogMs) * 1_000_000, as: UInt64.self)
        let weights = try variables.initialValue("group_weights", in: ".rodata")
        weights.storeBytes(of: configuration.countsGroupWeights ? 1 : 0, as: UInt8.self)
        let constants =
            (configuration.queues?.constants(of: configuration.mode) ?? [])
            + (configuration.wakeups?.constants ?? [])
        for (name, bytes) in constants {
            let place = try variables.initialValue(name, in: ".rodata")
            bytes.withUnsafeBytes { place.copyMemory(from: $0) }
        }
        if configuration.mode == .user {
            let asks = try variables.initialValue("ask_always", in: ".rodata")
            let asksAlways = configuration.askAlways || configuration.policy.isAskedAlone
            asks.storeBytes(of: asksAlways ? 1 : 0, as: UInt8.self)
            let partial = try variables.initialValue("switch_partial", in: ".rodata")
            partial.storeBytes(of: configuration.partial ? 1 : 0, as: UInt8.self)
        }
        guard let map = bpf_object__find_map_by_name(object, "scheduler"),
            let table = bpf_map__initial_value(map, nil)
        else { throw KernelError("bpf_object__find_map_by_name(scheduler)", errno: ENOENT) }
        let ops = table.assumingMemoryBound(to: sched_ext_ops.self)
        if configuration.partial { ops.pointee.flags |= UInt64(SP_OPS_SWITCH_PARTIAL) }
        ops.pointee.timeout_ms = configuration.watchdogMs
        if configuration.mode == .user { leaveOut(&ops.pointee, wanted: configuration.policy.wanted) }
        if let kernel = KernelBTF() { try fit(&ops.pointee, of: object, to: kernel) }
        withUnsafeMutableBytes(of: &ops.pointee.name) { name in
            for index in name.indices { name[index] = 0 }
            name.copyBytes(from: configuration.name.utf8.prefix(name.count - 1))
        }
        return ops.pointee.cgroup_init != nil
    }

    /// Takes out of user mode's table, which is made for all events that a pair may want, what this one does not.
    private static func leaveOut(_ ops: inout sched_ext_ops, wanted: UInt32) {
        // Answers to ticks have to know who runs.
        if wanted & (SP_WANTS_STOPPING_BIT | SP_WANTS_TICK_BIT) == 0 { ops.stopping = nil }
        if wanted & SP_WANTS_TICK_BIT == 0 { ops.tick = nil }
        if wanted & SP_WANTS_CHANGED_BIT == 0 { ops.set_weight = nil }
    }

    /// Takes out of the table what this kernel does not have, or has something better for. A callback
    /// that is not in the table is not loaded either.
    private static func fit(
        _ ops: inout sched_ext_ops, of object: OpaquePointer, to kernel: borrowing KernelBTF
    ) throws(KernelError) {
        if kernel.hasFunction("scx_bpf_reenqueue_local___v2") {
            // bpf/taken_cpu.bpf.h
            ops.cpu_release = nil
            bpf_program__set_autoload(try watchOfSwitches(object), true)
        }
        // Before 6.14 the kernel always asks where such tasks go. Since then it does so if told to; else they would
        // run past the policy, in BPF mode after it was told that they wait.
        if kernel.hasValue("SCX_OPS_ENQ_MIGRATION_DISABLED", of: "scx_ops_flags") {
            ops.flags |= UInt64(SP_OPS_ENQ_MIGRATION_DISABLED)
        }
        func has(_ callback: String) -> Bool { kernel.hasMember(callback, of: "sched_ext_ops") }
        if !has("cgroup_init") { ops.cgroup_init = nil }
        if !has("cgroup_exit") { ops.cgroup_exit = nil }
        if !has("cgroup_move") { ops.cgroup_move = nil }
        if !has("cgroup_set_weight") { ops.cgroup_set_weight = nil }
        if !has("cgroup_set_bandwidth") { ops.cgroup_set_bandwidth = nil }
        if !has("cgroup_set_idle") { ops.cgroup_set_idle = nil }
    }

    private static func watchOfSwitches(_ object: OpaquePointer) throws(KernelError) -> OpaquePointer {
        let name = "sp_sched_switch"
        guard let program = bpf_object__find_program_by_name(object, name) else {
            throw KernelError("bpf_object__find_program_by_name(\(name))", errno: errno)
        }
        return program
    }

    /// Hands the machine's tasks to the scheduler.
    ///
    /// - Throws: with `EBUSY` if another scheduler is attached.
    public mutating func attach() throws(KernelError) {
        let mark = LibbpfLog.mark()
        guard let map = bpf_object__find_map_by_name(object, "scheduler"),
            let link = bpf_map__attach_struct_ops(map)
        else {
            let number = errno
            throw KernelError(
                "bpf_map__attach_struct_ops", errno: number, details: LibbpfLog.text(since: mark))
        }
        self.link = link
        // Not before: until then the CPUs' queues are another scheduler's, if anybody's.
        let program = try Self.watchOfSwitches(object)
        guard bpf_program__autoload(program) else { return }
        switchLink = bpf_program__attach(program)
        if switchLink == nil {
            let number = errno
            detach()
            throw KernelError("bpf_program__attach(sched_switch)", errno: number)
        }
    }

    /// Gives the machine's tasks back to the kernel's own scheduler. Harmless when not attached.
    public mutating func detach() {
        guard let link else { return }
        self.link = nil
        bpf_link__destroy(link)
        // Last: it does nothing any more, and the tasks need not wait for it.
        if let switchLink { bpf_link__destroy(switchLink) }
        switchLink = nil
    }

    /// File descriptor of the map called `name`, which the scheduler keeps.
    public func map(_ name: String) throws(KernelError) -> Int32 {
        let descriptor = bpf_object__find_map_fd_by_name(object, name)
        if descriptor < 0 {
            throw KernelError("bpf_object__find_map_fd_by_name(\(name))", errno: -descriptor)
        }
        return descriptor
    }

    /// The counters as they stand: each is right, together they may be torn.
    public func status() -> sp_status { memory.now }

    /// How often somebody set a CPU limit of a control group since attachment, as far as the kernel tells:
    /// see `GroupLimits`.
    public var groupLimitsSet: UInt64 { memory.groupLimitsSet }

    /// Where the kernel notes that it ended the scheduler: not 0 from then on. Valid as long as
    /// the scheduler is.
    public var exitKind: UnsafeRawPointer { memory.exitKind }

    /// Why the kernel ended the scheduler; nil while it has not.
    public func exitReport() -> ExitReport? { memory.exitReport() }
}
