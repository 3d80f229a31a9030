// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// A call into the kernel, or into libbpf, that failed.
public struct KernelError: Error, Sendable, CustomStringConvertible {
    /// The call, as the kernel's manual names it.
    public let call: String
    /// The error's number; 0 where there is none.
    public let errno: Int32
    /// What else was said, such as the end of the verifier's log; may be empty.
    public let details: String
    /// The call failed because the verifier does not admit a policy in Swift: why, where, and what to
    /// write instead. Nil for any other reason.
    public let refusal: SwiftRefusal?

    public init(_ call: String, errno: Int32, details: String = "", refusal: SwiftRefusal? = nil) {
        self.refusal = refusal
        self.call = call
        self.errno = errno
        self.details = details
    }

    public var description: String {
        let reason = errno == 0 ? "failed" : "\(String(cString: strerror(errno))) (errno \(errno))"
        return details.isEmpty ? "\(call): \(reason)" : "\(call): \(reason)\n\(details)"
    }
}
