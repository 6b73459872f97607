#!/usr/bin/python3
"""play.py SCENE DATABASE LIBRARY COMMAND... - plays a scene with processes of one program, and prints what happened in NAME=VALUE.

LIBRARY may be empty: then nothing is preloaded. Scenes:

race   PROCESSES processes run TRANSACTIONS transactions each, at once; a transaction reads a number and writes it, one higher. Prints
       how many were committed (done) and failed, how many processes' first one failed (first), and how many updates are missing (lost).
stay   one process begins, reads, and stays; another does the same beside it; then a third one writes, which waits 1 s by its own
       setting. Twice. Prints the milliseconds that each of the two others took, and how often the writer was refused (locked).

long   one process begins, reads, and stays for LONG seconds; meanwhile another one writes, ten times a second. Prints how often that was
       refused (locked), and the longest it took in milliseconds.

outside
       one process has made a transaction, in which it idled for a second, and idles again; then one without the library writes, which
       waits 1 s by its own setting, again and again until it has written. Prints how often it was refused, OUTSIDE at most (refused).

pool, ids, pages, …   scenes of one program's own, which it plays alone: prints what follows its "done", a name and a number each.

COMMAND is given the database, the scene and a count. It says "ready", waits for a line, and then, in the scene stay, says "held" in each
transaction, waits for a line and says "ended". In the race it says "done DONE failed FAILED first FIRST" at its end."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

PROCESSES, TRANSACTIONS, ROUNDS, OUTSIDE, LONG, LIMIT = 4, 25, 2, 5, 36, 150
OWN = {"pool": 50, "ids": 10, "pages": 8, "jobs": 6, "requests": 12, "replicate": 20, "exec": 20, "threads": 10}
WRITER = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "writer.py")]


class Program:
    def __init__(self, library, command):
        environment = dict(os.environ, LD_PRELOAD=library) if library else os.environ
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        running.append(self)

    def said(self, *words):
        """The rest of the next line that starts with one of these words."""
        for line in self.process.stdout:
            if line.split(" ")[0].strip() in words:
                return line.split()
        raise SystemExit(f"{self.process.args} did not say {words}")

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise SystemExit(f"{self.process.args}: status {self.process.returncode}")


def race(database, library, command):
    programs = [Program(library, [*command, database, "race", str(TRANSACTIONS)]) for _ in range(PROCESSES)]
    for program in programs:
        program.said("ready")
    for program in programs:
        program.go()
    results = [program.said("done") for program in programs]
    for program in programs:
        program.end()
    done, failed, first = (sum(int(result[at]) for result in results) for at in (1, 3, 5))
    return {"done": done, "failed": failed, "first": first, "lost": done - number(database)}


def stay(database, library, command):
    holder, reader = (Program(library, [*command, database, "stay", str(ROUNDS)]) for _ in range(2))
    writer = Program(library, [*WRITER, database])
    for program in holder, reader, writer:
        program.said("ready")
    reader_took, writer_took, locked = [], [], 0
    for _ in range(ROUNDS):
        holder.go()
        holder.said("held")
        reader_took.append(milliseconds(lambda: (reader.go(), reader.said("held"))))
        result = []
        writer_took.append(milliseconds(lambda: (writer.go(), result.extend(writer.said("written", "locked")))))
        locked += result[0] == "locked"
        for program in holder, reader:
            program.go()
            program.said("ended")
    for program in holder, reader, writer:
        program.end()
    return {"reader": max(reader_took), "writer": max(writer_took), "locked": locked}


def long(database, library, command):
    holder = Program(library, [*command, database, "stay", "1"])
    writer = Program(library, [*WRITER, database])
    for program in holder, writer:
        program.said("ready")
    holder.go()
    holder.said("held")
    took, locked, end = [], 0, time.monotonic() + LONG
    while time.monotonic() < end:
        result = []
        took.append(milliseconds(lambda: (writer.go(), result.extend(writer.said("written", "locked")))))
        locked += result[0] == "locked"
        time.sleep(0.1)
    holder.go()
    holder.said("ended")
    for program in holder, writer:
        program.end()
    return {"longest": max(took), "locked": locked}


def outside(database, library, command):
    program = Program(library, [*command, database, "stay", "2"])
    writer = Program("", [*WRITER, database])
    program.said("ready")
    writer.said("ready")
    refused = 0
    for turn in range(2):
        program.go()
        program.said("held")
        time.sleep(1)
        program.go()
        program.said("ended")
        while turn == 0 and refused < OUTSIDE:
            writer.go()
            if writer.said("written", "locked")[0] == "written":
                break
            refused += 1
    for ended in program, writer:
        ended.end()
    return {"refused": refused}


def own(scene, database, library, command):
    program = Program(library, [*command, database, scene, str(OWN[scene])])
    words = program.said("done")
    program.end()
    return dict(zip(words[::2], words[1::2]))


def milliseconds(action):
    start = time.monotonic()
    action()
    return round((time.monotonic() - start) * 1000)


def number(database):
    connection = sqlite3.connect(database)
    value = connection.execute("SELECT n FROM counter").fetchone()[0]
    connection.close()
    return value


def fresh(database):
    for suffix in "", "-wal", "-shm", "-journal":
        if os.path.exists(database + suffix):
            os.unlink(database + suffix)
    connection = sqlite3.connect(database)
    connection.executescript("CREATE TABLE counter(id INTEGER PRIMARY KEY, n INTEGER NOT NULL); INSERT INTO counter VALUES(1, 0);"
                             "CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT)")
    connection.close()


def out_of_time(*_):
    raise SystemExit(f"not at the end after {LIMIT} s")


running = []
signal.signal(signal.SIGALRM, out_of_time)
signal.alarm(LIMIT)
scene, database, library, *command = sys.argv[1:]
fresh(database)
try:
    if scene in OWN:
        result = own(scene, database, library, command)
    else:
        result = {"race": race, "stay": stay, "long": long, "outside": outside}[scene](database, library, command)
finally:
    for program in running:
        if program.process.poll() is None:
            os.killpg(program.process.pid, signal.SIGKILL)
print(*(f"{name}={value}" for name, value in result.items()))
