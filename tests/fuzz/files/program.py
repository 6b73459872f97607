"""program.py SEED FOLDER [ACTS] [--kill] [--wal]: a made-up program that uses four databases of its working folder, and their files.

It opens, reads and writes them by up to four connections, renames, moves, copies and deletes their files, by itself and by commands that
it starts, with and without the library, and forks. The seed says which acts in which order; ACTS ends it after so many. FOLDER is on
another filesystem. With --kill some of its children are killed after a rest; with --wal each connection sets WAL by hand.

One line of JSON for each act: depth, act, name, other name, value, result. A result is "ok", ["rows", [...]], what the act asked for, null
where there was nothing to do, or "ERR ..."."""

import contextlib
import glob
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import types

NAMES = ["a.db", "b.db", "d/a.db", "d/b.db"]
MOST_CONNECTIONS = 4
OPENS = 0.8  # of the connections that are opened read at once, the others at their first use
WRITE = ".timeout 100", "create table if not exists t(x); insert into t values(%d);"
# What SQLite and the library keep beside a database: whether it is there is nobody's promise.
BESIDE = ("-wal", "-shm", "-journal")
# How often each act is drawn. With another order, or other numbers, a seed stands for another program.
WEIGHTS = {
    "open": 8, "insert": 14, "begin": 4, "commit": 5, "close": 5, "rename": 4, "unlink": 3, "copy": 4, "cp": 3, "mv": 2, "rm": 2, "fork": 3,
    "shell": 3, "preloaded_shell": 3, "stat": 1, "list": 2, "read_bytes": 3, "backup": 2, "vacuum": 1, "rename_folder": 1, "rest": 1, "chmod": 1,
    "read": 6, "move_away": 1, "kill": 1, "rollback": 1, "serialize": 1, "immediate": 1, "create": 1, "symlink": 1,
}
OF_CONNECTION = ("insert", "read", "begin", "commit", "close")
OF_TWO_NAMES = ("rename", "mv", "move_away", "backup")


def without_library():
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def run(preloaded, *command):
    ended = subprocess.run(command, env=None if preloaded else without_library(), capture_output=True, text=True, check=False)
    return [ended.returncode, (ended.stdout + ended.stderr).strip()]


def rows(connection):
    return ["rows", sorted(row[0] for row in connection.execute("select x from t"))]


def rows_of_file(path):
    """As a program without the library reads them, by the file alone."""
    code, text = run(False, "sqlite3", path, "select x from t")
    return ["rows", sorted(map(int, text.split()))] if code == 0 else "ERR " + text


