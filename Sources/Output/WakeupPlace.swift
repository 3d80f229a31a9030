// SPDX-License-Identifier: GPL-2.0-only

/// Where a waking task looks for an idle CPU: the words of a pair's declaration. The raw values are those of
/// `sp_look` in `bpf/abi.h`.
package enum WakeupPlace: UInt32, CaseIterable, Sendable {
    case previous = 1
    case waker, core, llc, wakerLLC, node, any

    package var word: String { self == .wakerLLC ? "waker-llc" : "\(self)" }

    package static func named(_ word: String) -> WakeupPlace? { allCases.first { $0.word == word } }

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
