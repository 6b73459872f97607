#!/usr/bin/env python3
"""contention.py - compares ways to wait for the write lock, in one run of alternating rounds.

contention.py PROGRAM LIBRARY OUTPUT [--seconds S] [--rounds N] [--quick]

Writes OUTPUT/contention.md (tables), OUTPUT/contention.tsv (every run) and OUTPUT/contention.dat (for the plot). Exits with 1 if a
transaction of ours failed or an update was lost. Figures are medians over the rounds."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

import rounds

# The program's mode, and what is set for the library. A plain BEGIN reserves; the last way is that of BEGIN IMMEDIATE.
WAYS = {
    "serial": ("recipe", None),
    "defaults": ("defaults", None),
    "recipe": ("recipe", None),
    "shim, stock wait": ("defaults", {"SQLPROD_BUSY_WAIT": "sqlite"}),
    "shim, fair wait": ("defaults", {"SQLPROD_BUSY_WAIT": "fair"}),
    "shim, immediate": ("defaults", {"SQLPROD_BEGIN": "immediate"}),
}
SWEPT = list(WAYS)[:5]
OURS = list(WAYS)[4:]
FIELDS = ("tx", "p50", "p95", "p99", "p99.9", "max", "cpu", "errors", "lost", "switches")

# name, workers, microseconds inside, pause, and the goals: transactions (of recipe, of serial), p99, max, CPU (of recipe)
GOALS = [
    ("32 processes, 1 ms inside, no pause", 32, 1000, 0, (1.3, 0.93), 1 / 20, 1 / 30, 1.5),
    ("16 processes, 1 ms inside, 10 ms pause", 16, 1000, 10000, (1.5, 0.92), 1 / 8, 1 / 50, 1.5),
    ("32 processes, nothing inside, no pause", 32, 0, 0, (0.9, 0), None, 1 / 8, 1.5),
    ("1 process, nothing inside, no pause", 1, 0, 0, (0.98, 0), 1.1, None, 1.05),
]


def run(arguments, way, kind, workers, inside, pause):
    mode, settings = WAYS[way]
    environment = rounds.environment()
    if settings:
        environment.update(settings, LD_PRELOAD=arguments.library)
    if way == "serial":
        workers, pause = 1, 0
    with tempfile.TemporaryDirectory(prefix="sqlprod-bench.") as folder:
        command = [arguments.program, os.path.join(folder, "t.db"), mode, kind, str(workers), str(inside), str(pause)]
        done = subprocess.run(command + [str(arguments.seconds)], env=environment, stdout=subprocess.PIPE, check=True, timeout=300)
    count, seconds, *rest = map(float, done.stdout.split())
    return dict(zip(FIELDS, [count / seconds] + rest))


def measure(arguments, log, ways, kind, workers, inside, pause):
    results = {way: [] for way in ways}
    for _ in range(arguments.rounds):
        for way in ways:
            result = run(arguments, way, kind, workers, inside, pause)
            results[way].append(result)
            log.write("\t".join([way, kind, str(workers), str(inside), str(pause)] + [f"{result[f]:g}" for f in FIELDS]) + "\n")
            log.flush()
    return {way: {f: statistics.median(r[f] for r in rows) for f in FIELDS} for way, rows in results.items()}


def check(results):
    return all(results[way]["errors"] == 0 for way in OURS if way in results) and all(r["lost"] == 0 for r in results.values())


def row(name, r):
    return f"| {name} | {r['tx']:.0f} | " + " | ".join(f"{r[f]:.3g}" for f in FIELDS[1:6]) + f" | {r['cpu']:.0f} | {r['switches']:.2f} | {r['errors']:.0f} | {r['lost']:.0f} |\n"


HEAD = "| | tx/s | p50 | p95 | p99 | p99.9 | max | CPU | switches | errors | lost |\n|---|---|---|---|---|---|---|---|---|---|---|\n"


def verdict(goal, results):
    _, _, _, _, (of_recipe, of_serial), p99, longest, cpu = goal
    text = ""
    for way in OURS:
        recipe, serial, ours = results["recipe"], results["serial"], results[way]
        lines = [("transactions, of recipe", ours["tx"] / recipe["tx"], of_recipe, True)]
        if of_serial:
            lines.append(("transactions, of serial", ours["tx"] / serial["tx"], of_serial, True))
        if p99:
            lines.append(("p99, of recipe", ours["p99"] / recipe["p99"], p99, False))
        if longest:
            lines.append(("max, of recipe", ours["max"] / recipe["max"], longest, False))
        lines.append(("CPU, of recipe", ours["cpu"] / recipe["cpu"], cpu, False))
        for name, value, wanted, more in lines:
            met = value >= wanted if more else value <= wanted
            text += f"| {way}: {name} | {value:.3g} | {'at least' if more else 'at most'} {wanted:.3g} | {'yes' if met else '**no**'} |\n"
    return "\n| goal | measured | wanted | met |\n|---|---|---|---|\n" + text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("library")
    parser.add_argument("output")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="the goals only")
    arguments = parser.parse_args()
    arguments.library = os.path.abspath(arguments.library)
    os.makedirs(arguments.output, exist_ok=True)
    ok = True
    text = f"Each figure is the median of {arguments.rounds} alternating rounds of {arguments.seconds:g} s. Milliseconds; CPU in microseconds, and context switches, per transaction.\n"
    with open(os.path.join(arguments.output, "contention.tsv"), "w", encoding="utf-8") as log:
        for goal in GOALS:
            name, workers, inside, pause = goal[:4]
            ways = [way for way in WAYS if workers > 1 or way not in ("serial", "defaults")]
            results = measure(arguments, log, ways, "processes", workers, inside, pause)
            results.setdefault("serial", results["recipe"])
            ok = check(results) and ok
            text += f"\n### {name}\n\n" + HEAD + "".join(row(way, results[way]) for way in ways) + verdict(goal, results)
        if not arguments.quick:
            text += sweep(arguments, log)
    with open(os.path.join(arguments.output, "contention.md"), "w", encoding="utf-8") as out:
        out.write(text)
    sys.stdout.write(text)
    return 0 if ok else 1


def sweep(arguments, log):
    text = ""
    with open(os.path.join(arguments.output, "contention.dat"), "w", encoding="utf-8") as dat:
        for kind in ("processes", "threads"):
            for inside in (0, 1000):
                table = {}
                for workers in (1, 2, 4, 8, 16, 32):
                    table[workers] = measure(arguments, log, SWEPT, kind, workers, inside, 0)
                text += f"\n### {kind}, {inside // 1000} ms inside, no pause\n"
                for workers, results in table.items():
                    text += f"\n{workers} {kind}\n\n" + HEAD + "".join(row(way, r) for way, r in results.items())
                for way in SWEPT:
                    dat.write(f'# "{way}" {kind} {inside}\n')
                    for workers, results in table.items():
                        r = results[way]
                        dat.write(f"{workers} {r['tx']:g} {r['p99']:g} {r['max']:g} {r['cpu']:g}\n")
                    dat.write("\n\n")
    return text


if __name__ == "__main__":
    sys.exit(main())