class Program:
    def __init__(self, seed, folder, options):
        self.random = random.Random(seed)
        self.folder = folder
        self.kills = "--kill" in options
        self.sets_wal = "--wal" in options
        self.connections = []
        self.acts = 0

    def connect(self, name):
        connection = sqlite3.connect(name, isolation_level=None, timeout=0.1)
        if self.sets_wal:
            connection.execute("pragma journal_mode=wal")
        return connection

    def weights(self, depth):
        left_out = {"fork"} if depth else set()
        if depth or not self.kills:
            left_out.add("kill")
        return [0 if act in left_out else weight for act, weight in WEIGHTS.items()]

    def act(self, choose, depth):
        act = choose.choices(list(WEIGHTS), self.weights(depth))[0]
        name = choose.choice(NAMES)
        other = choose.choice(NAMES)
        preloaded = choose.random() < 0.5
        self.acts += 1
        value = self.acts + depth * 1000
        connection = choose.choice(self.connections) if self.connections else None
        drawn = types.SimpleNamespace(name=name, other=other, preloaded=preloaded, value=value, connection=connection, chance=choose.random(),
                                      choose=choose, depth=depth)
        try:
            result = getattr(self, act)(drawn)
        except Exception as error:  # pylint: disable=broad-except
            inside = connection and connection.in_transaction
            result = f"ERR {type(error).__name__} {error}{', in a transaction' if inside else ''}"
        say(depth, act, "" if act in OF_CONNECTION else name, other if act in OF_TWO_NAMES else "", value, result)

    # Connections

    def open(self, drawn):
        if len(self.connections) >= MOST_CONNECTIONS:
            return None
        connection = self.connect(drawn.name)
        self.connections.append(connection)
        if drawn.chance >= OPENS:
            return "ok"
        connection.execute("create table if not exists t(x)")
        return rows(connection)

    def close(self, drawn):
        if not drawn.connection:
            return None
        self.connections.remove(drawn.connection)
        drawn.connection.close()
        return "ok"

    def insert(self, drawn):
        return drawn.connection and self.execute(drawn, f"insert into t values({drawn.value})")

    def read(self, drawn):
        return drawn.connection and rows(drawn.connection)

    def begin(self, drawn):
        return self.execute_outside(drawn, "begin")

    def commit(self, drawn):
        return self.execute_inside(drawn, "commit")

    def rollback(self, drawn):
        return self.execute_inside(drawn, "rollback")

    def vacuum(self, drawn):
        return self.execute_outside(drawn, "vacuum")

    def immediate(self, drawn):
        return self.execute_outside(drawn, "begin immediate", f"insert into t values({drawn.value})", "commit")

    @staticmethod
    def execute(drawn, *statements):
        for statement in statements:
            drawn.connection.execute(statement)
        return "ok"

    def execute_outside(self, drawn, *statements):
        outside = drawn.connection and not drawn.connection.in_transaction
        return self.execute(drawn, *statements) if outside else None

    def execute_inside(self, drawn, statement):
        inside = drawn.connection and drawn.connection.in_transaction
        return self.execute(drawn, statement) if inside else None

    def backup(self, drawn):
        if not drawn.connection or drawn.connection.in_transaction:
            return None
        with contextlib.closing(sqlite3.connect(drawn.other, timeout=0.1)) as copy:
            drawn.connection.backup(copy)
        return "ok"

    @staticmethod
    def serialize(drawn):
        if not drawn.connection or drawn.connection.in_transaction or not hasattr(drawn.connection, "serialize"):
            return None
        copy = sqlite3.connect(":memory:")
        copy.deserialize(drawn.connection.serialize())
        return rows(copy)

    def symlink(self, drawn):
        link = f"s{self.acts}"
        os.symlink(os.path.abspath(drawn.name), link)
        connection = self.connect(link)
        found = rows(connection)
        connection.execute("insert into t values(?)", (drawn.value,))
        connection.close()
        os.unlink(link)
        return found

    # Files

    def create(self, drawn):
        if not os.path.exists(drawn.name):
            self.connect(drawn.name).close()
        return os.path.exists(drawn.name)

    @staticmethod
    def rename(drawn):
        os.replace(drawn.name, drawn.other)
        return "ok"

    @staticmethod
    def unlink(drawn):
        os.unlink(drawn.name)
        return "ok"

    def snapshot(self):
        return f"snap{self.acts}"

    def copy(self, drawn):
        shutil.copy(drawn.name, self.snapshot())
        return rows_of_file(self.snapshot())

    def read_bytes(self, drawn):
        with open(drawn.name, "rb") as file:
            content = file.read()
        with open(self.snapshot(), "wb") as file:
            file.write(content)
        return rows_of_file(self.snapshot())

    def cp(self, drawn):
        ended = run(drawn.preloaded, "cp", drawn.name, self.snapshot())
        return ended if ended[0] else rows_of_file(self.snapshot())

    @staticmethod
    def mv(drawn):
        return run(drawn.preloaded, "mv", drawn.name, drawn.other)

    @staticmethod
    def rm(drawn):
        return run(drawn.preloaded, "rm", drawn.name)

    def move_away(self, drawn):
        away = os.path.join(self.folder, f"{os.getpid()}-{self.acts}")
        shutil.move(drawn.name, away)
        found = rows_of_file(away)
        # not over what may be open: a file that is overwritten in place is lost without the library too
        shutil.move(away, self.snapshot())
        os.replace(self.snapshot(), drawn.other)
        return found

    @staticmethod
    def rename_folder(_):
        os.rename("d", "e")
        os.rename("e", "d")
        return "ok"

    @staticmethod
    def stat(drawn):
        return os.stat(drawn.name).st_size > 0

    @staticmethod
    def list(drawn):
        folder = "d" if drawn.chance < 0.3 else "."
        found = os.listdir(folder) if drawn.chance < 0.5 else [os.path.basename(path) for path in glob.glob(folder + "/*")]
        return len([name for name in found if not any(part in name for part in BESIDE) and not name.startswith("snap")])

    @staticmethod
    def chmod(drawn):
        os.chmod(drawn.name, 0o600 if drawn.chance < 0.5 else 0o644)
        return "ok"

    # Processes

    @staticmethod
    def shell(drawn):
        return run(False, "sqlite3", drawn.name, WRITE[0], WRITE[1] % drawn.value)

    @staticmethod
    def preloaded_shell(drawn):
        return run(True, "sqlite3", drawn.name, WRITE[0], WRITE[1] % drawn.value)

    @staticmethod
    def rest(_):
        time.sleep(0.25)
        return "ok"

    def fork(self, drawn):
        return self.have_child(drawn, False)

    def kill(self, drawn):
        return self.have_child(drawn, True)

    def have_child(self, drawn, killed):
        seed = drawn.choose.randrange(1 << 30)
        child = os.fork()
        if child == 0:
            try:
                self.be_child(random.Random(seed), drawn.depth + 1, killed)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        self.acts += 10
        return "ok"

    def be_child(self, choose, depth, killed):
        if choose.random() >= 0.5:
            self.connections = []
        if choose.random() < 0.3:
            os.closerange(3, 100)
            self.connections = []
        for _ in range(choose.randrange(1, 6)):
            self.act(choose, depth)
        if killed:
            time.sleep(0.25)
            os.kill(os.getpid(), signal.SIGKILL)
        if choose.random() < 0.5:
            for connection in self.connections:
                connection.close()

    # The whole

    def prepare(self):
        os.mkdir("d")
        for name in NAMES[:self.random.randrange(0, 5)]:
            connection = self.connect(name)
            connection.execute("create table t(x)")
            connection.execute(f"insert into t values({-1 - NAMES.index(name)})")
            connection.close()

    def main(self, most):
        self.prepare()
        for _ in range(min(self.random.randrange(5, 25), most)):
            self.act(self.random, 0)
        ending = self.random.random()
        if ending < 0.6:
            for connection in self.connections:
                connection.close()
        elif ending > 0.9:
            os._exit(0)


def say(*line):
    os.write(1, (json.dumps(line) + "\n").encode())


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    most = int(arguments[2]) if len(arguments) > 2 else sys.maxsize
    Program(int(arguments[0]), arguments[1], sys.argv).main(most)


main()
