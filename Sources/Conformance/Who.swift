// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel

/// Who tasks of random traces are, for a pair that wants to know.
///
/// A task's name is one that the policy asks for, begins or goes on like one, or another; numbers are few, so that
/// tasks have some in common.
struct WhoSource {
    /// What a pair asks for, as `sp_who.comm`.
    let names: [(UInt64, UInt64)]

    func who(of pid: UInt32, using random: inout SplitMix64) -> sp_who {
        var who = sp_who()
        who.comm = name(using: &random)
        who.cgroup = 1 + random.below(4)
        who.tgid = random.chance(50) ? pid : pid / 4 * 4
        who.uid = UInt32(random.pick([0, 0, 33, 1000, 1001, 65534]))
        who.nice = random.chance(50) ? 0 : Int32(random.below(40)) - 20
        who.allowed = UInt32(random.pick([1, 2, 64]))
        return who
    }

    private func name(using random: inout SplitMix64) -> (UInt64, UInt64) {
        let others: [(UInt64, UInt64)] = [(0x68_73, 0), (0x72_656b_726f_77, 0), (0, 0)]
        if names.isEmpty || random.chance(30) { return others[Int(random.below(UInt64(others.count)))] }
        var name = names[Int(random.below(UInt64(names.count)))]
        // One byte more, or a last one that is another: near misses, or what begins with it.
        let isShort = name.1 == 0
        let last = isShort ? name.0 : name.1
        let free = UInt64(last.leadingZeroBitCount / 8 * 8)
        switch random.below(4) {
        case 0 where free > 0:
            let more = (0x61 + random.below(26)) << (64 - free)
            if isShort { name.0 |= more } else { name.1 |= more }
        case 1:
            if isShort { name.0 ^= 1 << (random.below(8) * 8) } else { name.1 ^= 1 }
        default: break
        }
        return name
    }

    /// Anything: the bits of a hostile trace.
    static func put(_ event: inout sp_event, _ inputs: UInt32, using random: inout SplitMix64) {
        var who = sp_who()
        who.comm = (random.next(), random.next())
        who.cgroup = random.pick([0, .max, random.next()])
        who.tgid = UInt32(truncatingIfNeeded: random.pick([0, .max, random.next()]))
        who.uid = UInt32(truncatingIfNeeded: random.pick([0, .max, random.next()]))
        who.nice = Int32(truncatingIfNeeded: random.pick([0, 1 << 31, random.next()]))
        who.allowed = UInt32(truncatingIfNeeded: random.pick([0, .max, random.next()]))
        event.put(who, inputs)
    }
}
