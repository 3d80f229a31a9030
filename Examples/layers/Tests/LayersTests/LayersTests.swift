// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Layers
import Pairs
import PolicyModel
import Testing

@Suite struct LayersTests {
    /// Swift and C, natively and, as root, as bytecode in the kernel.
    @Test func theTwinsDecideAlike() throws {
        let verdict = try Layers.pair.compare()
        #expect(verdict.isIdentical, "\(verdict)")
    }

    /// For all inputs, of any state. It needs z3, 4.8.12 or newer.
    @Test func theTwinsAreProvenAlike() {
        let proof = Layers.pair.prove()
        #expect(proof.isProven, "\(proof)")
    }

    /// "cc1plus" begins as a compiler is called; "ldd" is not the linker, which is called "ld" and nothing else.
    @Test(arguments: [
        ("cc1plus", 0, 2), ("ld", 0, 2), ("ldd", 0, 0), ("postgres", 0, 1), ("sh", 33, 1), ("cc1", 33, 1),
    ])
    func whoIsInWhichLayer(_ name: String, _ uid: UInt32, _ layer: UInt8) {
        var who = sp_who()
        withUnsafeMutableBytes(of: &who.comm) { $0.copyBytes(from: name.utf8) }
        who.uid = uid
        var event = sp_event()
        (event.kind, event.generation, event.idle_cpu) = (SP_EVENT_ENQUEUE.rawValue, 1, -1)
        event.put(who, SP_INPUT_COMM.rawValue | SP_INPUT_UID.rawValue)
        var policy = Layers(.init())
        var task = Layers.Task()
        _ = policy.enqueue(event, &task)
        #expect(task.layer == layer)
    }
}
