#!/usr/bin/env python3
"""kill.py BUILD SCRATCH ROUNDS [--way interposed|embedded] [--alone] [--seed N]

Three writers at once on a database that none of them has used yet (a rollback journal, a hot one, a WAL that was left), each stopped
and killed at random moments, most of them early. They write, close and open again, VACUUM, checkpoint, drop and rebuild tables. Then:
integrity_check, every transaction that was acknowledged is there, the counter is the number of rows, no child row is gone.
Prints one line of figures; exits 1 if anything is wrong, or if a writer under the library got SQLITE_BUSY."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from scenes import check, hot_journal, left_wal, rollback, transaction, wal

SEEDS = (rollback, hot_journal, left_wal, wal)
WRITERS = 3
OTHERS = (
    "exec a VACUUM",
    "exec a PRAGMA wal_checkpoint(TRUNCATE)",
    "exec a CREATE TABLE IF NOT EXISTS other(id INTEGER PRIMARY KEY, x)",
    "exec a DROP TABLE IF EXISTS other",
    "exec a DROP TABLE IF EXISTS parent",
    "exec a BEGIN; CREATE TABLE IF NOT EXISTS old(x); ALTER TABLE old RENAME TO older; DROP TABLE older; COMMIT",
    "exec a SELECT count(*) FROM filler",
)


def script(writer):
    """Lines, and which of those that begin with exec are transactions."""
    lines, transactions, execs = ["open a t.db"], {}, 0
    for number in range(12):
        if random.random() < 0.3:
            lines += [random.choice(OTHERS), "exec a ROLLBACK"]
            execs += 2
        transactions[execs] = writer * 100 + number
        lines += [transaction(writer * 100 + number), "exec a ROLLBACK"]
        execs += 2
        if random.random() < 0.3:
            lines += ["close a", "open a t.db"]
    return lines + ["close a"], transactions


class Round:
    def __init__(self, folder, victim, preload):
        self.folder = folder
        self.running = []
        self.killed = self.stopped = 0
        for writer in range(1, WRITERS + 1):
            lines, transactions = script(writer)
            out = open(f"{folder}.{writer}", "wb")
            environment = {"PATH": "/bin:/usr/bin", "SQLPROD_LOG_LEVEL": "off", **({"LD_PRELOAD": preload} if preload else {})}
            process = subprocess.Popen([victim, *lines], cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT, close_fds=False)
            self.running.append((process, out, transactions))

    def disturb(self):
        for process, _, _ in random.sample(self.running, WRITERS):
            time.sleep(random.expovariate(1 / 0.008))
            if random.random() < 0.2:
                process.send_signal(signal.SIGSTOP)
                time.sleep(random.uniform(0, 0.01))
                process.send_signal(signal.SIGCONT)
                self.stopped += 1
            if random.random() < 0.9:
                process.kill()
        for process, out, _ in self.running:
            self.killed += process.wait(timeout=120) == -9
            out.close()

    def answers(self):
        """The transactions that were acknowledged, those that were tried, and the codes of all that ended."""
        acknowledged, attempted, codes = set(), set(), []
        for writer, (process, _, transactions) in enumerate(self.running, 1):
            with open(f"{self.folder}.{writer}", encoding="utf-8", errors="replace") as file:
                # the last line may have been cut
                told = [line for line in file.read().split("\n")[:-1] if line.startswith("exec ")]
            for at, number in transactions.items():
                attempted.add(number)
                if at < len(told):
                    codes.append(int(told[at].split()[1]))
                    if codes[-1] == 0:
                        acknowledged.add(number)
            if process.returncode not in (0, -9):
                codes.append(1000 + abs(process.returncode))
        return acknowledged, attempted, codes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("scratch")
    parser.add_argument("rounds", type=int)
    parser.add_argument("--way", default="interposed")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    build, scratch = os.path.abspath(options.build), os.path.abspath(options.scratch)
    victim = os.path.join(build, "programs/victim" if options.way == "interposed" else "embedded/victim_gcc_O2")
    preload = None if options.alone else os.path.join(build, "libsqlprod.so")
    os.makedirs(scratch, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        folder = os.path.join(scratch, f"seed{number}")
        os.makedirs(folder)
        seed(folder)

    killed = stopped = done = wrong = locked = 0
    folder = os.path.join(scratch, "work")
    for number in range(options.rounds):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(os.path.join(scratch, f"seed{number % len(SEEDS)}"), folder)
        this = Round(folder, victim, preload)
        this.disturb()
        acknowledged, attempted, codes = this.answers()
        killed, stopped, done = killed + this.killed, stopped + this.stopped, done + len(acknowledged)
        locked += sum(code == 5 for code in codes)
        problem = check(folder, acknowledged, attempted)
        unexpected = [code for code in codes if code not in (0, 5)]
        if problem or unexpected:
            wrong += 1
            print(f"round {number}: {problem} {unexpected}", flush=True)
    print(
        f"{options.way}{', alone' if options.alone else ''}: {options.rounds} rounds, {killed} writers killed, {stopped} stopped and continued,"
        f" {done} transactions acknowledged, {locked} got SQLITE_BUSY, {wrong} rounds wrong"
    )
    return 1 if wrong or (locked and not options.alone) else 0


if __name__ == "__main__":
    sys.exit(main())
