"""Runs a made-up program in a folder of its own, with a library or without one, and keeps what became of it."""

import contextlib
import glob
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "program.py")
LONGEST = 30


class Act:
    """One act of the program, and what came of it."""

    def __init__(self, depth, act, name, other, value, result):
        self.depth = depth
        self.act = act
        self.name = name
        self.other = other
        self.value = value
        self.result = result

    @property
    def rows(self):
        """The rows that it read, or None."""
        found = isinstance(self.result, list) and self.result[0] == "rows"
        return set(self.result[1]) if found else None

    @property
    def refused(self):
        failed = isinstance(self.result, list) and self.rows is None and self.result[0] != 0
        return failed or isinstance(self.result, str) and self.result.startswith("ERR")

    def same_as(self, other):
        return (self.depth, self.act, self.name, self.other, self.value) == (other.depth, other.act, other.name, other.other, other.value)

    def __str__(self):
        names = " ".join(filter(None, [self.name, self.other]))
        return f"{'  ' * self.depth}{self.act} {names} ({self.value})"


class File:
    """A database after the program has ended, as others read it: its rows with its -wal and as the file alone, or the error."""

    def __init__(self, path, scratch):
        shutil.copy(path, scratch)
        self.alone = read(scratch)
        for name in glob.glob(scratch + "*"):
            os.unlink(name)
        self.rows = read(path)
        self.integrity = read(path, "pragma integrity_check")


def read(path, query="select x from t"):
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=1)) as connection:
            return {row[0] for row in connection.execute(query)}
    except sqlite3.Error as error:
        return str(error)


class Outcome:
    def __init__(self, code, output, folder, messages):
        self.code = code
        self.acts = [Act(*json.loads(line)) for line in output.splitlines()]
        paths = sorted(glob.glob(folder + "/*.db") + glob.glob(folder + "/d/*.db"))
        self.files = {os.path.relpath(path, folder): File(path, folder + "/alone") for path in paths}
        beside = glob.glob(folder + "/**/*.db-wal", recursive=True) + glob.glob(folder + "/**/*.db-shm", recursive=True)
        self.beside = {os.path.relpath(path, folder): os.stat(path).st_size for path in sorted(beside)}
        self.messages = messages

    @property
    def hangs(self):
        return self.code is None


def run(seed, acts, options, settings):
    """acts: at most so many, None for all. settings: the environment's."""
    with tempfile.TemporaryDirectory(prefix="fuzz-files-") as folder, \
            tempfile.TemporaryDirectory(prefix="fuzz-files-", dir="/dev/shm") as elsewhere, tempfile.TemporaryFile("w+") as messages:
        command = [sys.executable, PROGRAM, str(seed), elsewhere] + ([] if acts is None else [str(acts)]) + options
        log = os.path.join(elsewhere, "log")
        environment = {**os.environ, "SQLPROD_LOG": log, **settings}
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=messages, text=True,
                              start_new_session=True) as process:
            code, output = wait(process)
        messages.seek(0)
        said = messages.read()
        with contextlib.suppress(FileNotFoundError), open(log, encoding="utf-8") as lines:
            said += lines.read()
        return Outcome(code, output, folder, said)


def wait(process):
    """Its exit code, None if it had to be killed, and its output."""
    try:
        output = process.communicate(timeout=LONGEST)[0]
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]
