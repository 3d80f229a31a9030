// SPDX-License-Identifier: GPL-2.0-only

extension Shipped {
    /// Words of the rules that mutants take for one another.
    package static let swaps: [(String, String)] = [
        ("slice_max_ns", "slice_min_ns"), ("slice_min_ns", "slice_max_ns"), ("vtime", "burst_ns"),
        ("burst_ns", "vtime"), ("rate", "rate_switches"), ("rate_switches", "rate_since"),
        ("rate_since", "rate_switches"), ("vtime_now", "threshold"), ("threshold", "average_waiting"),
        ("average_waiting", "threshold"), ("round_since", "vtime_now"),
        ("sleep_credit_ns", "slice_max_ns"), ("rate_window_ns", "starvation_ns"),
        ("starvation_ns", "rate_window_ns"), ("rate_max", "promote_waiting_max"),
        ("promote_waiting_max", "rate_max"), ("SP_ORDER_FIFO", "SP_ORDER_VRUNTIME"),
        ("SP_ORDER_DEADLINE", "SP_ORDER_VRUNTIME"), ("SP_SLICE_SHARED", "SP_SLICE_FIXED"),
        ("SP_SLICE_AVERAGED", "SP_SLICE_FIXED"), ("SP_SLICE_WEIGHTED", "SP_SLICE_FIXED"),
        ("SP_CLASSES_VOLUNTARY_SWITCHES", "SP_CLASSES_NONE"),
        ("SP_BURST_BY_SWITCHES", "SP_BURST_PLAIN"), ("SP_RATE_SCALE", "SP_WEIGHT_NORMAL"),
        ("SP_BURST_SLICES_MAX", "SP_RATE_SCALE"), ("SP_NSEC_PER_SEC", "SP_RATE_SCALE"),
        ("SP_SWITCHES_MAX", "SP_RATE_SCALE"), ("switchesMax", "thresholdMax"),
        ("measured", "!measured"), ("waitingTasks", "switches"),
    ]
}
