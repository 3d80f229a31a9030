// SPDX-License-Identifier: GPL-2.0-only
import CFuzzer
import Conformance
import PolicyModel

// The reader of traces, given any bytes: as they are, and with checks that are right, which chance
// would hardly ever hit on. What is read must be written the same, and decided the same by two lanes.

private let headerSize = 136
private let recordSize = 80

/// The bytes with every check of the format put right.
private func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var check: UInt64 = 0xcbf2_9ce4_8422_2325
    var begin = 0
    var size = headerSize
    while begin + size <= bytes.count {
        for index in begin..<(begin + size - 8) {
            check = (check ^ UInt64(bytes[index])) &* 0x100_0000_01b3
        }
        for index in 0..<8 {
            bytes[begin + size - 8 + index] = UInt8(truncatingIfNeeded: check >> (8 * UInt64(index)))
        }
        begin += size
        // What remains is records, and a trailer of 16 bytes.
        size = bytes.count - begin < recordSize ? 16 : recordSize
    }
    return bytes
}

nonisolated(unsafe) private let replay = Replay(
    on: Harness([SwiftLane(name: "swift", DescribedPolicy.init), NativeLane()]))

private func check(_ bytes: [UInt8]) {
    guard let file = try? TraceFile(decoding: bytes) else { return }
    precondition(file.encoded() == bytes, "a trace that is not written as it was read")
    guard let verdict = try? replay.run(file) else { fatalError("a lane failed") }
    if case .differ(let mismatch) = verdict { fatalError("the lanes differ at \(mismatch.index)") }
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
_ = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    check(bytes)
    check(repaired(bytes))
    return 0
}
