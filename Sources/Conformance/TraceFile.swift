// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// A trace as a file: a header, one record for each event, a trailer; numbers in the byte order
/// of the machine that wrote it.
///
///     header   magic (8), byte-order mark (4), version of the format (4), version of the ABI (4),
///              sizes of sp_policy (4), sp_event (4) and sp_outcome (4), number of events (8),
///              digest of the outcomes or 0 (8), sp_policy, check (8)
///     record   sp_event, check (8)
///     trailer  magic (8), check (8)
///
/// A policy without rows is written without them: its size is less by the bytes of those.
///
/// A check is the 64-bit FNV-1a of the bytes since the check before it, begun with that check: so
/// each record vouches for all that comes before it. A change of any single byte, and with it of
/// any bit, changes the check for certain; a record that was moved, lost or repeated, most likely.
public struct TraceFile {
    /// Files of more events are refused; at 80 bytes each, this is 1.3 GB.
    public static let eventsMax = 1 << 24

    static let magic = "SPTRACE\n"
    static let trailerMagic = "SPTREND\n"
    static let byteOrder: UInt32 = 0x0102_0304
    static let version: UInt32 = 1
    /// Bytes of a policy in a file: without rows, and with them.
    static let policySizes = [Int(SP_PAIR_ROWS), MemoryLayout<sp_policy>.size]
    static func headerSize(policy size: Int) -> Int { 48 + size + 8 }
    private var policySize: Int { Self.policySizes[trace.policy.hasRows ? 1 : 0] }
    static let recordSize = MemoryLayout<sp_event>.size + 8
    static let trailerSize = 16

    public var trace: Trace
    /// `TraceFile.digest` of what the lanes answered when the trace was recorded, or 0: a trace
    /// of which the lanes had different opinions, or none.
    public var digest: UInt64

    public init(trace: Trace, digest: UInt64 = 0) {
        self.trace = trace
        self.digest = digest
    }

    /// The file's bytes.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            Self.headerSize(policy: policySize) + trace.events.count * Self.recordSize + Self.trailerSize)
        var check = Checksum()
        bytes += Self.magic.utf8
        for number in Self.identity(policy: policySize) { Self.append(number, to: &bytes) }
        Self.append(UInt64(trace.events.count), to: &bytes)
        Self.append(digest, to: &bytes)
        withUnsafeBytes(of: trace.policy) { bytes.append(contentsOf: $0[..<policySize]) }
        check.add(bytes[...])
        Self.append(check.value, to: &bytes)
        for event in trace.events {
            let begin = bytes.count
            Self.append(event, to: &bytes)
            check.add(bytes[begin...])
            Self.append(check.value, to: &bytes)
        }
        let begin = bytes.count
        bytes += Self.trailerMagic.utf8
        check.add(bytes[begin...])
        Self.append(check.value, to: &bytes)
        return bytes
    }

    /// The numbers that tell whether a file is meant for this program on this machine.
    static func identity(policy size: Int) -> [UInt32] {
        [
            byteOrder, version, UInt32(SP_ABI_VERSION), UInt32(size),
            UInt32(MemoryLayout<sp_event>.size), UInt32(MemoryLayout<sp_outcome>.size),
        ]
    }

    private static func append(_ value: some BitwiseCopyable, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }
}

extension sp_policy {
    /// Something stands where a pair's tables are.
    var hasRows: Bool {
        withUnsafeBytes(of: self) { bytes in bytes[Int(SP_PAIR_ROWS)...].contains { $0 != 0 } }
    }
}

/// 64-bit FNV-1a.
struct Checksum {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { add($0) }
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
        }
    }
}
