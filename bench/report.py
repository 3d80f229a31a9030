#!/usr/bin/env python3
"""Turns what the guests of `make bench` sent into results.json, tables and pictures.

Called by scripts/bench.sh; can be called again on the raw results in out/bench. Standard library only.
"""

import argparse
import json
import math
import os
import re
import statistics
import sys
import xml.sax.saxutils

POLICIES = ["fifo", "fair", "deadline", "interactive"]
COLOURS = {"eevdf": "#222222", "fifo": "#4477aa", "fair": "#228833", "deadline": "#ccaa22", "interactive": "#cc3355"}
LOADS = ["pipe", "hackbench", "schbench", "fork", "batch", "interactive"]

# load, field, what it is, unit, divisor, whether less is better
METRICS = [
    ("pipe", "round_trip_ns", "pipe: round trip", "µs", 1e3, True),
    ("hackbench", "time_ns", "hackbench: time", "ms", 1e6, True),
    ("schbench", "p50_ns", "schbench: wake-up p50", "µs", 1e3, True),
    ("schbench", "p99_ns", "schbench: wake-up p99", "µs", 1e3, True),
    ("schbench", "per_s", "schbench: throughput", "/s", 1, False),
    ("fork", "fork_ns", "fork + wait", "µs", 1e3, True),
    ("batch", "time_ns", "batch: time", "ms", 1e6, True),
    ("interactive", "p50_ns", "interactive: p50", "µs", 1e3, True),
    ("interactive", "p99_ns", "interactive: p99", "ms", 1e6, True),
    ("interactive", "max_ns", "interactive: max", "ms", 1e6, True),
    ("interactive", "loops_per_s", "busy loops: throughput", "k/s", 1e3, False),
    ("interactive", "least_to_most", "busy loops: least/most", "", 1, False),
]

# variant, CPUs, schedulers, load, field, limit; the ratio to EEVDF is to be at most (or, for throughput, at least) that
AIMS = [
    (1, ["bpf/fifo"], "pipe", "round_trip_ns", 1.25),
    (1, ["bpf/interactive"], "pipe", "round_trip_ns", 1.40),
    (1, ["user/fifo"], "pipe", "round_trip_ns", 1.60),
    (1, ["user/interactive"], "pipe", "round_trip_ns", 1.65),
    (1, ["bpf/interactive"], "schbench", "p50_ns", 1.5),
    (1, ["user/interactive"], "schbench", "p50_ns", 2.5),
    (1, ["bpf/interactive"], "interactive", "p99_ns", 0.5),
    (1, ["user/interactive"], "interactive", "p99_ns", 0.6),
    (4, ["bpf/interactive"], "interactive", "p99_ns", 0.5),
    (4, ["user/interactive"], "interactive", "p99_ns", 0.6),
    (4, ["bpf/interactive"], "hackbench", "time_ns", 0.75),
    (4, ["user/interactive"], "hackbench", "time_ns", 0.70),
    (4, ["user/fifo"], "hackbench", "time_ns", 0.60),
    (4, ["bpf/interactive", "user/interactive"], "schbench", "per_s", 0.98),
    (1, ["bpf/interactive", "user/interactive"], "interactive", "loops_per_s", 0.98),
    (4, ["bpf/interactive", "user/interactive"], "interactive", "loops_per_s", 0.98),
]

# The same in real time; what is counted a wake-up has its own limits, which are not ratios.
AIMS_REAL = [
    (4, ["bpf/fifo", "bpf/interactive"], "schbench", "per_s", 0.80),
    (4, ["user/fifo"], "schbench", "per_s", 0.15),
]
IRQ_WORK_MAX = {"bpf": 0.05, "user": 0.5}


def order(scheduler):
    mode, _, policy = scheduler.partition("/")
    modes = ["eevdf", "bpf", "user", "other"]
    return (
        modes.index(mode) if mode in modes else 9,
        POLICIES.index(policy) if policy in POLICIES else 9,
        scheduler,
    )


