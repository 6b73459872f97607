"""Made-up database files for the command: headers.py SEED COUNT SQLPROD. None may keep it waiting, get a status that is not in the
manual, more than a line on stderr, or JSON that is none; what it does not revert stays as it was."""
import collections
import json
import os
import random
import sqlite3
import subprocess
import sys

seed, count, sqlprod = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
STATUSES = {0, 5, 6, 7, 8, 9, 13}
NUMBERS = [0, 1, 2, 3, 4, 5, 127, 128, 255]


def originals():
    for name, setup in (("rollback", ""), ("wal", "PRAGMA journal_mode=wal;"), ("small", "PRAGMA page_size=512;"),
                        ("wide", "PRAGMA page_size=65536; PRAGMA encoding='UTF-16';"), ("vacuum", "PRAGMA auto_vacuum=1;")):
        db = sqlite3.connect(name)
        db.executescript(setup + "CREATE TABLE t(a PRIMARY KEY, b); CREATE VIEW v AS SELECT * FROM t;"
                         "INSERT INTO t VALUES (1, zeroblob(9000)), (2, 'x')")
        db.commit()
        db.close()
        with open(name, "rb") as file:
            yield bytearray(file.read())
        os.remove(name)


def made_up(rng, original):
    data = bytearray(original)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        place = rng.choice((rng.randrange(16, 100), rng.randrange(16, 100), rng.randrange(100, 200), rng.randrange(len(data))))
        data[place] = rng.choice(NUMBERS + [rng.randrange(256)])
    how = rng.randrange(8)
    if how == 0:
        del data[rng.randrange(100, len(data)):]
    elif how == 1:
        data += rng.randbytes(rng.randrange(5000))
    elif how == 2:
        data[:16] = rng.choice((b"SQLite format 3 ", b"sqlite format 3\0", b"\0" * 16, b"SQLite format 2\0"))
    return bytes(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def run(*arguments):
    found = subprocess.run([sqlprod, *arguments, "made-up.db"], capture_output=True, timeout=60, check=False)
    assert found.returncode in STATUSES, (arguments, found)
    assert found.stderr.count(b"\n") <= 1, (arguments, found)
    assert (found.returncode not in (0, 8, 9)) <= bool(found.stderr or found.stdout), (arguments, found)
    return found


def main():
    rng = random.Random(seed)
    kept = list(originals())
    seen = collections.Counter()
    for number in range(count):
        data = made_up(rng, rng.choice(kept))
        with open("made-up.db", "wb") as file:
            file.write(data)
        tail = rng.choice((None, None, b"", rng.randbytes(5000)))
        if tail is not None:
            with open("made-up.db-" + rng.choice(("wal", "journal", "shm")), "wb") as file:
                file.write(tail)
        try:
            shown = run("check", "--json")
            assert read("made-up.db") == data
            if shown.returncode == 0:
                json.loads(shown.stdout)
            looked = run("check", "--json", "--integrity")
            if looked.stdout:
                json.loads(looked.stdout)
            assert tail is not None or read("made-up.db") == data
            reverted = run("revert")
            assert reverted.returncode == 0 or tail is not None or read("made-up.db") == data, reverted
            seen[shown.returncode, looked.returncode, reverted.returncode] += 1
        except BaseException:
            print(f"number {number} of seed {seed} is left in {os.getcwd()}/made-up.db", file=sys.stderr)
            raise
        for name in os.listdir("."):
            os.remove(name)
    print(f"{count} made-up databases; statuses of check, check --integrity, revert:",
          ", ".join(f"{statuses}: {times}" for statuses, times in seen.most_common()))


main()
