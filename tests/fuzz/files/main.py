"""main.py --library LIBRARY [--first SEED] [--seeds N] [--jobs N] [--kill]: compares made-up programs that move files about.

Each program (program.py) runs twice, without the library and with it, and then nothing that the first run had may be missing from the second:
no row that an act reads, none of what others read in the files at the end, with -wal and without, no file, no act that is refused.
What the documentation takes away from that is in exceptions.py.

Where the twin is refused what the program with the library is not (mostly "database is locked"), or by another error, the two are different
programs from there on.
A finding after that is tried again with the program cut short before that act: if it is gone then, the program counts as parted.
A finding that does not come again in three more runs is shown as seldom.

    main.py --library LIBRARY --show SEED [--acts N]    each act with both results, what was left, and what the library said

Other options: --by-hand compares with WAL set by hand instead of the library. --selftest tests the fuzzer itself. Exits with 1 if it found
anything."""

import argparse
import collections
import concurrent.futures
import os
import sys

import exceptions
import outcome
from judge import acts_before, judge, parts

AGAIN = 3
SELFTEST_SEEDS = 60


class Fuzzer:
    def __init__(self, arguments):
        self.program = ["--kill"] if arguments.kill else []
        self.more = ["--wal"] if arguments.by_hand else []
        self.settings = {} if arguments.by_hand else {"LD_PRELOAD": os.path.abspath(arguments.library), **exceptions.SETTINGS}

    def both(self, seed, acts=None):
        return outcome.run(seed, acts, self.program, {}), outcome.run(seed, acts, self.program + self.more, self.settings)

    def examine(self, seed):
        """"same", "parted", "seldom" or "found", and the findings."""
        acts = None
        while True:
            twin, other = self.both(seed, acts)
            findings = judge(twin, other)
            parted = parts(twin, other)
            if not findings:
                return ("same" if acts is None else "parted"), []
            if parted is None:
                break
            acts = acts_before(twin, parted)
        again = [judge(*self.both(seed, acts)) for _ in range(AGAIN)]
        text = [f"{found.kind}: {found.where}: {found.text}" for found in findings]
        if acts is not None:
            text.append(f"with --acts {acts}")
        return ("found" if any(again) else "seldom"), text

    def show(self, seed, acts):
        twin, other = self.both(seed, acts)
        for act, same in zip(twin.acts, other.acts):
            print(act, act.result, "" if act.result == same.result else f"   <<< {same.result}")
        for side in twin, other:
            print({name: vars(file) for name, file in side.files.items()}, side.beside)
            print(side.messages, end="")
        for found in judge(twin, other):
            print(f"{found.kind}: {found.where}: {found.text}")


def run_seeds(fuzzer, first, seeds, jobs):
    """Shows the findings; how many seeds came to which end."""
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for seed, (end, text) in zip(range(first, first + seeds), pool.map(fuzzer.examine, range(first, first + seeds))):
            counts[end] += 1
            if text:
                print(f"{'FINDING' if end == 'found' else 'SELDOM'} {seed} " + "; ".join(text), flush=True)
    print(f"{seeds} programs: " + ", ".join(f"{counts[end]} {end}" for end in ("same", "parted", "seldom", "found")), flush=True)
    return counts


def selftest(arguments):
    """Nothing is found with the library switched off; WAL by hand loses rows."""
    off = Fuzzer(arguments)
    off.settings["SQLPROD"] = "off"
    quiet = not run_seeds(off, arguments.first, SELFTEST_SEEDS, arguments.jobs)["found"]
    print("ok" if quiet else "not ok", "finds nothing with the library switched off")
    arguments.by_hand = True
    finds = run_seeds(Fuzzer(arguments), arguments.first, SELFTEST_SEEDS, arguments.jobs)["found"] > 0
    print("ok" if finds else "not ok", "finds what WAL by hand loses")
    return quiet and finds


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--show", type=int)
    parser.add_argument("--acts", type=int)
    for option in "--kill", "--by-hand", "--selftest":
        parser.add_argument(option, action="store_true")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    if arguments.selftest:
        sys.exit(not selftest(arguments))
    fuzzer = Fuzzer(arguments)
    if arguments.show is not None:
        fuzzer.show(arguments.show, arguments.acts)
        return
    sys.exit(run_seeds(fuzzer, arguments.first, arguments.seeds, arguments.jobs)["found"] > 0)


main()