def read_raw(folder):
    """{cpus: {scheduler: {"runs": {load: [run]}, "resident_kb": n, "counters": {load: {}}}}}, errors, repeats."""
    cells, errors, repeats = {}, [], []
    for name in sorted(os.listdir(folder)):
        repeat = name.startswith("again-")
        match = re.match(r"(?:again-|real-)?(\d+)", name)
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            text = file.read()
        if repeat:
            with open(os.path.join(folder, name[len("again-"):]), encoding="utf-8", errors="replace") as file:
                repeats.append((name[len("again-"):], file.read() == text))
            continue
        cpus = int(match.group(1)) if match else os.cpu_count()
        for line in text.splitlines():
            if not line.startswith("{"):
                continue
            try:
                item = json.loads(line)
            except ValueError:
                errors.append(f"{name}: not JSON: {line[:80]}")
                continue
            if "error" in item:
                errors.append(f"{name}: {item['error']}")
                continue
            cell = cells.setdefault(cpus, {}).setdefault(
                item["scheduler"], {"runs": {}, "resident_kb": 0, "counters": {}})
            if "load" in item:
                for kind in ("irq_work", "reschedule") if item.get("wakeups") else ():
                    item[kind + "_a_wakeup"] = item[kind] / item["wakeups"]
                cell["runs"].setdefault(item["load"], []).append(item)
            elif "resident_kb" in item:
                cell["resident_kb"] = max(cell["resident_kb"], item["resident_kb"])
            else:
                counters = cell["counters"].setdefault(item["loads"], {})
                for key, value in item["counters"].items():
                    counters[key] = counters.get(key, 0) + value
    return cells, errors, repeats


def summarise(cells, loads_in_order=LOADS):
    """One list of records, sorted: what results.json holds."""
    records = []
    for cpus in sorted(cells):
        for scheduler in sorted(cells[cpus], key=order):
            cell = cells[cpus][scheduler]
            for load in loads_in_order:
                runs = cell["runs"].get(load)
                if not runs:
                    continue
                record = {"cpus": cpus, "scheduler": scheduler, "load": load, "runs": len(runs), "median": {}, "all": {}}
                for field in runs[0]:
                    values = [run[field] for run in runs if field in run]
                    if field == "quantiles_ns":
                        record["median"][field] = [statistics.median(step) for step in zip(*values)]
                    elif field not in ("scheduler", "load", "offset", "rep"):
                        record["median"][field] = statistics.median(values)
                        record["all"][field] = values
                if scheduler != "eevdf":
                    record["resident_kb"] = cell["resident_kb"]
                    for loads, counters in cell["counters"].items():
                        if load in loads.split(","):
                            record["counters"] = counters
                            record["counters_of"] = loads
                records.append(record)
    return records


class Results:
    def __init__(self, records):
        self.by_key = {(r["cpus"], r["scheduler"], r["load"]): r for r in records}
        self.cpus = sorted({r["cpus"] for r in records})
        self.schedulers = sorted({r["scheduler"] for r in records}, key=order)

    def value(self, cpus, scheduler, load, field):
        record = self.by_key.get((cpus, scheduler, load))
        return record["median"].get(field) if record else None

    def spread(self, cpus, scheduler, load, field):
        record = self.by_key.get((cpus, scheduler, load))
        return record["all"].get(field) if record else None

    def ratio(self, cpus, scheduler, load, field):
        base = self.value(cpus, "eevdf", load, field)
        value = self.value(cpus, scheduler, load, field)
        return value / base if base and value is not None else None


def number(value):
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def aim_of(cpus, scheduler, load, field):
    for aim_cpus, schedulers, aim_load, aim_field, limit in AIMS:
        if (aim_cpus, aim_load, aim_field) == (cpus, load, field) and scheduler in schedulers:
            return limit
    return None


def less_is_better(load, field):
    return next(m[5] for m in METRICS if m[:2] == (load, field))


def ratio_table(results, cpus, with_spread, metrics=METRICS):
    others = [s for s in results.schedulers if s != "eevdf"]
    lines = ["| | EEVDF | " + " | ".join(others) + " |", "|---|" + "--:|" * (len(others) + 1)]
    for load, field, label, unit, divisor, less in metrics:
        base = results.value(cpus, "eevdf", load, field)
        if base is None:
            continue
        cells = []
        for scheduler in others:
            text = number(results.ratio(cpus, scheduler, load, field))
            values = results.spread(cpus, scheduler, load, field)
            if with_spread and values and base:
                text += f" ({number(min(values) / base)}–{number(max(values) / base)})"
            cells.append(text)
        shown = f"{number(base / divisor)} {unit}".strip()
        values = results.spread(cpus, "eevdf", load, field)
        if with_spread and values:
            shown += f" ({number(min(values) / divisor)}–{number(max(values) / divisor)})"
        lines.append(f"| {label} {'↓' if less else '↑'} | {shown} | " + " | ".join(cells) + " |")
    return lines


