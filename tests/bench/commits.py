#!/usr/bin/env python3
"""commits.py - durable commits: synchronous=FULL by hand, and SQLPROD_SYNCHRONOUS=full, in alternating rounds.

commits.py PROGRAM LIBRARY DISK OUTPUT [--seconds S] [--rounds N]

DISK is disk.so, which makes a sync take 3 ms. Writes OUTPUT/commits.md and exits with 1 if a transaction failed or was lost."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

import rounds

FIELDS = ("tx", "p50", "p95", "p99", "p99.9", "max", "cpu", "errors", "lost")
DISKS = {"a sync takes 3 ms": "3000", "the disk of this machine": None}
# how many times as many transactions, by disk and writers
GOALS = {("a sync takes 3 ms", 1): 0.95, ("a sync takes 3 ms", 8): 6, ("a sync takes 3 ms", 32): 10}
GOALS.update({("the disk of this machine", 1): 0.98, ("the disk of this machine", 8): 2.5, ("the disk of this machine", 32): 4})


def run(arguments, ours, sleep, writers):
    environment = rounds.environment("DISK_")
    preload = [arguments.library] if ours else []
    if ours:
        environment["SQLPROD_SYNCHRONOUS"] = "full"
    if sleep:
        preload.append(arguments.disk)
        environment["DISK_SLEEP"] = sleep
    if preload:
        environment["LD_PRELOAD"] = ":".join(preload)
    with tempfile.TemporaryDirectory(prefix="sqlprod-bench.") as folder:
        command = [arguments.program, os.path.join(folder, "t.db"), "defaults" if ours else "full", "processes", str(writers), "0", "0"]
        done = subprocess.run(command + [str(arguments.seconds)], env=environment, stdout=subprocess.PIPE, check=True, timeout=300)
    count, seconds, *rest = map(float, done.stdout.split())
    return dict(zip(FIELDS, [count / seconds] + rest))


def row(name, r):
    return f"| {name} | {r['tx']:.0f} | " + " | ".join(f"{r[f]:.3g}" for f in FIELDS[1:6]) + f" | {r['cpu']:.0f} | {r['errors']:.0f} | {r['lost']:.0f} |\n"


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "library", "disk", "output"):
        parser.add_argument(name)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.library, arguments.disk = os.path.abspath(arguments.library), os.path.abspath(arguments.disk)
    os.makedirs(arguments.output, exist_ok=True)
    ok = True
    text = f"Medians of {arguments.rounds} alternating rounds of {arguments.seconds:g} s. Times in milliseconds; CPU in microseconds per transaction.\n"
    for (disk, writers), goal in GOALS.items():
        played = [(run(arguments, False, DISKS[disk], writers), run(arguments, True, DISKS[disk], writers)) for _ in range(arguments.rounds)]
        hand, ours = ({f: statistics.median(r[i][f] for r in played) for f in FIELDS} for i in (0, 1))
        ratio = statistics.median(r[1]["tx"] / r[0]["tx"] for r in played)
        ok = ok and all(r[1]["errors"] == 0 and r[1]["lost"] == 0 for r in played)
        text += f"\n### {disk}, {writers} writer{'s' if writers > 1 else ''}\n\n"
        text += "| | tx/s | p50 | p95 | p99 | p99.9 | max | CPU | errors | lost |\n|---|---|---|---|---|---|---|---|---|---|\n"
        text += row("FULL by hand", hand) + row("with the library", ours)
        text += f"\n{ratio:.2f} times as many transactions; the goal is {goal:g}: {'met' if ratio >= goal else '**not met**'}\n"
    with open(os.path.join(arguments.output, "commits.md"), "w", encoding="utf-8") as out:
        out.write(text)
    sys.stdout.write(text)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
