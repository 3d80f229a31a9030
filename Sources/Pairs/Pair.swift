// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import Conformance
public import KernelLink
public import PolicyModel
public import PolicyText
import Prove
public import Session

/// A policy of somebody's own with all that was made of it: what was declared, the Swift policy, and both
/// twins. The plugin `PolicyInKernel` generates one, the member `pair` of the policy's type.
public struct Pair: Sendable {
    /// Of the policy, and before each of the C twin's functions.
    public let name: String
    public let summary: String
    /// What the declaration hashes to: a trace says which one it is of.
    public let hash: UInt32
    /// The Swift policy's type, which its target and its files are called after.
    package let type: String
    public let keys: PairKeys
    public let naming: ReportNaming
    /// The Swift policy, compiled for the kernel.
    public let swift: SwiftTwin
    public let c: CTwin
    let layout: Layout
    /// What tasks have to be called for its rules to differ, as `sp_who` has it; of names that begin so, the beginning.
    public let names: [(UInt64, UInt64)]
    let ir: PairIR
    private let functions: PolicyFunctions
    private let steps: PairExecution.Functions

    /// For generated code: the shape of it may change.
    public init(
        name: String, summary: String, hash: UInt32, queues: Int, ownQueues: UInt32,
        inputs: UInt32, names: [(UInt64, UInt64)], wakeups: (look: UInt32, sync: UInt32), isAskedAlone: Bool,
        sets: UInt32, events: UInt32,
        task: [ReportNaming.Field], state: [ReportNaming.Field], params: [PairParameter],
        tables: [PairTable] = [], type: String,
        swift: SwiftTwin, c: CTwin, ir: PairIR, functions: PolicyFunctions, steps: PairExecution.Functions
    ) {
        self.name = name
        self.summary = summary
        self.hash = hash
        keys = PairKeys(
            name: name, summary: summary, hash: hash, queues: queues, ownQueues: ownQueues,
            inputs: inputs, wakeups: wakeups, isAskedAlone: isAskedAlone, sets: sets,
            events: events, params: params, tables: tables)
        self.names = names
        self.type = type
        naming = ReportNaming(
            pair: name, type: type, task: task, state: state, hasOwnQueues: ownQueues != 0,
            inputs: inputs)
        layout = Layout(
            pairWithOwnQueues: ownQueues != 0, base: keys.base, params: params.map(\.field),
            rows: tables.flatMap(\.fields), state: state, task: task)
        self.ir = ir
        self.swift = swift
        self.c = c
        self.functions = functions
        self.steps = steps
    }

    /// The policy that a file says, or the declared one, with settings over it.
    /// - Parameters:
    ///   - path: of a description; nil: all parameters at their defaults.
    ///   - settings: `key=value` each.
    /// - Throws: `PolicyError` with all problems found.
    public func description(
        _ path: String? = nil, settings: [String] = []
    ) throws(PolicyError) -> PolicyDescription {
        let result: Result<PolicyDescription, PolicyError> = keys.apply {
            do throws(PolicyError) {
                return .success(try PolicySource.load(nameOrPath: path ?? name, settings: settings))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Those, and what tasks have to be called for a policy's rows to fit.
    public func names(of policy: sp_policy) -> [(UInt64, UInt64)] { names + keys.comms(in: policy) }

    /// One of the four executions.
    /// - Throws: `LaneError.missing` if it cannot run here, or the build has no such twin.
    public func makeLane(_ kind: LaneKind) throws(LaneError) -> any Lane {
        switch kind {
        case .swift: NativeLane(name: kind.rawValue, functions)
        case .native: try NativeLane(c)
        case .bytecode: try BytecodeLane(c)
        case .swiftBytecode: try BytecodeLane(swift)
        }
    }

    /// The Swift policy as the loops of other modules call it, before its first event.
    public func execution(_ policy: sp_policy) -> PairExecution {
        var policy = policy
        var global = sp_global()
        functions.start(&policy, &global)
        return PairExecution(policy, global, steps)
    }

    /// Schedules the machine by the Swift policy (user mode), or by the twin that the session names.
    public func run(_ session: Session, _ policy: sp_policy) throws(SessionError) -> Session.Ending {
        try session.run(execution(policy))
    }
}