def aim_table(results, aims):
    lines = ["| figure, ratio to EEVDF | CPUs | scheduler | aim | measured | |", "|---|--:|---|--:|--:|---|"]
    for cpus, schedulers, load, field, limit in aims:
        less = less_is_better(load, field)
        label = next(m[2] for m in METRICS if m[:2] == (load, field))
        for scheduler in schedulers:
            ratio = results.ratio(cpus, scheduler, load, field)
            if ratio is None:
                continue
            met = round(ratio, 2) <= limit if less else round(ratio, 2) >= limit
            lines.append(f"| {label} | {cpus} | {scheduler} | {'≤' if less else '≥'} {limit:.2f} | {number(ratio)} | {'met' if met else '**missed**'} |")
    if aims is not AIMS_REAL:
        return lines
    for cpus in results.cpus:
        for scheduler in results.schedulers:
            limit = IRQ_WORK_MAX.get(scheduler.split("/")[0])
            value = results.value(cpus, scheduler, "schbench", "irq_work_a_wakeup")
            if limit is not None and value is not None:
                lines.append(f"| schbench: irq work a wake-up (not a ratio) | {cpus} | {scheduler} | ≤ {limit:.2f} | {number(value)} | {'met' if value <= limit else '**missed**'} |")
    return lines


def interrupt_table(results, cpus):
    """What a wake-up of schbench costs in interrupts; a kick that nobody needs shows here."""
    load = "schbench"
    shown = [s for s in results.schedulers if results.value(cpus, s, load, "irq_work_a_wakeup") is not None]
    if not shown:
        return []
    lines = ["| interrupts for each wake-up of schbench | " + " | ".join("EEVDF" if s == "eevdf" else s for s in shown) + " |",
             "|---|" + "--:|" * len(shown)]
    for field, label in (("irq_work_a_wakeup", "irq work (a CPU to itself)"), ("reschedule_a_wakeup", "rescheduling (to another CPU)")):
        lines.append(f"| {label} | " + " | ".join(f"{results.value(cpus, s, load, field):.2f}" for s in shown) + " |")
    return lines


def daemon_table(results):
    """What the process costs besides: its CPU time in the interactive case, its memory."""
    lines = ["| | CPUs | CPU time in 5 s of the interactive case (aim ≤ 0.2 s) | resident (aim ≤ 40 MB) |", "|---|--:|--:|--:|"]
    for cpus in results.cpus:
        for scheduler in results.schedulers:
            record = results.by_key.get((cpus, scheduler, "interactive"))
            if not record or scheduler == "eevdf" or scheduler.startswith("other/"):
                continue
            cpu = record["median"].get("daemon_cpu_ns")
            seconds = record["median"]["daemon_cpu_ns"] / 1e9 if cpu is not None else None
            lines.append(f"| {scheduler} | {cpus} | {'–' if seconds is None else f'{seconds:.3f} s'} | {record['resident_kb'] * 1024 / 1e6:.1f} MB |")
    return lines


# ---- pictures ----

class Picture:
    def __init__(self, width, height, title):
        self.size = (width, height)
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="Helvetica,Arial,sans-serif" font-size="11">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]
        self.text(12, 20, title, size=14, weight="bold")

    def text(self, x, y, text, size=11, anchor="start", colour="#222222", weight="normal"):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}" paint-order="stroke" stroke="#ffffff" stroke-width="2.5">{xml.sax.saxutils.escape(text)}</text>')

    def line(self, x1, y1, x2, y2, colour="#999999", width=1.0, dash=""):
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"{dash}/>')

    def bar(self, x, y, width, height, colour, opacity=1.0):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}" fill-opacity="{opacity}"/>')

    def path(self, points, colour, width=1.8, dash=""):
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        data = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{data}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>')

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.parts + ["</svg>", ""]))


def colour_of(scheduler):
    return COLOURS.get(scheduler.rpartition("/")[2], "#777777")


def opacity_of(scheduler):
    return 0.55 if scheduler.startswith("user/") else 1.0


