"""sqlprod ab: runs the variants in rounds and shows how they differ.

Two processes: one runs and measures; its parent does nothing but wait, and puts the databases back however the other one ends. If
it is the parent that is killed, the other one does it.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types

import process
from databases import Database, Refused, put_back_all
from measure import Bench
from result import Result

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
GREATEST_BAR = 30


class Ended(BaseException):
    def __init__(self, number):
        super().__init__()
        self.number = number


def read_plan(arguments):
    command = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, command = arguments[:at], arguments[at + 1:]
    plan = types.SimpleNamespace(**dict(argument.split("=", 1) for argument in arguments), command=command)
    plan.rounds = int(plan.rounds)
    plan.warmup = int(plan.warmup)
    plan.databases = list(dict.fromkeys(os.path.realpath(path) for path in plan.databases.splitlines()))
    plan.variants = [read_variant(plan, *line.split("\t")) for line in plan.variants.splitlines()]
    return plan


def read_variant(plan, label, *settings):
    base = "B" if plan.each == "true" and label.startswith("without ") else "A"
    return types.SimpleNamespace(label=label, base=base, settings=dict(setting.split("=", 1) for setting in settings))


def say(text):
    print("sqlprod: " + "".join(c if c.isprintable() else "?" for c in text), file=sys.stderr)


class Progress:
    """A bar on stderr, if that is a terminal."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.began = time.monotonic()
        self.shown = sys.stderr.isatty()

    def step(self, text):
        if self.shown:
            full = GREATEST_BAR * self.done // self.total
            left = (time.monotonic() - self.began) / self.done * (self.total - self.done) if self.done else None
            rest = f", {left:.0f} s left" if left is not None else ""
            print(f"\r\033[K[{'#' * full}{'.' * (GREATEST_BAR - full)}] {text}{rest}", end="", file=sys.stderr, flush=True)
        self.done += 1

    def clear(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def measure_all(plan, bench):
    """The runs of each variant, by label. Each round has every variant once, in a new order."""
    runs = {variant.label: [] for variant in plan.variants}
    progress = Progress((plan.warmup + plan.rounds) * len(plan.variants))
    try:
        for number in range(1 - plan.warmup, plan.rounds + 1):
            for variant in random.sample(plan.variants, len(plan.variants)):
                progress.step(f"round {number} of {plan.rounds}, {variant.label}" if number > 0 else f"warming up, {variant.label}")
                run = bench.run(variant)
                if number > 0:
                    runs[variant.label].append(run)
    finally:
        progress.clear()
    return runs


def show(plan, result):
    sys.stdout.write(result.text())
    sys.stdout.flush()
    if plan.json:
        write(plan.json, result.document())
    if plan.markdown:
        write(plan.markdown, result.markdown())
    if plan.plot and result.main:
        try:
            result.plot(plan.plot)
        except subprocess.CalledProcessError:
            raise Refused(13, f"gnuplot could not write {plan.plot}") from None


def open_now(path, flags):
    """Does not wait for a reader of a FIFO."""
    file = os.open(path, flags | os.O_NONBLOCK, 0o666)
    os.set_blocking(file, True)
    return file


def write(path, text):
    try:
        with open(path, "w", encoding="utf-8", opener=open_now) as file:
            file.write(text)
    except OSError as error:
        raise Refused(13, f"{path}: {error.strerror}") from None


def work(plan, databases, folder):
    """Measures and shows; the exit status."""
    bench = Bench(plan, databases, folder)
    try:
        runs = measure_all(plan, bench)
    finally:
        process.end_all()
    result = Result(plan, runs, bench.notes)
    show(plan, result)
    if bench.error_text:
        say(f"ab: the first run that failed said: {bench.error_text}")
    if not all(result.good(label) for label in result.labels):
        return 3
    return 1 if any(result.failed(label) for label in result.labels) else 0


def guarded(function, *arguments):
    """Runs a function to an exit status, with a message for what ends it."""
    try:
        return function(*arguments)
    except Refused as error:
        say(f"ab: {error}")
        return error.status
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"ab: {error}")
        return 13
    except Ended as ended:
        return 128 + ended.number


def raise_ended(number, _frame):
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Ended(number)


def worker(plan, databases, folder, guard):
    """In the child: measures; puts the databases back only if the parent has gone."""
    process.end_with_parent(signal.SIGTERM)
    process.adopt_orphans()
    for number in SIGNALS:
        signal.signal(number, raise_ended)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    status = guarded(work, plan, databases, folder)
    if os.getppid() != guard:
        status = max(status, guarded(put_back_all, databases) or 0)
        shutil.rmtree(folder, ignore_errors=True)
    return status


def wait_for(child):
    """Its exit status. A signal that comes meanwhile is passed on."""
    def pass_on(number, _frame):
        with contextlib.suppress(OSError):
            os.kill(child, number)

    for number in SIGNALS:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    return code if code >= 0 else 128 - code


def compare(plan):
    databases = [Database(path) for path in plan.databases]
    process.adopt_orphans()
    aside = []
    folder = tempfile.mkdtemp(prefix="sqlprod-ab.")
    try:
        for database in databases:
            database.put_aside()
            aside.append(database)
        guard = os.getpid()
        child = os.fork()
        if child == 0:
            status = 13
            try:
                status = worker(plan, databases, folder, guard)
                sys.stdout.flush()
            finally:
                os._exit(status)
        status = wait_for(child)
    finally:
        process.end_all()
        shutil.rmtree(folder, ignore_errors=True)
        put_back_all(aside)
    return status


def recover(plan):
    for path in plan.databases:
        Database(path).recover()
        print(f"{path}: put back as it was")
    return 0


def main():
    # Until a handler is there, a signal waits: nothing may end this process between moving files and putting them back.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    plan = read_plan(sys.argv[1:])
    return guarded(recover if plan.mode == "recover" else compare, plan)


sys.exit(main())
