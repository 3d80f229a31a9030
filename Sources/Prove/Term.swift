// SPDX-License-Identifier: GPL-2.0-only

/// A bit vector of 1 to 64 bits, as an index into the `Terms` that made it. Equal terms have equal indices.
package struct Term: Hashable, Sendable {
    let index: Int32

    var place: Int { Int(index) }
}

/// What a term is made by. Booleans are terms of one bit, and stand in a `Diagram` as its atoms.
enum Operation: UInt8 {
    case constant
    case variable
    /// `value` + Σ factors × args, modulo 2^width: the one form of sums, differences, products with constants,
    /// shifts to the left, and bits put side by side.
    case sum
    /// Of two terms that are no constants.
    case product
    /// Unsigned; by zero it is 0, as in BPF.
    case quotient
    /// Unsigned; by zero it is the first one, as in BPF.
    case remainder
    case and
    case or
    case xor
    case shiftLeft
    case shiftRight
    case shiftRightSigned
    case zeroExtend
    case signExtend
    /// `width` bits from bit `value` on.
    case extract
    case minimum
    case maximum
    /// One bit: whether the argument is 0.
    case isZero
    /// One bit: first <= second, unsigned.
    case isAtMost
    /// One bit: first <= second, signed.
    case isAtMostSigned
    /// The first argument where the diagram `value` holds, else the second.
    case choice
}

/// A term as it is kept.
struct TermNode: Hashable {
    var operation: Operation
    var width: UInt8
    /// Constant, number of a variable, lowest bit of an extract, constant part of a sum, or a diagram.
    var value: UInt64 = 0
    var arguments: [Term] = []
    /// Of a sum, one for each argument.
    var factors: [UInt64] = []
}

/// The lowest `width` bits.
@inline(__always)
func mask(_ width: Int) -> UInt64 {
    width >= 64 ? .max : (1 << UInt64(width)) - 1
}

/// The lowest bits that can hold `value`.
@inline(__always)
func spread(_ value: UInt64) -> UInt64 {
    value == 0 ? 0 : .max >> UInt64(value.leadingZeroBitCount)
}

/// `value` of `width` bits, read as signed.
@inline(__always)
func signed(_ value: UInt64, _ width: Int) -> Int64 {
    let shift = Int64(64 - width)
    return (Int64(bitPattern: value) &<< shift) &>> shift
}