def ratio_picture(results, cpus, path, title):
    """A panel for each figure: bars from 1 (EEVDF) up or down, on a logarithmic scale."""
    panels = [m for m in METRICS if results.value(cpus, "eevdf", m[0], m[1]) and m[1] != "least_to_most"]
    others = [s for s in results.schedulers if s != "eevdf"]
    if not panels or not others:
        return False
    columns, width, height, top, left = 3, 300, 158, 58, 12
    rows = (len(panels) + columns - 1) // columns
    picture = Picture(columns * width + 2 * left, top + rows * height + 10, title)
    x = left
    for scheduler in others:
        picture.bar(x, 32, 11, 11, colour_of(scheduler), opacity_of(scheduler))
        picture.text(x + 15, 42, scheduler)
        x += 30 + 6.2 * len(scheduler)
    low, high = math.log2(0.25), math.log2(8)
    for i, (load, field, label, unit, divisor, less) in enumerate(panels):
        px, py = left + (i % columns) * width, top + (i // columns) * height
        plot_top, plot_height = py + 32, height - 56
        base = results.value(cpus, "eevdf", load, field)

        def y_of(ratio):
            return plot_top + plot_height * (high - min(max(math.log2(ratio), low), high)) / (high - low)

        picture.text(px + 4, py + 14, f"{label}: {'less' if less else 'more'} is better", weight="bold")
        for tick in (0.25, 0.5, 1, 2, 4, 8):
            picture.line(px + 28, y_of(tick), px + width - 12, y_of(tick), "#444444" if tick == 1 else "#dddddd")
            picture.text(px + 24, y_of(tick) + 4, f"{tick:g}", size=9, anchor="end", colour="#666666")
        picture.text(px + width - 12, plot_top + plot_height + 14, f"1 = EEVDF: {number(base / divisor)} {unit}", size=9, anchor="end", colour="#666666")
        step = (width - 48) / len(others)
        for k, scheduler in enumerate(others):
            ratio = results.ratio(cpus, scheduler, load, field)
            if not ratio:
                continue
            bx, y = px + 34 + k * step, y_of(ratio)
            picture.bar(bx, min(y, y_of(1)), step - 6, max(abs(y - y_of(1)), 0.8), colour_of(scheduler), opacity_of(scheduler))
            aim = aim_of(cpus, scheduler, load, field)
            if aim:
                picture.line(bx - 2, y_of(aim), bx + step - 4, y_of(aim), "#000000", 1.6, "3,2")
            picture.text(bx + (step - 6) / 2, y - 3 if ratio >= 1 else y + 11, number(ratio), size=9, anchor="middle")
    picture.text(columns * width + left, 20, "dashed: the aim", size=10, anchor="end", colour="#666666")
    picture.write(path)
    return True


def latency_picture(results, cpus, path, title):
    """How large a part of the wake-ups came within how long, one panel a mode."""
    modes = [mode for mode in ("bpf", "user") if any(s.startswith(mode + "/") for s in results.schedulers)]
    if not modes or results.value(cpus, "eevdf", "interactive", "quantiles_ns") is None:
        return False
    width, height, left, top = 430, 270, 46, 66
    picture = Picture(len(modes) * (width + left) + 16, top + height + 48, title)
    low, high = 3.0, 8.0  # 1 us to 100 ms, as powers of ten of ns
    for i, mode in enumerate(modes):
        px = left + i * (width + left)

        def point(ns, part):
            return (px + width * (min(max(math.log10(max(ns, 1)), low), high) - low) / (high - low), top + height * (1 - part))

        picture.text(px, top - 28, f"{mode} mode", weight="bold")
        for power, label in zip(range(3, 9), ("1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms")):
            x, _ = point(10 ** power, 0)
            picture.line(x, top, x, top + height, "#e4e4e4")
            picture.text(x, top + height + 15, label, size=9, anchor="middle", colour="#666666")
        for part in (0, 0.25, 0.5, 0.75, 0.99):
            _, y = point(1, part)
            picture.line(px, y, px + width, y, "#e4e4e4")
            picture.text(px - 4, y + 3, f"{part * 100:g} %", size=9, anchor="end", colour="#666666")
        lx = px
        for scheduler in ["eevdf"] + [s for s in results.schedulers if s.startswith(mode + "/")]:
            quantiles = results.value(cpus, scheduler, "interactive", "quantiles_ns")
            if not quantiles:
                continue
            steps = [(ns, k / (len(quantiles) - 1)) for k, ns in enumerate(quantiles)]
            p99 = results.value(cpus, scheduler, "interactive", "p99_ns")
            steps[-1:] = [(max(p99, steps[-2][0]), 0.99), (max(steps[-1][0], p99), 1.0)]
            picture.path([point(*step) for step in steps], colour_of(scheduler), dash="5,3" if scheduler == "eevdf" else "")
            picture.line(lx, top - 14, lx + 16, top - 14, colour_of(scheduler), 2.5, "5,3" if scheduler == "eevdf" else "")
            name = scheduler.rpartition("/")[2]
            picture.text(lx + 20, top - 10, name if name != "eevdf" else "EEVDF")
            lx += 38 + 6.6 * len(name)
        picture.text(px + width / 2, top + height + 34, "from the timer's due time to running (logarithmic)", size=10, anchor="middle", colour="#666666")
    picture.write(path)
    return True


def document_section(variant, info, results, errors, repeats, pictures):
    lines = [f"Measured: commit {info['commit']}, Linux {info['kernel']}, {info['virtual_cpus']} virtual CPUs, QEMU {info['qemu']}."]
    if repeats:
        same = all(same for _, same in repeats)
        names = ", ".join(name.replace("-", " CPUs, ", 1).replace("-", "/") for name, _ in repeats)
        lines += ["", f"Repeatability: the guest \"{names}\" was run twice; every figure of every run was "
                  + ("identical, to the last digit." if same else "**not** identical.")]
    if errors:
        lines += ["", "Errors:", ""] + [f"- {error}" for error in errors]
    aims = aim_table(results, AIMS if variant == "deterministic" else AIMS_REAL)
    if len(aims) > 2:
        lines += ["", "#### Aims", ""] + aims
    for cpus in results.cpus:
        lines += ["", f"#### {cpus} CPU{'s' if cpus > 1 else ''}: ratio to EEVDF", ""]
        lines += ratio_table(results, cpus, with_spread=variant == "real")
        interrupts = interrupt_table(results, cpus)
        lines += [""] * bool(interrupts) + interrupts
        for name, alt in pictures.get(cpus, []):
            lines += ["", f"![{alt}](bench/{name})"]
    if variant == "real":
        lines += ["", "#### The process", ""] + daemon_table(results)
    return lines


def replace_between_markers(path, variant, lines):
    begin, end = f"<!-- bench {variant} -->", f"<!-- end of bench {variant} -->"
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    if begin not in text or end not in text:
        print(f"report: {path} has no markers '{begin}'; the tables are not put there", file=sys.stderr)
        return
    head, rest = text.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + begin + "\n" + "\n".join(lines) + "\n" + end + tail)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("raw", "variant", "out", "document", "commit", "kernel"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--qemu", default="unknown")
    options = parser.parse_args()

    cells, errors, repeats = read_raw(options.raw)
    records = summarise(cells)
    if not records:
        sys.exit("report: no results in " + options.raw)
    results = Results(records)
    info = {
        "commit": options.commit, "kernel": options.kernel, "qemu": options.qemu,
        "virtual_cpus": " and ".join(str(c) for c in results.cpus),
    }
    path = os.path.join(options.out, "results.json")
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (FileNotFoundError, ValueError):
        document = {}
    document[options.variant] = dict(
        info, virtual_cpus=results.cpus, errors=errors,
        repeated=[{"guest": name, "identical": same} for name, same in repeats], results=records)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, sort_keys=True, indent=None, separators=(",", ":"))
        file.write("\n")

    pictures = {}
    what = "virtual time, median of the start offsets" if options.variant == "deterministic" else "real time, median of the repetitions"
    for cpus in results.cpus:
        plural = "s" if cpus > 1 else ""
        suffix = f"{cpus}" if options.variant == "deterministic" else f"real-{cpus}"
        name = f"ratios-{suffix}.svg"
        if ratio_picture(results, cpus, os.path.join(options.out, name), f"{cpus} CPU{plural}: ratio to EEVDF ({what})"):
            pictures.setdefault(cpus, []).append((name, f"Ratios to EEVDF with {cpus} CPU{plural}"))
        name = f"interactive-{suffix}.svg"
        if latency_picture(results, cpus, os.path.join(options.out, name), f"Wake-up latency beside busy loops, {cpus} CPU{plural} ({what})"):
            pictures.setdefault(cpus, []).append((name, f"Distribution of the interactive task's wake-up latency with {cpus} CPU{plural}"))
    replace_between_markers(options.document, options.variant, document_section(options.variant, info, results, errors, repeats, pictures))
    for line in aim_table(results, AIMS if options.variant == "deterministic" else AIMS_REAL):
        print(line)
    if options.variant == "real":
        print("\n".join(daemon_table(results)))
    for name, same in repeats:
        print(f"{name} run twice: {'identical' if same else 'NOT identical'}")
    for error in errors:
        print("error: " + error)


if __name__ == "__main__":
    main()
