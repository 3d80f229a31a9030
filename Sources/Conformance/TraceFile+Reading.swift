// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Glibc

/// Why a file is not taken for a trace.
public enum TraceFileError: Error, Equatable, CustomStringConvertible {
    /// It cannot be opened, read or written: the reason.
    case system(String)
    /// It may not be read: the reason.
    case noPermission(String)
    /// It is no trace, or one that this program does not understand: the reason.
    case foreign(String)
    /// The header is not as it was written.
    case damagedHeader
    /// The file ends within this record (0...count-1), or within the trailer (count).
    case truncated(record: Int, count: Int)
    /// The first record that is not as it was written; `count` is the trailer.
    case damaged(record: Int, count: Int)
    /// The record is as it was written, and yet impossible: the reason.
    case impossible(record: Int, String)

    public var description: String {
        switch self {
        case .system(let reason), .noPermission(let reason), .foreign(let reason): reason
        case .damagedHeader: "the header is damaged"
        case .truncated(let record, let count):
            "truncated: it ends in \(Self.place(record, count))"
        case .damaged(let record, let count):
            "\(Self.place(record, count)) is damaged"
        case .impossible(let record, let reason): "record \(record): \(reason)"
        }
    }

    private static func place(_ record: Int, _ count: Int) -> String {
        record == count ? "the trailer" : "record \(record) of \(count)"
    }
}

extension TraceFile {
    /// Reads a file.
    public init(path: String) throws(TraceFileError) {
        self = try Self(decoding: Self.read(path))
    }

    /// - Throws: Everything but `system`.
    public init(decoding bytes: [UInt8]) throws(TraceFileError) {
        let result = bytes.withUnsafeBytes { Self.decode($0) }
        self = try result.get()
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) -> Result<TraceFile, TraceFileError> {
        do throws(TraceFileError) {
            var check = Checksum()
            let (file, count, size) = try header(bytes, &check)
            var trace = file.trace
            // The header may promise more than there is.
            trace.events.reserveCapacity(min(count, bytes.count / recordSize))
            for record in 0..<count {
                trace.events.append(try event(bytes, size + record * recordSize, record, of: count, &check))
            }
            try trailer(bytes, size + count * recordSize, count, &check)
            return .success(TraceFile(trace: trace, digest: file.digest))
        } catch {
            return .failure(error)
        }
    }

    private static func header(
        _ bytes: UnsafeRawBufferPointer, _ check: inout Checksum
    ) throws(TraceFileError) -> (TraceFile, count: Int, size: Int) {
        guard bytes.count >= magic.utf8.count, bytes.prefix(magic.utf8.count).elementsEqual(magic.utf8)
        else { throw .foreign("not a trace of sched-proto") }
        let shortest = headerSize(policy: policySizes[0])
        guard bytes.count >= shortest else { throw .foreign("truncated: it ends in the header") }
        let found = (0..<6).map { bytes.load(at: 8 + 4 * $0, as: UInt32.self) }
        try compare(found)
        let policySize = Int(found[3])
        let headerSize = headerSize(policy: policySize)
        guard bytes.count >= headerSize else { throw .foreign("truncated: it ends in the header") }
        check.add(UnsafeRawBufferPointer(rebasing: bytes[..<(headerSize - 8)]))
        guard check.value == bytes.load(at: headerSize - 8, as: UInt64.self) else {
            throw .damagedHeader
        }
        let count = bytes.load(at: 32, as: UInt64.self)
        guard count <= UInt64(eventsMax) else {
            throw .foreign("\(count) events are more than the \(eventsMax) that are allowed")
        }
        var policy = sp_policy()
        withUnsafeMutableBytes(of: &policy) {
            $0.copyBytes(from: UnsafeRawBufferPointer(rebasing: bytes[48..<48 + policySize]))
        }
        guard policy.abi == UInt32(SP_ABI_VERSION) else {
            throw .foreign("its description is of version \(policy.abi), not \(SP_ABI_VERSION)")
        }
        let digest = bytes.load(at: 40, as: UInt64.self)
        return (TraceFile(trace: Trace(policy: policy, events: []), digest: digest), Int(count), headerSize)
    }

    private static func compare(_ found: [UInt32]) throws(TraceFileError) {
        if found[0] == byteOrder.byteSwapped {
            throw .foreign("written on a machine of the other byte order")
        }
        guard found[0] == byteOrder else { throw .damagedHeader }
        if found[1] != version {
            throw .foreign("the format is of version \(found[1]), this program reads \(version)")
        }
        if found[2] != UInt32(SP_ABI_VERSION) {
            throw .foreign(
                "its events are of version \(found[2]), this program's of \(SP_ABI_VERSION)")
        }
        guard policySizes.contains(where: { found == identity(policy: $0) }) else { throw .damagedHeader }
    }

    private static func event(
        _ bytes: UnsafeRawBufferPointer, _ begin: Int, _ record: Int, of count: Int, _ check: inout Checksum
    ) throws(TraceFileError) -> sp_event {
        let end = begin + recordSize
        guard bytes.count >= end else { throw .truncated(record: record, count: count) }
        check.add(UnsafeRawBufferPointer(rebasing: bytes[begin..<(end - 8)]))
        guard check.value == bytes.load(at: end - 8, as: UInt64.self) else {
            throw .damaged(record: record, count: count)
        }
        let event = bytes.load(at: begin, as: sp_event.self)
        guard event.pid < SP_PROBE_TASKS else {
            throw .impossible(
                record: record, "the pid \(event.pid) is not below \(SP_PROBE_TASKS)")
        }
        return event
    }

    private static func trailer(
        _ bytes: UnsafeRawBufferPointer, _ begin: Int, _ count: Int, _ check: inout Checksum
    ) throws(TraceFileError) {
        let end = begin + trailerSize
        guard bytes.count >= end else { throw .truncated(record: count, count: count) }
        let magic = UnsafeRawBufferPointer(rebasing: bytes[begin..<(end - 8)])
        check.add(magic)
        guard magic.elementsEqual(trailerMagic.utf8),
            check.value == bytes.load(at: end - 8, as: UInt64.self)
        else { throw .damaged(record: count, count: count) }
        guard bytes.count == end else {
            throw .foreign("\(bytes.count - end) bytes follow the trailer")
        }
    }
}

extension TraceFile {
    private static func read(_ path: String) throws(TraceFileError) -> [UInt8] {
        // A pipe would block here, with nothing said.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw errno == EACCES || errno == EPERM ? .noPermission(reason) : .system(reason)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .system("not a regular file") }
        let most = headerSize(policy: policySizes[1]) + eventsMax * recordSize + trailerSize
        guard status.st_size <= most else {
            throw .foreign("\(status.st_size) bytes are more than a trace may have (\(most))")
        }
        let size = Int(status.st_size)
        // What is no trace is not read as a whole to be told so.
        var first = [UInt8](repeating: 0, count: magic.utf8.count)
        let count = pread(descriptor, &first, first.count, 0)
        guard count < 0 || first.prefix(count).elementsEqual(magic.utf8) else {
            throw .foreign("not a trace of sched-proto")
        }
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size, let start = buffer.baseAddress {
                let count = Glibc.read(descriptor, start + filled, size - filled)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { failure = errno }
                if count <= 0 { break }
                filled += count
            }
        }
        guard failure == 0 else { throw .system(String(cString: strerror(failure))) }
        return bytes
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func load<T: BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        loadUnaligned(fromByteOffset: offset, as: type)
    }
}
