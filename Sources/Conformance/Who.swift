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
    /// What it may compare numbers with: its parameters, and what is next to them.
    private let numbers: [UInt64]

    init(names: [(UInt64, UInt64)], policy: sp_policy) {
        self.names = names
        guard policy.inputs != 0 else {
            numbers = []
            return
        }
        let bytes = withUnsafeBytes(of: policy) { Array($0[Int(SP_PAIR_PARAMS)...]) }
        func number(_ at: Int, _ size: Int) -> UInt64 {
            bytes[at..<at + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let words = stride(from: 0, to: bytes.count, by: 8).map { number($0, 8) }
        let halves = stride(from: 0, to: bytes.count, by: 4).map { number($0, 4) }
        numbers = Set(words + halves).sorted().flatMap { [$0, $0 &+ 1] }
    }

    func who(of pid: UInt32, using random: inout SplitMix64) -> sp_who {
        var who = sp_who()
        who.comm = name(using: &random)
        who.cgroup = number(1 + random.below(4), using: &random)
        who.tgid = UInt32(
            truncatingIfNeeded: number(UInt64(random.chance(50) ? pid : pid / 4 * 4), using: &random))
        who.uid = UInt32(truncatingIfNeeded: number(random.pick([0, 0, 1000, 1001, 65534]), using: &random))
        who.nice = random.chance(50) ? 0 : Int32(random.below(40)) - 20
        who.allowed = UInt32(truncatingIfNeeded: number(random.pick([1, 2, 64]), using: &random))
        return who
    }

    /// One after the other: each name, one that differs, none; and each number.
    func who(turn: Int) -> sp_who {
        var who = sp_who()
        let place = turn % (names.count + 2)
        if place < names.count {
            who.comm = names[place]
        } else if place == names.count, let first = names.first {
            who.comm = (first.0 ^ 1, first.1)
        }
        let number = numbers.isEmpty ? 0 : numbers[turn % numbers.count]
        who.cgroup = turn % 3 == 0 ? 1 : number
        who.tgid = UInt32(truncatingIfNeeded: turn % 3 == 1 ? 1 : number)
        who.uid = UInt32(truncatingIfNeeded: turn % 3 == 2 ? 1000 : number)
        who.nice = Int32(turn % 40) - 20
        who.allowed = turn % 2 == 0 ? 1 : 2
        return who
    }

    private func number(_ usual: UInt64, using random: inout SplitMix64) -> UInt64 {
        numbers.isEmpty || random.chance(60) ? usual : numbers[Int(random.below(UInt64(numbers.count)))]
    }

    private func name(using random: inout SplitMix64) -> (UInt64, UInt64) {
        let others: [(UInt64, UInt64)] = [(0x68_73, 0), (0x72_656b_726f_77, 0), (0, 0)]
        if names.isEmpty || random.chance(30) { return others[Int(random.below(UInt64(others.count)))] }
        var name = names[Int(random.below(UInt64(names.count)))]
        let letter = 0x61 + random.below(26)
        switch random.below(4) {
        case 0:
            // One byte more.
            if name.0 >> 56 == 0 {
                name.0 |= letter << (64 - UInt64(name.0.leadingZeroBitCount / 8 * 8))
            } else if name.1 >> 56 == 0 {
                name.1 |= letter << (64 - UInt64(name.1.leadingZeroBitCount / 8 * 8))
            }
        case 1:
            // Another byte, or more behind its end.
            if random.chance(50) {
                name.0 ^= 1 << (random.below(8) * 8)
            } else {
                name.1 ^= 1 << (random.below(8) * 8)
            }
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
