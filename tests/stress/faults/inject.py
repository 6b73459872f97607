#!/usr/bin/env python3
"""inject.py BUILD SCRATCH [--way interposed|embedded] [--fault NAME,...] [--scene N,...] [--stride N]

Lets every system call of a victim fail, one after the other, or ends the victim there; checks its database after each run.

A call is one on the database's files (tests/programs/fault_io.c). Every scene (scenes.py) runs once for each call and each fault: under
the library; alone, and with the recipe by hand, as twins. Then: integrity_check, every transaction that was acknowledged is there,
the counter is the number of rows, no child row is gone. A fault that does not kill must leave the exit status 0, and the error codes
that transactions get must be ones that a twin gets as well. Prints a line for each fault, and for whatever is wrong; exits 1 if
anything is."""

import argparse
import os
import shutil
import subprocess
import sys

from scenes import SCENES, check

# name: the settings of fault_io.so, and the calls that can fail so
FAULTS = {
    "EIO once": ("EIO", "", "read write sync truncate mmap unlink lock open"),
    # without lock: SQLite takes an error at a lock of the -shm for a lock held elsewhere, and waits
    "EIO from then on": ("EIO", "+", "read write sync truncate mmap unlink open"),
    "ENOSPC once": ("ENOSPC", "", "write truncate"),
    "ENOSPC from then on": ("ENOSPC", "+", "write truncate"),
    "fsync fails from then on": ("EIO", "+", "sync"),
    "short read or write": ("short", "", "read write"),
    "EMFILE once": ("EMFILE", "", "open"),
    "EMFILE from then on": ("EMFILE", "+", "open"),
    "EACCES from then on": ("EACCES", "+", "open"),
    "ENOMEM from mmap from then on": ("ENOMEM", "+", "mmap"),
    "ENOLCK once": ("ENOLCK", "", "lock"),
    "EINTR storm": ("EINTR", "%", "read write truncate open"),
    "kill": ("kill", "", "read write sync truncate mmap unlink lock open"),
    "kill in the middle of a write": ("tear", "", "write"),
}
# … and those of fail_malloc.so: whose allocations fail
FAULTS["SQLite out of memory once"] = ("malloc", "", "libsqlite3.so")
FAULTS["the library out of memory once"] = ("malloc", "", "libsqlprod.so")
STORMS = (2, 3, 5, 7)
TWINS = (("plain", False, False), ("by hand", False, True))


