// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import KernelLink
import PolicyModel

/// One execution of the policy. Lanes are compared; a lane is used by one thread at a time.
///
/// A lane keeps one `sp_task` for each pid below `SP_PROBE_TASKS`, all zero at first.
public protocol Lane: AnyObject {
    /// How the lane is called in reports.
    var name: String { get }

    /// Takes the description that the next events are decided by; they must begin a trace.
    func load(_ policy: sp_policy) throws(LaneError)

    /// Decides the events in order, at most `SP_PROBE_BATCH`.
    ///
    /// - Parameters:
    ///   - isStart: begin with the state of before the first event, except for the tasks.
    ///   - period: if not 0, begin so again after each so many events.
    /// - Returns: one outcome for each event, valid until the next call.
    func decide(_ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int)
        throws(LaneError) -> UnsafePointer<sp_outcome>

    /// Forgets the tasks that the events name.
    func forget(_ events: UnsafeBufferPointer<sp_event>)
}

/// Why a lane does not answer.
public enum LaneError: Error, CustomStringConvertible {
    /// The lane cannot run in this process or on this kernel: its name and the reason.
    case missing(lane: String, reason: String)
    /// The lane ran and failed, which says as much as a divergence.
    case failed(lane: String, reason: String)
    /// The verifier does not admit the policy in Swift: why, where, and what to write instead.
    case refused(lane: String, reason: String)

    public var description: String {
        switch self {
        case .missing(let lane, let reason): "the \(lane) lane cannot run: \(reason)"
        case .failed(let lane, let reason): "the \(lane) lane failed: \(reason)"
        case .refused(let lane, let reason): "the \(lane) lane cannot load the policy: \(reason)"
        }
    }
}

/// The lanes that there are.
public enum LaneKind: String, CaseIterable, Sendable {
    /// `DescribedPolicy`.
    case swift
    /// `sp_decide`, compiled for this machine.
    case native
    /// `sp_decide`, compiled for BPF and run by the kernel.
    case bytecode
    /// `DescribedPolicy`, compiled for BPF and run by the kernel.
    case swiftBytecode = "swift-bytecode"

    /// Whether it executes the C policy, which does not know rules that only Swift has.
    public var isC: Bool { self == .native || self == .bytecode }

    /// - Throws: `LaneError.missing` if the lane cannot run here, `failed` if it should.
    public func makeLane() throws(LaneError) -> any Lane {
        switch self {
        case .swift: SwiftLane(name: rawValue, DescribedPolicy.init)
        case .native: NativeLane()
        case .bytecode: try BytecodeLane()
        case .swiftBytecode: try BytecodeLane(.ofDescription)
        }
    }
}
