// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Glibc
import PolicyText

/// A policy in a library of its own: a mutant, behind the same two functions as the native lane.
final class ForeignLane: Lane {
    typealias Start = @convention(c) (UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>) -> Void
    typealias Decide =
        @convention(c) (
            UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>, UnsafeMutablePointer<sp_task>,
            UnsafePointer<sp_event>, UnsafeMutablePointer<sp_outcome>, UInt32
        ) -> Void

    let name = "mutant"
    private let handle: UnsafeMutableRawPointer
    private let start: Start
    private let decide: Decide
    private var policy = sp_policy()
    private var global = sp_global()
    private let tasks = UnsafeMutablePointer<sp_task>.allocate(capacity: Int(SP_PROBE_TASKS))
    private let outcomes = UnsafeMutablePointer<sp_outcome>.allocate(capacity: Int(SP_PROBE_BATCH))

    init?(library path: String) {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL),
            let start = dlsym(handle, "sp_native_start"), let decide = dlsym(handle, "sp_native_decide")
        else { return nil }
        self.handle = handle
        self.start = unsafeBitCast(start, to: Start.self)
        self.decide = unsafeBitCast(decide, to: Decide.self)
        tasks.initialize(repeating: sp_task(), count: Int(SP_PROBE_TASKS))
        outcomes.initialize(repeating: sp_outcome(), count: Int(SP_PROBE_BATCH))
    }

    func load(_ policy: sp_policy) { self.policy = policy }

    /// Whether the C policy says of itself that it knows other rules than it does; Swift's says
    /// nothing of the kind.
    var claimsOtherRules: Bool {
        let truth = [
            ("sp_native_orders", sp_native_orders()), ("sp_native_slices", sp_native_slices()),
            ("sp_native_classes", sp_native_classes()), ("sp_native_bursts", sp_native_bursts()),
        ]
        return truth.contains { name, value in
            guard let claim = dlsym(handle, name) else { return false }
            return unsafeBitCast(claim, to: (@convention(c) () -> UInt32).self)() != value
        }
    }

    func decide(
        _ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int
    ) -> UnsafePointer<sp_outcome> {
        let length = period == 0 ? events.count : period
        var place = 0
        while place < events.count, let base = events.baseAddress {
            let count = min(length, events.count - place)
            if period != 0 || isStart { start(&policy, &global) }
            decide(&policy, &global, tasks, base + place, outcomes + place, UInt32(count))
            place += count
        }
        return UnsafePointer(outcomes)
    }

    func forget(_ events: UnsafeBufferPointer<sp_event>) {
        for event in events { tasks[Int(event.pid & (SP_PROBE_TASKS - 1))] = sp_task() }
    }
}

/// Compares one mutant with the C policy as it is, until they differ or the traces are over.
struct Judge {
    /// How many random descriptions a mutant has to agree on, beside those that ship.
    static let randomDescriptions = 400

    /// Whether the harness sees a difference. Ends this process by a signal if the mutant traps.
    static func rejects(library path: String) throws -> Bool {
        guard let mutant = ForeignLane(library: path) else {
            throw LaneError.failed(lane: "mutant", reason: "\(path) cannot be loaded")
        }
        if mutant.claimsOtherRules { return true }
        let harness = Harness([NativeLane(), mutant])
        let buffer = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: 20_000)
        buffer.initialize(repeating: sp_event())
        defer { buffer.deallocate() }
        let shipped = try PolicySource.shipped().map(\.policy)
        for policy in shipped {
            try harness.load(policy)
            if try Exhaustive(policy, depth: 3).run(on: harness) != nil { return true }
        }
        var random = SplitMix64(seed: 20_261_121)
        for round in 0..<Self.randomDescriptions {
            let policy = round < shipped.count ? shipped[round] : sp_policy.random(using: &random)
            try harness.load(policy)
            for source in TraceSource.allCases {
                source.fill(buffer, seed: random.next(), policy: policy)
                if try harness.run(UnsafeBufferPointer(buffer)) != nil { return true }
            }
        }
        return false
    }
}
