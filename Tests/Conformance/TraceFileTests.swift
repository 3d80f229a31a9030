// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import Testing

@testable import Conformance

@Suite struct TraceFileTests {
    private func file(_ count: Int) -> TraceFile {
        let policy = somePolicy()
        let events = TraceSource.hostile.events(count, seed: 5, policy: policy)
        return TraceFile(trace: Trace(policy: policy, events: events), digest: 77)
    }

    private func error(_ bytes: [UInt8]) -> TraceFileError? {
        do throws(TraceFileError) {
            _ = try TraceFile(decoding: bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [0, 1, 100])
    func whatIsWrittenIsRead(count: Int) throws {
        let file = file(count)
        let read = try TraceFile(decoding: file.encoded())
        #expect(read.trace.events.map { bytes(of: $0) } == file.trace.events.map { bytes(of: $0) })
        #expect(bytes(of: read.trace.policy) == bytes(of: file.trace.policy))
        #expect(read.digest == 77)
    }

    /// A policy with rows has them in its traces; others are written as ever.
    @Test func rowsAreWrittenWhereThereAreAny() throws {
        var file = file(3)
        let without = file.encoded().count
        file.trace.policy.rows.5 = 7
        let bytes = file.encoded()
        #expect(bytes.count == without + Int(SP_ROWS_BYTES))
        let read = try TraceFile(decoding: bytes)
        #expect(read.trace.policy.rows.5 == 7 && read.trace.events.count == 3)
        #expect(read.encoded() == bytes)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(error(Array(bytes[..<count])) != nil)
        }
    }

    @Test func noBitMayFlip() {
        let good = file(4).encoded()
        var accepted: [Int] = []
        for bit in 0..<(good.count * 8) {
            var bad = good
            bad[bit / 8] ^= 1 << UInt8(bit % 8)
            if error(bad) == nil { accepted.append(bit) }
        }
        #expect(accepted.isEmpty)
        #expect(error(good) == nil)
    }

    @Test func aFlippedBitIsReportedWithItsRecord() {
        var bytes = file(10).encoded()
        bytes[TraceFile.headerSize(policy: Int(SP_PAIR_ROWS)) + 6 * TraceFile.recordSize + 3] ^= 0x10
        #expect(error(bytes) == .damaged(record: 6, count: 10))
    }

    @Test func noFileMayBeShorterOrLonger() {
        let good = file(3).encoded()
        for count in 0..<good.count {
            #expect(error(Array(good[..<count])) != nil)
        }
        #expect(error(good + [0]) == .foreign("1 bytes follow the trailer"))
        let ends = TraceFile.headerSize(policy: Int(SP_PAIR_ROWS)) + 2 * TraceFile.recordSize + 5
        #expect(error(Array(good[..<ends])) == .truncated(record: 2, count: 3))
        #expect(error(Array(good.dropLast())) == .truncated(record: 3, count: 3))
    }

    @Test func recordsMayNotChangePlaces() {
        let bytes = file(3).encoded()
        let (begin, size) = (TraceFile.headerSize(policy: Int(SP_PAIR_ROWS)), TraceFile.recordSize)
        let records = (0..<3).map { Array(bytes[(begin + $0 * size)..<(begin + ($0 + 1) * size)]) }
        let (head, tail) = (Array(bytes[..<begin]), Array(bytes[(begin + 3 * size)...]))
        let swapped = head + records[1] + records[0] + records[2] + tail
        #expect(error(swapped) == .damaged(record: 0, count: 3))
        let repeated = head + records[0] + records[0] + records[2] + tail
        #expect(error(repeated) == .damaged(record: 1, count: 3))
    }

    @Test func otherVersionsAndByteOrdersAreNamed() {
        let good = file(1).encoded()
        var other = good
        other.replaceSubrange(8..<12, with: good[8..<12].reversed())
        #expect("\(try! #require(error(other)))".contains("byte order"))
        other = good
        other[12] = 9
        #expect("\(try! #require(error(other)))".contains("version 9"))
        other = good
        other[16] = 200
        #expect("\(try! #require(error(other)))".contains("version 200"))
    }

    @Test func aHugeCountIsRefusedBeforeAnythingIsRead() {
        var bytes = file(1).encoded()
        bytes.replaceSubrange(32..<40, with: [UInt8](repeating: 0xff, count: 8))
        var check = Checksum()
        check.add(bytes[..<(TraceFile.headerSize(policy: Int(SP_PAIR_ROWS)) - 8)])
        withUnsafeBytes(of: check.value) {
            bytes.replaceSubrange(
                (TraceFile.headerSize(policy: Int(SP_PAIR_ROWS)) - 8)..<TraceFile.headerSize(
                    policy: Int(SP_PAIR_ROWS)), with: $0)
        }
        #expect("\(try! #require(error(bytes)))".contains("more than"))
    }

    @Test func anEventOfAPidOutOfRangeIsRefused() {
        var file = file(2)
        file.trace.events[1].pid = SP_PROBE_TASKS
        guard case .impossible(record: 1, _) = error(file.encoded()) else {
            Issue.record("accepted")
            return
        }
    }

    @Test(arguments: ["/nonexistent/trace", "/", "/dev/zero", "/dev/null", "/proc/self/mem"])
    func whatIsNoRegularFileIsRefused(path: String) {
        #expect(throws: TraceFileError.self) { _ = try TraceFile(path: path) }
    }

    @Test func whatNeedsTooMuchMemoryIsRefused() throws {
        let path = NSTemporaryDirectory() + "huge-\(UUID().uuidString)"
        defer { unlink(path) }
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        #expect(ftruncate(descriptor, 1 << 40) == 0)
        close(descriptor)
        #expect(throws: TraceFileError.self) { _ = try TraceFile(path: path) }
    }

    @Test func aFileThatCannotBeWrittenIsAnError() {
        #expect(throws: TraceFileError.self) { try file(1).save(to: "/nonexistent/trace") }
        #expect(throws: TraceFileError.self) { try file(1000).save(to: "/dev/full") }
    }
}
