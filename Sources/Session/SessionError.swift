// SPDX-License-Identifier: GPL-2.0-only
import Glibc
public import KernelLink

/// Why a session did not begin, or could not go on.
public enum SessionError: Error, Sendable, CustomStringConvertible {
    /// Found before anything was touched; never empty.
    case obstacles([Obstacle])
    /// The kernel lacks something that only loading shows, such as a function.
    case unsupported(KernelError)
    /// Somebody attached another scheduler a moment before us.
    case overtaken(String)
    /// The verifier does not admit a policy in Swift, or the build could not compile it for the kernel:
    /// why, where, and what to write instead.
    case refused(SwiftRefusal)
    /// A call failed.
    case kernel(KernelError)

    init(_ error: KernelError) {
        if let refusal = error.refusal {
            self = .refused(refusal)
            return
        }
        switch error.errno {
        case EBUSY: self = .overtaken(Preflight.attachedScheduler ?? "unknown")
        case ESRCH, ENOENT, EOPNOTSUPP, EINVAL:
            let isLoading = error.call.hasPrefix("bpf_object__load")
            self = isLoading ? .unsupported(error) : .kernel(error)
        default: self = .kernel(error)
        }
    }

    /// Whether another scheduler has the machine.
    public var isBusy: Bool {
        switch self {
        case .obstacles(let obstacles): obstacles.contains { $0.kind == .busy }
        case .overtaken: true
        case .unsupported, .refused, .kernel: false
        }
    }

    public var description: String {
        switch self {
        case .obstacles(let obstacles):
            return obstacles.map(\.description).joined(separator: "\n")
        case .unsupported(let error):
            return
                "this kernel (\(Preflight.kernelRelease)) does not take the scheduler; 'make run' starts one that does. The kernel's word on it:\n\(error)"
        case .overtaken(let name):
            return
                "another sched_ext scheduler is attached: '\(name)'; end it first, the kernel has room for one"
        case .refused(let refusal):
            return refusal.details.isEmpty
                ? refusal.text : "\(refusal.text)\nThe kernel's word on it:\n\(refusal.details)"
        case .kernel(let error):
            return "\(error)"
        }
    }
}
