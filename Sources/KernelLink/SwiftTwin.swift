// SPDX-License-Identifier: GPL-2.0-only

/// A policy in Swift, compiled for BPF by the build: the same source that the daemon decides by.
///
/// The described policy has one; a package with a policy of its own gets one from the plugin
/// `PolicyInKernel`.
public struct SwiftTwin: Sendable {
    /// As the build writes it down.
    public typealias Object = (name: String, base64: String, traps: [SwiftTrap])

    /// The policy as a lane of the comparison, and as a scheduler; nil if the build could make none.
    let objects: (probe: BPFObject, mode: BPFObject)?
    /// Why there is none; nil if there is one.
    public let obstacle: String?

    /// The described policy's.
    public static var ofDescription: SwiftTwin { described }

    /// Takes the two objects.
    public init(probe: Object, mode: Object) {
        objects = (
            BPFObject(name: probe.name, base64: probe.base64, traps: probe.traps),
            BPFObject(name: mode.name, base64: mode.base64, traps: mode.traps)
        )
        obstacle = nil
    }

    /// - Parameter obstacle: why the build could make none.
    public init(obstacle: String) {
        objects = nil
        self.obstacle = obstacle
    }
}

/// A place at which a policy in Swift would trap. What stands there is a call that no kernel admits, so
/// loading a program proves that it never gets there.
public struct SwiftTrap: Sendable {
    /// What is called.
    let number: Int32
    /// File, line and column; nil if that is not in the policy's own sources.
    let place: String?
    /// Swift's words for it.
    let failure: String

    public init(_ number: Int32, at place: String?, _ failure: String) {
        self.number = number
        self.place = place
        self.failure = failure
    }
}
