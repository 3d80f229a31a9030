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

    /// For all inputs and rows, of any state. It needs z3, 4.8.12 or newer.
    @Test func theTwinsAreProvenAlike() {
        let proof = Layers.pair.prove()
        #expect(proof.isProven, "\(proof)")
    }

    private static let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private func layers(_ settings: [String] = []) throws -> Layers {
        Layers(try Layers.pair.description("\(Self.folder)/machine.yaml", settings: settings).policy)
    }

    private func enqueue(_ name: String, uid: UInt32 = 0, cgroup: UInt64 = 0) -> sp_event {
        var who = sp_who()
        withUnsafeMutableBytes(of: &who.comm) { $0.copyBytes(from: name.utf8) }
        (who.uid, who.cgroup) = (uid, cgroup)
        var event = sp_event()
        (event.kind, event.generation, event.idle_cpu) = (SP_EVENT_ENQUEUE.rawValue, 1, -1)
        event.now = 1_000_000_000
        event.put(who, SP_INPUT_COMM.rawValue | SP_INPUT_CGROUP.rawValue | SP_INPUT_UID.rawValue)
        return event
    }

    /// "cc1plus" begins as a compiler is called; "ldd" is not the linker, which is called "ld" and nothing else. The
    /// builds have three names, and so three places; the first layer that fits is a task's.
    @Test(arguments: [
        ("cc1plus", 0, 36), ("ld", 0, 36), ("ldd", 0, 12), ("make", 0, 36), ("postgres", 0, 4), ("sh", 33, 4),
        ("cc1", 33, 4), ("cc", 0, 12), ("", 0, 12),
    ])
    func whoIsInWhichLayer(_ name: String, _ uid: UInt32, _ ms: UInt64) throws {
        var policy = try layers()
        var task = Layers.Task()
        let waits = policy.enqueue(enqueue(name, uid: uid), &task)
        #expect(policy.running(sp_event(), task).slice_ns == ms * 1_000_000)
        #expect(waits.key == 1_000_000_000 + (ms == 36 ? 50_000_000 : 0))
        #expect(waits.queue == (name == "postgres" ? SP_QUEUE_PRIORITY : SP_QUEUE_REGULAR).rawValue)
    }

    @Test func aLayerMayBeAControlGroup() throws {
        var policy = try layers(["layers.others.cgroup=77"])
        var task = Layers.Task()
        _ = policy.enqueue(enqueue("sh", cgroup: 77), &task)
        #expect(policy.running(sp_event(), task).slice_ns == 12_000_000)
        // In no layer at all: the default.
        _ = policy.enqueue(enqueue("sh", cgroup: 78), &task)
        #expect(policy.running(sp_event(), task).slice_ns == 8_000_000)
    }

    /// Beside somebody with priority the others wait for so long, and no longer; but where those with priority have
    /// waited for longer, they go first.
    @Test(arguments: [(99, 1, 1), (101, 1, 0), (101, 100, 0), (101, 102, 1)] as [(UInt64, UInt64, UInt32)])
    func whoStarvesGoesFirst(_ ms: UInt64, _ priorityMs: UInt64, _ queue: UInt32) throws {
        var policy = try layers()
        var event = sp_event()
        (event.kind, event.waiting, event.now) = (SP_EVENT_DISPATCH.rawValue, (1, 1), 1_000_000_000)
        event.flags = SP_EVENT_LOOKED | SP_EVENT_FIRST | SP_EVENT_FIRST_PRIORITY
        event.since = (event.now - ms * 1_000_000, event.now - priorityMs * 1_000_000)
        #expect(policy.dispatch(event, Layers.Task()).queue == queue)
    }
}
