// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

/// The sizes that C asserts, as Swift imports them: nobody may reinterpret them differently.
@Suite struct LayoutTests {
    @Test func sizes() {
        #expect(MemoryLayout<sp_policy>.size == Int(SP_PAIR_ROWS + SP_ROWS_BYTES))
        #expect(MemoryLayout<sp_event>.size == 112)
        #expect(MemoryLayout<sp_decision>.size == 32)
        #expect(MemoryLayout<sp_task>.size == 48)
        #expect(MemoryLayout<sp_global>.size == 40)
        #expect(MemoryLayout<sp_answer>.size == 16)
        #expect(MemoryLayout<sp_outcome>.size == 120)
    }

    @Test func offsets() {
        #expect(MemoryLayout<sp_policy>.offset(of: \.slice_max_ns) == 48)
        #expect(MemoryLayout<sp_event>.offset(of: \.kind) == 72)
        #expect(MemoryLayout<sp_event>.offset(of: \.waiting) == 104)
        #expect(MemoryLayout<sp_decision>.offset(of: \.action) == 16)
        #expect(MemoryLayout<sp_task>.offset(of: \.generation) == 40)
    }

    @Test func theAnswerRingsOffsetsAreWhatTheHeaderAsserts() {
        #expect(SP_ANSWERS_RING_OFFSET == 128 + 192 + 256 * (8 + 128))
        #expect(MemoryLayout<sp_daemon>.size == 48)
    }
}