class Runner:
    def __init__(self, build, scratch, victim, library):
        self.scratch, self.victim = scratch, victim
        self.preload = [os.path.join(build, "programs/fault_io.so")]
        self.preload.append(os.path.join(build, "programs/fail_malloc.so"))
        if library:
            self.preload.insert(0, os.path.join(build, "libsqlprod.so"))
        self.folder = os.path.join(scratch, "work")

    def run(self, seed, lines, variables):
        """The exit status and the codes of the lines that begin with exec."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(seed, self.folder)
        environment = {
            "PATH": "/bin:/usr/bin",
            "LD_PRELOAD": ":".join(self.preload),
            "FAULT_FILES": "/t.db",
            "SQLPROD_LOG_LEVEL": "off",
            **variables,
        }
        done = subprocess.run(
            [self.victim, *lines], cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=120, close_fds=False, check=False,
        )
        codes = [int(line.split()[1]) for line in done.stdout.decode(errors="replace").splitlines() if line.startswith("exec ")]
        return done.returncode, codes, done.stderr.decode(errors="replace")

    def count(self, seed, lines, what, calls):
        path = os.path.join(self.scratch, "count")
        if what == "malloc":
            self.run(seed, lines, {"FAIL_MALLOC_COUNT": path, "FAIL_MALLOC_OBJECT": calls, "SQLPROD_REPORT": path + ".report"})
        else:
            self.run(seed, lines, {"FAULT_COUNT": path, "FAULT_CALLS": calls})
        with open(path, encoding="ascii") as file:
            return int(file.read())


class Tally:
    def __init__(self):
        self.runs = self.hits = 0
        self.wrong = []
        self.codes = {}


def inject(runner, scene, seed, fault, by_hand, stride, tally):
    """Every fault of this kind in this scene. Adds the codes that its transactions got to tally.codes[scene]."""
    what, mode, calls = FAULTS[fault]
    lines, transactions = scene.script(by_hand)
    if calls == "libsqlite3.so":
        stride *= 5  # it makes a thousand in each scene
    places = STORMS if mode == "%" else range(1, runner.count(seed, lines, what, calls) + 1, stride)
    seen = tally.codes.setdefault(scene.name, set())
    for place in places:
        if what == "malloc":
            report = os.path.join(runner.scratch, "count.report")
            variables = {"FAIL_MALLOC": str(place), "FAIL_MALLOC_OBJECT": calls, "SQLPROD_REPORT": report}
        else:
            variables = {"FAULT": what, "FAULT_AT": f"{place}{mode}", "FAULT_CALLS": calls}
        status, codes, errors = runner.run(seed, lines, variables)
        answers = {number: codes[at] for at, number in transactions.items() if at < len(codes)}
        acknowledged = {number for number, code in answers.items() if code == 0}
        seen |= set(answers.values())
        tally.runs += 1
        tally.hits += status == -9
        wrong = check(runner.folder, acknowledged, set(transactions.values()))
        if wrong is None and status not in ((0, -9) if what in ("kill", "tear") else (0,)):
            wrong = f"exit status {status}"
        if wrong is None and errors:
            wrong = f"stderr: {errors[:200]}"
        if wrong:
            tally.wrong.append(f"{fault} at {place}, {scene.name}: {wrong}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("scratch")
    parser.add_argument("--way", default="interposed")
    parser.add_argument("--fault", default=",".join(FAULTS))
    parser.add_argument("--scene", default=",".join(map(str, range(len(SCENES)))))
    parser.add_argument("--stride", type=int, default=1)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    victim = os.path.join(build, "programs/victim" if options.way == "interposed" else "embedded/victim_gcc_O2")
    scenes = [SCENES[int(number)] for number in options.scene.split(",")]
    options.scratch = os.path.abspath(options.scratch)
    os.makedirs(options.scratch, exist_ok=True)
    seeds = {}
    for scene in scenes:
        seeds[scene.name] = os.path.join(options.scratch, f"seed-{len(seeds)}")
        os.makedirs(seeds[scene.name])
        scene.seed(seeds[scene.name])

    total, wrong = 0, 0
    for fault in options.fault.split(","):
        if fault.startswith("SQLite") and options.way != "interposed":
            continue  # there its allocations are the victim's own
        tallies = {}
        for way, library, by_hand in (*TWINS, ("shim", True, False)):
            tallies[way] = tally = Tally()
            runner = Runner(build, options.scratch, victim, library)
            for scene in scenes:
                inject(runner, scene, seeds[scene.name], fault, by_hand, options.stride, tally)
        shim = tallies["shim"]
        for scene in scenes:
            twin = tallies["plain"].codes[scene.name] | tallies["by hand"].codes[scene.name] | {0}
            if shim.codes[scene.name] - twin and options.stride > 1:  # it may be one of the places that were left out
                for way, _, by_hand in TWINS:
                    inject(Runner(build, options.scratch, victim, False), scene, seeds[scene.name], fault, by_hand, 1, tallies[way])
                    twin |= tallies[way].codes[scene.name]
            if shim.codes[scene.name] - twin:
                shim.wrong.append(f"{fault}, {scene.name}: codes {sorted(shim.codes[scene.name] - twin)} that no twin gets")
        print(
            f"{options.way}, {fault}: {shim.runs} runs under the library, {len(shim.wrong)} wrong"
            f" (twins {tallies['plain'].runs} and {tallies['by hand'].runs} runs,"
            f" {len(tallies['plain'].wrong)} and {len(tallies['by hand'].wrong)} wrong)",
            flush=True,
        )
        for way, tally in tallies.items():
            for line in tally.wrong[:10]:
                print(f"  {way}: {line}", flush=True)
        total += shim.runs
        wrong += len(shim.wrong)
    print(f"{options.way}: {total} faults under the library, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
