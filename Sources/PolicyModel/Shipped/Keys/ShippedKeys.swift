// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// Every key of a description of the policies that ship, in the order in which one is written: all that the parser,
/// the checks, `--set`, the schema, the reference and the random descriptions know of rules.
package enum ShippedKeys {
    package static let all: [PolicyKey] = identity + order + slice + classes + places

    private static let ms: UInt64 = 1_000_000
    private static let us: UInt64 = 1000

    private static let identity: [PolicyKey] = [
        PolicyKey(
            path: "name", kind: .name, field: .name, fallback: .required,
            doc: "What the policy is called in messages and statistics.", source: "ours"),
        PolicyKey(
            path: "summary", kind: .line(200), field: .summary, fallback: .emptyText,
            doc: "What the policy does, for people.", source: "ours"),
    ]

    private static let order: [PolicyKey] = [
        PolicyKey(
            path: "order.rule",
            kind: .words([
                .init("fifo", SP_ORDER_FIFO.rawValue, "By arrival."),
                .init("vruntime", SP_ORDER_VRUNTIME.rawValue, "By CPU time used, scaled by weight."),
                .init(
                    "deadline", SP_ORDER_DEADLINE.rawValue,
                    "By vruntime plus the CPU time used since the last sleep."),
            ]),
            field: .narrow(\.order), fallback: .required,
            doc: "How the tasks that wait in one queue are ordered.",
            source: "fifo, vruntime: scx_simple; deadline: scx_rustland"),
        PolicyKey(
            path: "order.sleep-credit", kind: .duration(0...1000 * ms),
            field: .wide(\.sleep_credit_ns),
            read: .any([.init(path: "order.rule", words: ["vruntime", "deadline"])]),
            fallback: .sameAs("slice.max"),
            doc: "The most vruntime that a sleeping task keeps for later.", source: "scx_simple"),
        PolicyKey(
            path: "order.burst",
            kind: .words([
                .init("plain", SP_BURST_PLAIN.rawValue, "The CPU time as it is."),
                .init(
                    "by-switches", SP_BURST_BY_SWITCHES.rawValue,
                    "Divided by 1 + voluntary switches per second."),
            ]),
            field: .narrow(\.burst),
            read: .any([.init(path: "order.rule", words: ["deadline"])]),
            fallback: .value(UInt64(SP_BURST_PLAIN.rawValue)),
            doc: "What the CPU time since the last sleep adds to the deadline.",
            source: "scx_rustland"),
    ]

    private static let slice: [PolicyKey] = [
        PolicyKey(
            path: "slice.rule",
            kind: .words([
                .init("fixed", SP_SLICE_FIXED.rawValue, "Always max."),
                .init("shared", SP_SLICE_SHARED.rawValue, "max divided by the waiting tasks + 1."),
                .init(
                    "averaged", SP_SLICE_AVERAGED.rawValue,
                    "max divided by the running average of the waiting tasks + 1."),
                .init("weighted", SP_SLICE_WEIGHTED.rawValue, "max × weight / 100."),
            ]),
            field: .narrow(\.slice), fallback: .required,
            doc: "How long a picked task may run.",
            source: "fixed: scx_simple; shared: scx_rustland; averaged, weighted: scx_bpfland"),
        PolicyKey(
            path: "slice.max", kind: .duration(100 * us...100 * ms), field: .wide(\.slice_max_ns),
            fallback: .required, doc: "The longest slice.",
            source: "scx_simple and scx_rustland: 20ms; scx_bpfland: 5ms"),
        PolicyKey(
            path: "slice.min", kind: .duration(10 * us...100 * ms), field: .wide(\.slice_min_ns),
            read: .any([.init(path: "slice.rule", words: ["shared", "averaged", "weighted"])]),
            fallback: .atMost(500 * us, "slice.max"), notAbove: "slice.max",
            doc: "The shortest slice.", source: "scx_bpfland: 500us"),
    ]

    /// The choices that measure how often a task sleeps.
    private static let measuresRate = PolicyKey.Condition.any([
        .init(path: "classes.rule", words: ["voluntary-switches"]),
        .init(path: "order.burst", words: ["by-switches"]),
    ])
    private static let hasClasses = PolicyKey.Condition.any([
        .init(path: "classes.rule", words: ["voluntary-switches"])
    ])

    private static let classes: [PolicyKey] = [
        PolicyKey(
            path: "classes.rule",
            kind: .words([
                .init("none", SP_CLASSES_NONE.rawValue, "One queue for all."),
                .init(
                    "voluntary-switches", SP_CLASSES_VOLUNTARY_SWITCHES.rawValue,
                    "Tasks that sleep often wait in a queue that goes first."),
            ]),
            field: .narrow(\.classes), fallback: .value(UInt64(SP_CLASSES_NONE.rawValue)),
            doc: "Which of the two queues a task waits in.", source: "scx_bpfland"),
        PolicyKey(
            path: "classes.rate-max", kind: .integer(1...1000), field: .narrow(\.rate_max),
            read: measuresRate, fallback: .value(10),
            doc: "Voluntary switches per second: the highest threshold from which a task is interactive.",
            source: "scx_bpfland: 10"),
        PolicyKey(
            path: "classes.window", kind: .duration(1 * ms...60_000 * ms),
            field: .wide(\.rate_window_ns), read: measuresRate, fallback: .value(1000 * ms),
            doc: "The shortest time over which voluntary switches are counted.",
            source: "scx_bpfland: 1s"),
        PolicyKey(
            path: "classes.promote-on-sync-wakeup", kind: .bool, field: .narrow(\.promote_sync),
            read: hasClasses, fallback: .value(0),
            doc: "A task woken by one that is about to sleep goes into the first queue.",
            source: "scx_bpfland"),
        PolicyKey(
            path: "classes.promote-waiting-max", kind: .integer(0...1024),
            field: .narrow(\.promote_waiting_max), read: hasClasses, fallback: .value(4),
            doc: "No promotion while more tasks than this, per CPU, wait in the first queue.",
            source: "scx_bpfland: 4"),
        PolicyKey(
            path: "classes.preempt-on-wakeup", kind: .bool, field: .narrow(\.preempt),
            read: hasClasses, fallback: .value(0),
            doc: "A task of the first queue that wakes up takes the CPU of a task of the second.",
            source: "ours"),
    ]

    private static let places: [PolicyKey] = [
        PolicyKey(
            path: "starvation.limit", kind: .duration(100 * us...10_000 * ms, none: true),
            field: .wide(\.starvation_ns), read: hasClasses, fallback: .value(0),
            doc:
                "The second queue goes first once its first task has waited for longer than this, and longer than the first queue's; none: as wait-max, which is the most.",
            source: "scx_bpfland: 5ms"),
        PolicyKey(
            path: "wait-max", kind: .duration(100 * ms...2000 * ms), field: .wide(\.wait_max_ns),
            fallback: .value(1500 * ms),
            doc:
                "The bound on waits: who waits when a period of this length begins goes before all that come later, whatever the keys; and slices are so short that a turn of all that wait takes no longer.",
            source: "ours"),
        PolicyKey(
            path: "idle-cpu",
            kind: .words([
                .init("direct", SP_IDLE_DIRECT.rawValue, "The task runs there at once."),
                .init("queue", SP_IDLE_QUEUE.rawValue, "The task waits in its queue all the same."),
            ]),
            field: .narrow(\.idle), fallback: .value(UInt64(SP_IDLE_DIRECT.rawValue)),
            doc: "What happens with a task for which an idle CPU was found.", source: "scx_simple"),
        PolicyKey(
            path: "kernel-threads",
            kind: .words([
                .init(
                    "local", SP_KTHREADS_LOCAL.rawValue,
                    "Woken, they do not wait; after a slice they do, like any other task."),
                .init("queue", SP_KTHREADS_QUEUE.rawValue, "They wait like any other task."),
            ]),
            field: .narrow(\.kthreads), fallback: .value(UInt64(SP_KTHREADS_LOCAL.rawValue)),
            doc: "Where kernel threads wait that are not bound to one CPU.",
            source: "scx_rustland, scx_bpfland"),
    ]
}
