// SPDX-License-Identifier: GPL-2.0-only
import SwiftToBPF
import Testing

@testable import KernelLink

/// The stack of the programs that ship, as it is found in their objects.
@Suite struct StackUseTests {
    /// Whole objects as arguments would be shown by a failure, in base64.
    @Test(arguments: 0..<3) func whatShipsHasRoom(_ index: Int) throws {
        let object = [BPFObject.bpfMode, .userMode, .userModeAll][index]
        let use = try #require(StackUse(object.bytes()))
        #expect(use.deepest.count > 1, "\(use.deepest)")
        #expect((160...StackUse.most).contains(use.bytes), "\(use.deepest)")
        // Each calls the next one: the first is called by the kernel alone.
        #expect(use.deepest.first.map { $0.function.hasPrefix("sp_") || $0.function == "on_timer" } == true)
    }

    @Test func whatIsNoObjectIsNone() {
        #expect(StackUse([]) == nil)
        #expect(StackUse([UInt8](repeating: 0, count: 4096)) == nil)
        let whole = BPFObject.bpfMode.bytes()
        // Cut anywhere it may be none, or another one, and is no trap.
        for count in stride(from: 65, to: whole.count, by: whole.count / 97) {
            _ = StackUse([UInt8](whole[..<count]))
        }
    }
}
