// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Mutation
import PolicyModel
import PolicyText

extension ForeignLane {
    /// Whether the C policy says of itself that it knows other rules than it does; Swift's says
    /// nothing of the kind.
    var claimsOtherRules: Bool {
        Shipped.claims.contains { name, value in
            (self.value(of: name) ?? value) != value
        }
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
