// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// Events that a pair is told of since it wants them, and no other policy.
extension sp_policy {
    /// Those that it wants, bits `SP_WANTS_STOPPING_BIT` and its like. 0 of any other policy.
    @inlinable
    public var wanted: UInt32 { pair == 0 ? 0 : slice & SP_WANTS_BITS }

    /// The kinds of event that it wants, `SP_EVENT_STOPPING` and its like.
    public var wantedKinds: [UInt32] {
        Self.allWanted.filter { wanted & Self.wantedBit($0) != 0 }
    }

    /// The kinds that a policy may want.
    public static let allWanted: [UInt32] = [
        SP_EVENT_STOPPING.rawValue, SP_EVENT_TICK.rawValue, SP_EVENT_CHANGED.rawValue, SP_EVENT_CPUS.rawValue,
    ]

    /// The bit of a kind of event; 0 of one that all policies are told of, or that there is not.
    @inlinable @inline(__always)
    public static func wantedBit(_ kind: UInt32) -> UInt32 {
        kind < SP_EVENT_STOPPING.rawValue || kind > 31
            ? 0 : SP_WANTS_STOPPING_BIT << (kind &- SP_EVENT_STOPPING.rawValue) & SP_WANTS_BITS
    }
}

extension sp_event {
    /// STOPPING: the task is not runnable any more.
    @inlinable
    public var sleeps: Bool { flags & SP_EVENT_SLEEPS != 0 }

    /// CHANGED: on how many CPUs the task may run. Twin: `sp_allowed`.
    @inlinable
    public var allowedCPUs: UInt64 { key }

    /// CPUS: it came.
    @inlinable
    public var isOnline: Bool { flags & SP_EVENT_ONLINE != 0 }
}
