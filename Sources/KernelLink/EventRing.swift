// SPDX-License-Identifier: GPL-2.0-only
public import CLibbpf
public import CSchedProto
import Glibc

/// The reading end of the backend's ring of notices (BPF_MAP_TYPE_RINGBUF).
///
/// The kernel maps a page with the consumer's position, one with the producer's, and the data
/// twice in a row, so that a record never wraps. A record is a 8-byte header (length, with a busy
/// and a discard bit) and the notice: `sp_notice`, or `sp_notice_who`, which begins with one. Both are of a
/// multiple of 8 bytes.
public struct EventRing: ~Copyable {
    /// The consumer's position, and the producer's.
    @usableFromInline let consumer: UnsafeMutableRawPointer
    @usableFromInline let producer: UnsafeMutableRawPointer
    /// Unmapped with this; nil where somebody else owns the memory.
    private let mappedConsumer: MappedMemory?
    private let mappedProducer: MappedMemory?
    @usableFromInline let data: UnsafeMutableRawPointer
    @usableFromInline let mask: UInt
    @usableFromInline var position: UInt

    /// The kernel rounds a ring up to a power of two of its own accord: `SP_EVENT_RING` is one.
    public init(map descriptor: Int32) throws(KernelError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = Int(SP_EVENT_RING)
        let own = try MappedMemory(map: descriptor, count: page, writable: true)
        let kernels = try MappedMemory(
            map: descriptor, count: page + 2 * size, offset: page, writable: false)
        consumer = own.start
        producer = kernels.start
        mappedConsumer = consume own
        mappedProducer = consume kernels
        data = producer + page
        mask = UInt(size - 1)
        position = sp_load_acquire_u64(consumer)
    }

    /// Over memory laid out like the kernel's, which outlives this.
    /// - Parameters:
    ///   - data: `size` bytes, twice in a row.
    ///   - size: a power of two.
    package init(
        consumer: UnsafeMutableRawPointer, producer: UnsafeMutableRawPointer,
        data: UnsafeMutableRawPointer, size: Int
    ) {
        self.consumer = consumer
        self.producer = producer
        mappedConsumer = nil
        mappedProducer = nil
        self.data = data
        mask = UInt(size - 1)
        position = sp_load_acquire_u64(consumer)
    }

    /// The next notice, valid until `advance`; nil if there is none.
    @inlinable @inline(__always)
    public func next() -> UnsafePointer<sp_notice>? {
        guard position < sp_load_acquire_u64(producer) else { return nil }
        let record = data + Int(position & mask)
        // Reserved, but not written yet: it will be there next time.
        if sp_load_acquire_u32(record) & (1 << 31) != 0 { return nil }
        return UnsafePointer((record + 8).assumingMemoryBound(to: sp_notice.self))
    }

    /// Done with the notice that `next` returned. The kernel may write over it.
    @inlinable @inline(__always)
    public mutating func advance() {
        let length = sp_load_acquire_u32(data + Int(position & mask)) & ~(3 << 30)
        position &+= 8 + UInt(length)
        sp_store_release_u64(consumer, position)
    }
}
