// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
public import CSchedProto
import Glibc

/// Why the policy cannot be run as bytecode without a scheduler around it.
public enum ProbeError: Error, CustomStringConvertible {
    /// This process or this kernel cannot run any such program: the reason.
    case unavailable(String)
    /// The kernel refused this very program: the end of libbpf's and the verifier's log.
    case refused(String)
    /// The same of a policy in Swift: why, where, and what to write instead.
    case swift(SwiftRefusal)
    /// A call failed that had to work.
    case failed(String)

    public var description: String {
        switch self {
        case .unavailable(let reason): reason
        case .refused(let log): "the kernel refused the probe program:\n\(log)"
        case .swift(let refusal):
            refusal.details.isEmpty ? refusal.text : "\(refusal.text)\n\(refusal.details)"
        case .failed(let what): what
        }
    }

    static func failed(_ what: String, _ code: Int32) -> ProbeError {
        .failed("\(what): \(String(cString: strerror(abs(code))))")
    }
}

/// The policy as bytecode, loaded with one description; decides batches of events that were put
/// into the memory that it shares with the kernel.
public struct ProbeProgram: ~Copyable {
    private let object: OpaquePointer
    private let program: Int32

    /// Loads the program; `memory` must outlive its runs.
    ///
    /// Check `ProbeProgram.obstacle()` before: here, every refusal is an error of ours.
    /// - Throws: `refused` with the verifier's log, or `failed`.
    public init(_ policy: sp_policy, memory: borrowing ProbeMemory) throws(ProbeError) {
        try self.init(.policyProbe, policy, memory: memory)
    }

    /// The policy in Swift as bytecode.
    /// - Throws: `unavailable` with the reason if the build could not make it.
    public init(
        _ twin: SwiftTwin, _ policy: sp_policy, memory: borrowing ProbeMemory
    ) throws(ProbeError) {
        guard let probe = twin.objects?.probe else { throw .unavailable(twin.obstacle ?? "") }
        try self.init(probe, policy, memory: memory, isSwift: true)
    }

    /// The C twin of a pair of one's own as bytecode.
    /// - Throws: `unavailable` with the reason if there is none.
    public init(
        _ twin: CTwin, _ policy: sp_policy, memory: borrowing ProbeMemory
    ) throws(ProbeError) {
        guard let probe = twin.objects?.probe else { throw .unavailable(twin.obstacle ?? "") }
        try self.init(probe, policy, memory: memory)
    }

    /// As above, with another object file.
    init(
        _ image: BPFObject, _ policy: sp_policy, memory: borrowing ProbeMemory, isSwift: Bool = false
    ) throws(ProbeError) {
        LibbpfLog.install()
        let mark = LibbpfLog.mark()
        let verifier = isSwift && !LibbpfLog.isVerbose ? VerifierLog() : nil
        defer { withExtendedLifetime(verifier) {} }
        let opened = image.bytes().withUnsafeBytes { bytes in
            image.name.withCString { name in
                var options = bpf_object_open_opts()
                options.sz = MemoryLayout<bpf_object_open_opts>.size
                options.object_name = name
                verifier?.take(in: &options)
                return bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
            }
        }
        guard let opened else { throw .refused(LibbpfLog.text(since: mark)) }
        let loaded: Int32
        do throws(ProbeError) {
            loaded = try Self.load(opened, policy, memory, since: mark, image, verifier, isSwift: isSwift)
        } catch {
            bpf_object__close(opened)
            throw error
        }
        object = opened
        program = loaded
    }

    deinit {
        bpf_object__close(object)
    }

    private static func load(
        _ object: OpaquePointer, _ policy: sp_policy, _ memory: borrowing ProbeMemory,
        since mark: LibbpfLog.Mark, _ image: BPFObject, _ verifier: VerifierLog?, isSwift: Bool
    ) throws(ProbeError) -> Int32 {
        for (name, map) in memory.maps {
            let status = bpf_map__reuse_fd(bpf_object__find_map_by_name(object, name), map)
            guard status == 0 else { throw .failed("sharing the map \(name)", status) }
        }
        try write(policy, into: object)
        guard bpf_object__load(object) == 0 else {
            verifier?.say()
            let log = LibbpfLog.text(since: mark, lines: .max)
            if isSwift,
                let refusal = SwiftRefusal(log, image.traps, { image.lines(of: $0, in: object) })
            {
                throw .swift(refusal)
            }
            throw .refused(LibbpfLog.text(since: mark))
        }
        let program = bpf_object__find_program_by_name(object, "decide_batch")
        return bpf_program__fd(program)
    }

