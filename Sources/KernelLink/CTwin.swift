// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import CSystem
import Glibc

/// The C twin of a pair of one's own, compiled by the build: for BPF, and for this machine. A package with
/// such a pair gets one from the plugin `PolicyInKernel`.
public struct CTwin: Sendable {
    /// The policy as a lane of the comparison, as a scheduler, and as a library; nil if there is none.
    let objects: (probe: BPFObject, mode: BPFObject, native: BPFObject)?
    /// Why there is none; nil if there is one.
    public let obstacle: String?

    /// The ELF files of the two BPF programs: for proofs about them.
    public var bytes: (probe: [UInt8], mode: [UInt8])? {
        objects.map { ($0.probe.bytes(), $0.mode.bytes()) }
    }

    /// Takes the objects, in base64.
    public init(name: String, probe: String, mode: String, native: String) {
        objects = (
            BPFObject(name: "\(name)_probe", base64: probe), BPFObject(name: "\(name)_mode", base64: mode),
            BPFObject(name: "\(name)_native", base64: native)
        )
        obstacle = nil
    }

    /// - Parameter obstacle: why there is none.
    public init(obstacle: String) {
        objects = nil
        self.obstacle = obstacle
    }
}

/// A policy as two functions on the structures of all policies: of `bpf/policy_native.c`, of a pair's C twin,
/// or of one in Swift.
public struct PolicyFunctions: Sendable {
    /// Puts the state into that before the first event.
    public typealias Start =
        @convention(c) (UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>) -> Void
    /// Decides so many events in order: description, state, `SP_PROBE_TASKS` tasks, events, outcomes, number.
    public typealias Decide =
        @convention(c) (
            UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>, UnsafeMutablePointer<sp_task>,
            UnsafePointer<sp_event>, UnsafeMutablePointer<sp_outcome>, UInt32
        ) -> Void

    public let start: Start
    public let decide: Decide

    public init(start: Start, decide: Decide) {
        self.start = start
        self.decide = decide
    }

    /// The C twin, loaded into this process for as long as that lasts.
    /// - Throws: `ProbeError.unavailable` if there is none, `failed` if it cannot be loaded.
    public init(_ twin: CTwin) throws(ProbeError) {
        guard let library = twin.objects?.native else { throw .unavailable(twin.obstacle ?? "") }
        let bytes = library.bytes()
        // A file without a name: nothing is left behind, and nobody can put another one in its place.
        let file = memfd_create(library.name, UInt32(MFD_CLOEXEC))
        guard file >= 0 else { throw .failed("making a file for \(library.name)", errno) }
        // It stays open for as long as the library is there: the loader knows it by this name, and would take
        // the next one that is called the same for the one that it has.
        guard write(file, bytes, bytes.count) == bytes.count else {
            throw .failed("writing \(library.name)", errno)
        }
        guard let handle = dlopen("/proc/self/fd/\(file)", RTLD_NOW | RTLD_LOCAL) else {
            throw .failed("loading \(library.name): \(dlerror().map { String(cString: $0) } ?? "")")
        }
        guard let start = dlsym(handle, "sp_pair_start"), let decide = dlsym(handle, "sp_pair_decide") else {
            throw .failed("\(library.name) lacks its functions")
        }
        self.init(
            start: unsafeBitCast(start, to: Start.self), decide: unsafeBitCast(decide, to: Decide.self))
    }
}
