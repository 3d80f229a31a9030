// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import KernelLink

/// A policy, compiled for BPF, admitted by the verifier and run by the kernel: the C one, or one in Swift.
public final class BytecodeLane: Lane {
    public let name: String
    private let twin: Twin
    private let memory: ProbeMemory
    private var program: ProbeProgram?

    private enum Twin {
        /// The C policy.
        case described
        case own(CTwin)
        case swift(SwiftTwin)

        var obstacle: String? {
            switch self {
            case .described: nil
            case .own(let twin): twin.obstacle
            case .swift(let twin): twin.obstacle
            }
        }
    }

    /// The C policy.
    /// - Throws: `missing` if this process may not load BPF programs or the kernel has no such
    ///   programs; `failed` if it refuses the memory.
    public convenience init() throws(LaneError) {
        try self.init(lane: LaneKind.bytecode.rawValue, .described)
    }

    /// A policy in Swift: the described one, or another that the build compiled for BPF.
    /// - Throws: as above; `missing` too if the build could not compile it.
    public convenience init(_ twin: SwiftTwin) throws(LaneError) {
        try self.init(lane: LaneKind.swiftBytecode.rawValue, .swift(twin))
    }

    /// The C twin of a pair of one's own.
    /// - Throws: as above; `missing` too if there is none.
    public convenience init(_ twin: CTwin) throws(LaneError) {
        try self.init(lane: LaneKind.bytecode.rawValue, .own(twin))
    }

    private init(lane: String, _ twin: Twin) throws(LaneError) {
        if let obstacle = twin.obstacle ?? ProbeProgram.obstacle() {
            throw .missing(lane: lane, reason: obstacle)
        }
        name = lane
        self.twin = twin
        do throws(ProbeError) {
            memory = try ProbeMemory()
        } catch {
            throw .failed(lane: lane, reason: error.description)
        }
    }

    /// - Throws: `failed` with the verifier's log if the program is refused; `refused` if that is for what
    ///   a policy in Swift does.
    public func load(_ policy: sp_policy) throws(LaneError) {
        do throws(ProbeError) {
            program =
                switch twin {
                case .described: try ProbeProgram(policy, memory: memory)
                case .own(let twin): try ProbeProgram(twin, policy, memory: memory)
                case .swift(let twin): try ProbeProgram(twin, policy, memory: memory)
                }
        } catch {
            if case .swift = error { throw .refused(lane: name, reason: error.description) }
            throw .failed(lane: name, reason: error.description)
        }
    }

    public func decide(
        _ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int
    ) throws(LaneError) -> UnsafePointer<sp_outcome> {
        guard let first = events.baseAddress else { return memory.outcomes }
        memory.events.update(from: first, count: events.count)
        do throws(ProbeError) {
            let ran: Void? = try program?.decide(
                count: events.count, start: isStart, period: period)
            if ran != nil { return memory.outcomes }
        } catch {
            throw .failed(lane: name, reason: error.description)
        }
        throw .failed(lane: name, reason: "it has no description")
    }

    /// How large the loaded program is.
    public func size() throws(LaneError) -> ProbeProgram.Size? {
        do throws(ProbeError) {
            return try program?.size()
        } catch {
            throw .failed(lane: name, reason: error.description)
        }
    }

    public func forget(_ events: UnsafeBufferPointer<sp_event>) {
        memory.tasks.forget(events)
    }
}
