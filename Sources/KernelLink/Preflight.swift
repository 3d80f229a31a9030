// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Glibc
import Output

/// What keeps this machine from running a sched_ext scheduler, found before anything is touched.
public struct Obstacle: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        case noPermission
        case noSupport
        case busy
    }

    public let kind: Kind
    /// What is wrong and what to do about it.
    public let description: String
}

/// Looks at the machine, without changing it.
public enum Preflight {
    private static let root = "/sys/kernel/sched_ext"

    /// The kernel's release, as uname(2) has it.
    public static var kernelRelease: String {
        readLine("/proc/sys/kernel/osrelease") ?? "unknown"
    }

    /// State of sched_ext in the kernel's words ("enabled", "disabled", ...); nil without it.
    public static var state: String? { readLine("\(root)/state") }

    /// Name of the attached scheduler; nil if there is none.
    public static var attachedScheduler: String? { readLine("\(root)/root/ops") }

    /// Everything that stands in the way of attaching, the most basic first.
    /// - Parameter locksMemory: whether memory will be locked, as user mode does.
    public static func obstacles(locksMemory: Bool) -> [Obstacle] {
        var found: [Obstacle] = []
        let missing = missingCapabilities(locksMemory: locksMemory)
        if !missing.isEmpty {
            found.append(
                Obstacle(
                    kind: .noPermission,
                    description:
                        "not allowed to attach a scheduler: \(missing.joined(separator: ", ")) missing; run it as root, or with sudo"
                ))
        }
        guard let state else {
            found.append(
                Obstacle(
                    kind: .noSupport,
                    description:
                        "this kernel (\(kernelRelease)) has no sched_ext: it needs Linux 6.12 or newer with CONFIG_SCHED_CLASS_EXT=y; 'make run' starts one that has, in a virtual machine"
                ))
            return found
        }
        if access("/sys/kernel/btf/vmlinux", R_OK) != 0 {
            found.append(
                Obstacle(
                    kind: .noSupport,
                    description:
                        "this kernel (\(kernelRelease)) does not describe its types in /sys/kernel/btf/vmlinux: it needs CONFIG_DEBUG_INFO_BTF=y"
                ))
        } else if mayHaveImplicitArguments(kernelRelease), let btf = KernelBTF(),
            let obstacle = implicitArguments(btf, release: kernelRelease)
        {
            found.append(obstacle)
        }
        if locksMemory && isInPIDNamespace {
            found.append(
                Obstacle(
                    kind: .noSupport,
                    description:
                        "user mode cannot run in a PID namespace of its own: the kernel would not know our threads; start the container with the host's PIDs, or use --mode bpf"
                ))
        }
        if let obstacle = tooManyCPUs(possible: readLine("/sys/devices/system/cpu/possible")) {
            found.append(obstacle)
        }
        if state != "disabled" {
            let name = attachedScheduler.map { "'\($0)'" } ?? "one whose name is not known"
            found.append(
                Obstacle(
                    kind: .busy,
                    description:
                        "another sched_ext scheduler is attached: \(name) (state: \(state)); end it first, the kernel has room for one"
                ))
        }
        return found
    }

    /// Whether the kernel is one of those for which `implicitArguments` has to look: from 7.1 on, or of a release that
    /// says nothing. Reading all of the BTF takes a twentieth of an attachment, so it is not done for older ones.
    static func mayHaveImplicitArguments(_ release: String) -> Bool {
        let numbers = release.split(separator: ".", maxSplits: 2).prefix(2).map {
            $0.prefix(while: \.isNumber)
        }
        guard numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else {
            return true
        }
        return (major, minor) >= (7, 1)
    }

    /// A kernel whose BTF lacks what libbpf needs to call its functions; see
    /// `KernelBTF.functionsWithImplicitArgument`.
    static func implicitArguments(_ btf: borrowing KernelBTF, release: String) -> Obstacle? {
        let functions = btf.functionsWithImplicitArgument()
        guard let first = functions.first(where: { $0 == "scx_bpf_create_dsq" }) ?? functions.first else {
            return nil
        }
        return Obstacle(
            kind: .noSupport,
            description: """
                this build of the kernel (\(release)) cannot load sched_ext schedulers that make queues, ours or any \
                other: its BTF was made with pahole 1.30 or older, which leaves out the tags that this series needs, \
                so \(functions.count) functions (\(first) is one) are described with an argument that no program passes. \
                Not affected: Linux up to 7.0; 7.3 and newer, which make the tags themselves; and builds of 7.1 and \
                7.2 with a newer pahole, such as 7.2.13 of Debian's unstable
                """)
    }

    /// A machine that may have CPUs for which the programs have no room.
    /// - Parameter possible: numbers of CPUs, a list such as `0-63` or `0-3,8`, the highest last.
    static func tooManyCPUs(possible: String?) -> Obstacle? {
        let numbers = possible?.split { $0 == "," || $0 == "-" } ?? []
        guard let last = numbers.last.flatMap({ Int($0) }), last >= Int(SP_CPUS_MAX) else { return nil }
        return Obstacle(
            kind: .noSupport,
            description:
                "this machine may have CPUs up to number \(last): there is room for \(SP_CPUS_MAX); start its kernel with nr_cpus=\(SP_CPUS_MAX)"
        )
    }

    /// Whether our pids are others than the kernel's own: the first namespace has a fixed number
    /// (PROC_PID_INIT_INO in the kernel's proc_ns.h).
    private static var isInPIDNamespace: Bool {
        var text = [CChar](repeating: 0, count: 64)
        guard readlink("/proc/self/ns/pid", &text, text.count - 1) > 0 else { return false }
        return text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) } != Array("pid:[4026531836]".utf8)
    }

    /// Names of the capabilities that the process lacks, see capabilities(7).
    private static func missingCapabilities(locksMemory: Bool) -> [String] {
        guard let effective = effectiveCapabilities() else { return [] }
        func has(_ number: UInt64) -> Bool { effective & (1 << number) != 0 }
        if has(21) { return locksMemory && !has(14) ? ["CAP_IPC_LOCK"] : [] }
        var wanted: [(UInt64, String)] = [(21, "CAP_SYS_ADMIN"), (39, "CAP_BPF"), (38, "CAP_PERFMON")]
        if locksMemory { wanted.append((14, "CAP_IPC_LOCK")) }
        return wanted.filter { !has($0.0) }.map(\.1)
    }

    private static func effectiveCapabilities() -> UInt64? {
        readText("/proc/self/status")?.split(separator: "\n")
            .first { $0.hasPrefix("CapEff:") }
            .flatMap { line in
                line.split(whereSeparator: { $0 == "\t" || $0 == " " }).last.flatMap {
                    UInt64($0, radix: 16)
                }
            }
    }

    static func readLine(_ path: String) -> String? {
        readText(path)?.split(separator: "\n").first.map { Printable.line(String($0)) }
    }

    /// The first 4 KiB of a file of the kernel's; nil if it cannot be read.
    private static func readText(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? Printable.lines(bytes: bytes.prefix(count)) : nil
    }
}
