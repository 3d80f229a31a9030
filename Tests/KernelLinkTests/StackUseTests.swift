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

    /// What an object only names has no frame, and hides no other one's.
    @Test func functionsThatAreNotThereHideNothing() throws {
        let whole = BPFObject.bpfMode.bytes()
        let use = try #require(StackUse(whole))
        let object = try ELFObject(name: "bpf-mode", bytes: whole)
        let table = try #require(object.sections.first { $0.type == 2 })
        let start = try #require(whole.firstRange(of: table.bytes)).lowerBound
        var named = whole
        // STT_FUNC for each that has a name and no section; entries have 24 bytes.
        for (index, symbol) in object.symbols.enumerated() where symbol.section == 0 && !symbol.name.isEmpty {
            named[start + 24 * index + 4] |= 2
        }
        #expect(named != whole)
        #expect(StackUse(named)?.bytes == use.bytes)
    }
}
