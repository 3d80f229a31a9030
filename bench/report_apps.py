#!/usr/bin/env python3
"""Turns what the guest of `make bench-apps` wrote into apps.json and the table in docs/BENCHMARKS.md.

Called by scripts/bench-apps.sh; can be called again on the raw results in out/bench/apps. Standard library only.
"""

import argparse
import json
import os
import sys

import report

# load, field, what it is, unit, divisor, whether less is better: as METRICS of report.py
METRICS = [
    ("pgbench", "tps", "pgbench: transactions", "/s", 1, False),
    ("pgbench", "average_ms", "pgbench: average", "ms", 1, True),
    ("pgbench", "p95_ms", "pgbench: p95", "ms", 1, True),
    ("pgbench", "p99_ms", "pgbench: p99", "ms", 1, True),
    ("nginx", "per_s", "nginx: requests", "/s", 1, False),
    ("nginx", "p50_ms", "nginx: p50", "ms", 1, True),
    ("nginx", "p90_ms", "nginx: p90", "ms", 1, True),
    ("nginx", "p99_ms", "nginx: p99", "ms", 1, True),
    ("ffmpeg", "frames_per_s", "ffmpeg: frames", "/s", 1, False),
    ("ffmpeg", "loops_share", "busy loops beside ffmpeg: share of the CPUs", "", 1, False),
    ("apache", "per_s", "Apache: requests", "/s", 1, False),
    ("apache", "p50_ms", "Apache: p50", "ms", 1, True),
    ("apache", "p99_ms", "Apache: p99", "ms", 1, True),
]
APPS = ["pgbench", "nginx", "ffmpeg", "apache"]
COUNTERS = ["dispatched", "fallback", "overdue", "lost"]


def counter_table(results):
    lines = ["| | " + " | ".join(COUNTERS) + " |", "|---|" + "--:|" * len(COUNTERS)]
    for scheduler in results.schedulers:
        counters = next((r["counters"] for r in results.by_key.values() if r["scheduler"] == scheduler and "counters" in r), None)
        if counters is not None:
            lines.append(f"| {scheduler} | " + " | ".join(str(counters.get(name, "–")) for name in COUNTERS) + " |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("raw", "out", "document", "commit", "kernel", "qemu", "accel"):
        parser.add_argument("--" + option, required=True)
    for option in ("reps", "seconds"):
        parser.add_argument("--" + option, required=True, type=int)
    parser.add_argument("--missing", default="", help="applications that could not be had")
    options = parser.parse_args()

    cells, errors, _ = report.read_raw(options.raw)
    errors += [f"{app} could not be had" for app in options.missing.split()]
    results = report.Results(report.summarise(cells, APPS))
    if not results.by_key:
        sys.exit("report_apps: no results in " + options.raw)
    [cpus] = results.cpus
    document = {
        "commit": options.commit, "kernel": options.kernel, "qemu": options.qemu, "accel": options.accel, "cpus": cpus,
        "reps": options.reps, "seconds": options.seconds, "errors": errors, "results": list(results.by_key.values()),
    }
    with open(os.path.join(options.out, "apps.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, sort_keys=True, indent=None, separators=(",", ":"))
        file.write("\n")

    runs = f"{options.reps} run{'s' if options.reps > 1 else ''} of {options.seconds} s"
    lines = [f"Measured: commit {options.commit}, Linux {options.kernel}, {cpus} virtual CPUs, QEMU {options.qemu} ({options.accel}), {runs} each."]
    if options.reps < 3 or options.seconds < 5:
        lines += ["", "**A short run: it shows that everything works; its ratios say little.**"]
    if errors:
        lines += ["", "Errors:", ""] + [f"- {error}" for error in errors]
    table = report.ratio_table(results, cpus, with_spread=options.reps > 1, metrics=METRICS)
    counters = counter_table(results)
    lines += [""] + table
    if len(counters) > 2:
        lines += ["", "Counters, of all runs together:", ""] + counters
    report.replace_between_markers(options.document, "apps", lines)
    for line in table + counters:
        print(line)
    for error in errors:
        print("error: " + error)


if __name__ == "__main__":
    main()
