// SPDX-License-Identifier: GPL-2.0-only

/// Where a waking task looks for an idle CPU: the words of a pair's declaration. The raw values are those of
/// `sp_look` in `bpf/abi.h`.
package enum WakeupPlace: UInt32, CaseIterable, Sendable {
    case previous = 1
    case waker, core, llc, wakerLLC, node, any
    /// The first of the pair's parameters that are CPUs, and those that follow.
    case set1, set2, set3, set4

    /// `SP_LOOKS_MAX` of `bpf/abi.h`.
    package static let listMax = 8

    /// Those that have a word; sets of CPUs are called after their parameters.
    package static let named: [WakeupPlace] = allCases.filter { $0.rawValue < WakeupPlace.set1.rawValue }

    package var word: String { self == .wakerLLC ? "waker-llc" : "\(self)" }

    /// Which of the parameters that are CPUs it is, from 0 on; nil: another place.
    package var setIndex: Int? {
        self.rawValue < WakeupPlace.set1.rawValue ? nil : Int(rawValue - WakeupPlace.set1.rawValue)
    }

    /// - Parameter index: of the parameters that are CPUs, from 0 on.
    package static func set(_ index: Int) -> WakeupPlace? {
        WakeupPlace(rawValue: WakeupPlace.set1.rawValue + UInt32(index))
    }

    package static func named(_ word: String) -> WakeupPlace? { named.first { $0.word == word } }

    /// A list as `sp_policy` has it, the first place in the lowest four bits; 0: the kernel's own choice.
    package static func encode(_ places: [WakeupPlace]) -> UInt32 {
        places.reversed().reduce(0) { $0 << 4 | $1.rawValue }
    }

    /// The places of such a list, up to the first that is none.
    package static func decode(_ list: UInt32) -> [WakeupPlace] {
        var places: [WakeupPlace] = []
        var left = list
        while let place = WakeupPlace(rawValue: left & 15) {
            places.append(place)
            left >>= 4
        }
        return places
    }
}