    private static func write(
        _ policy: sp_policy, into object: OpaquePointer
    ) throws(ProbeError) {
        do throws(KernelError) {
            try BPFVariables(object: object).initialValue("description", in: ".rodata")
                .storeBytes(of: policy, as: sp_policy.self)
        } catch {
            throw .failed(error.description)
        }
    }

    /// Decides the first `count` events of the memory, in order; the outcomes are in it then.
    ///
    /// - Parameters:
    ///   - start: begin with the state of before the first event.
    ///   - period: if not 0, begin so again after each so many events.
    /// - Throws: `failed` if the call fails or does not decide every event.
    public func decide(count: Int, start: Bool, period: Int) throws(ProbeError) {
        var call = sp_probe_call()
        call.start = start ? 1 : 0
        call.count = UInt32(count)
        call.period = UInt32(period)
        let (status, decided) = withUnsafeMutableBytes(of: &call) { bytes in
            var options = bpf_test_run_opts()
            options.sz = MemoryLayout<bpf_test_run_opts>.size
            options.ctx_in = UnsafeRawPointer(bytes.baseAddress)
            options.ctx_size_in = UInt32(bytes.count)
            return (bpf_prog_test_run_opts(program, &options), options.retval)
        }
        guard status == 0 else { throw .failed("running the probe program", status) }
        guard decided == UInt32(count) else {
            throw .failed("the probe program decided \(Int32(bitPattern: decided)) of \(count) events")
        }
    }
}

extension ProbeProgram {
    /// How large a program is.
    public struct Size: Sendable {
        /// Instructions that are left when the verifier has taken out those of rules not used.
        public let instructions: Int
        /// Instructions that it looked at, each as often as it did.
        public let verified: Int
    }

    /// Of the program as it is loaded.
    /// - Throws: `failed` if the kernel does not say.
    public func size() throws(ProbeError) -> Size {
        var info = bpf_prog_info()
        var length = UInt32(MemoryLayout<bpf_prog_info>.size)
        let status = bpf_prog_get_info_by_fd(program, &info, &length)
        guard status == 0 else { throw .failed("asking for the program's size", status) }
        return Size(instructions: Int(info.xlated_prog_len) / 8, verified: Int(info.verified_insns))
    }

    /// Why no probe program can run here, or nil if one can: the process lacks a privilege, or
    /// the kernel lacks a feature. Nothing else counts as an obstacle.
    public static func obstacle() -> String? {
        LibbpfLog.install()
        var options = bpf_map_create_opts()
        options.sz = MemoryLayout<bpf_map_create_opts>.size
        options.map_flags = UInt32(BPF_F_MMAPABLE)
        let map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sp_try", 4, 8, 1, &options)
        guard map >= 0 else {
            return obstacle(-map, feature: "memory-mapped BPF maps (5.5 or newer)")
        }
        close(map)
        let program = loadNothing()
        guard program >= 0 else {
            return obstacle(-program, feature: "BPF programs of the type syscall (5.14 or newer)")
        }
        close(program)
        let loop = libbpf_probe_bpf_helper(BPF_PROG_TYPE_SYSCALL, BPF_FUNC_loop, nil)
        return loop == 0 ? obstacle(EINVAL, feature: "bpf_loop (5.17 or newer)") : nil
    }

    /// Loads `return 0;`, which no verifier refuses. Returns a file descriptor or -errno.
    private static func loadNothing() -> Int32 {
        var instructions = [bpf_insn(), bpf_insn()]
        instructions[0].code = UInt8(BPF_ALU64 | BPF_MOV | BPF_K)
        instructions[1].code = UInt8(BPF_JMP | BPF_EXIT)
        var options = bpf_prog_load_opts()
        options.sz = MemoryLayout<bpf_prog_load_opts>.size
        options.prog_flags = UInt32(BPF_F_SLEEPABLE)
        return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "sp_try", "GPL", &instructions, 2, &options)
    }

    /// What the error says of this process or this kernel; nil for any other error, with which
    /// the real program then fails.
    private static func obstacle(_ code: Int32, feature: String) -> String? {
        switch code {
        case EPERM, EACCES:
            """
            the kernel does not let this process load BPF programs \
            (\(String(cString: strerror(code)))); run as root, or with CAP_BPF, CAP_PERFMON and \
            CAP_SYS_ADMIN
            """
        case ENOSYS: "this kernel has no BPF"
        case EINVAL, ENOTSUP: "this kernel has no \(feature)"
        default: nil
        }
    }
}
