"""left_wal.py LIBRARY SEED SECONDS - is a -wal that was left beside a database taken for what it is?

Writers of random statements, with and without the library, are killed. Then either the file's times are changed and a program with
the library opens it: the -wal is the file's own, must not be moved aside, and the database must be whole. Or an earlier backup is
copied over it: how often that is noticed for sure, with a warning, or not at all, is printed."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

WRITER = """
import os, random, sqlite3, sys
choose = random.Random(int(sys.argv[1]))
connect = lambda: sqlite3.connect('a.db', isolation_level=None, timeout=5)
c = connect()
if choose.random() < 0.9: c.execute('pragma journal_mode=wal')
c.execute('pragma wal_autocheckpoint=%d' % choose.choice([5, 20, 100, 1000]))
c.execute('pragma synchronous=off')
if choose.random() < 0.2: c.execute('pragma auto_vacuum=%d' % choose.choice([1, 2]))
table = lambda: 't%d' % choose.randrange(5)
while True:
    try:
        kind = choose.random()
        if kind < 0.05: c.execute('create table if not exists %s(x, y)' % table())
        elif kind < 0.08: c.execute('pragma wal_checkpoint(%s)' % choose.choice(['passive', 'full', 'restart', 'truncate']))
        elif kind < 0.09: c.execute('vacuum')
        elif kind < 0.11: c.execute('pragma user_version=%d' % choose.randrange(9))
        elif kind < 0.12: c.execute('pragma incremental_vacuum')
        elif kind < 0.14: c.execute('drop table if exists %s' % table())
        elif kind < 0.3: c.execute('delete from %s where rowid %% 3 = %d' % (table(), choose.randrange(3)))
        elif kind < 0.34:
            c.execute('begin')
            c.execute('insert into %s values(1, zeroblob(%d))' % (table(), choose.randrange(9000)))
            c.execute(choose.choice(['rollback', 'commit']))
        elif kind < 0.36:
            c.close()
            c = connect()
        elif kind < 0.37:
            m = sqlite3.connect(':memory:')
            m.execute('create table z(a)')
            m.executemany('insert into z values(?)', [(i,) for i in range(choose.randrange(500))])
            m.commit()
            m.backup(c)
        elif kind < 0.7: c.execute('update %s set x=%d where rowid=%d' % (table(), choose.randrange(9), choose.randrange(50)))
        else: c.execute('insert into %s values(?, ?)' % table(), (choose.randrange(99), os.urandom(choose.randrange(2000))))
    except sqlite3.Error:
        if c.in_transaction: c.rollback()
"""
READER = "import sqlite3; c = sqlite3.connect('a.db'); print(c.execute('pragma quick_check').fetchone()[0]); c.close()"

library, choose, seconds = sys.argv[1], random.Random(int(sys.argv[2])), float(sys.argv[3])


def with_library(**more):
    return dict(os.environ, LD_PRELOAD=library, **more)


def write_and_kill():
    writers = []
    for _ in range(choose.choice([1, 1, 2, 3])):
        environment = with_library(SQLPROD_LOG_LEVEL="off") if choose.random() < 0.5 else None
        writers.append(subprocess.Popen([sys.executable, "-c", WRITER, str(choose.randrange(1 << 30))], env=environment))
    time.sleep(choose.uniform(0.15, 0.6) * (1 if os.path.exists("a.db") else 4))
    for writer in writers:
        writer.kill()
        writer.wait()


def read():
    reader = subprocess.run([sys.executable, "-c", READER], env=with_library(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told = "moved" if "not this file's" in reader.stderr else "warned" if "DANGER" in reader.stderr else "silent"
    return reader.stdout.strip(), told


def has_wal():
    return os.path.exists("a.db-wal") and os.path.getsize("a.db-wal") > 0


def remove_database():
    for name in os.listdir("."):
        if name.startswith("a.db"):
            os.unlink(name)


def main():
    own, restored = {"silent": 0, "warned": 0}, {"moved": 0, "warned": 0, "silent": 0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        write_and_kill()
        if not os.path.exists("a.db"):
            continue
        time.sleep(0.005)  # the clock of the files is coarse
        if not os.path.exists("backup.db") or choose.random() < 0.75 or not has_wal():
            os.chmod("a.db", 0o600)
            if choose.random() < 0.3:
                os.utime("a.db")
            checked, told = read()
            if told == "moved" or checked != "ok":
                sys.exit(f"a program's own -wal: {told}, quick_check: {checked}")
            own[told] += 1
            if choose.random() < 0.5 and not has_wal():
                shutil.copy("a.db", "backup.db")
        else:
            shutil.copy("backup.db", "a.db")
            restored[read()[1]] += 1
            remove_database()
            shutil.copy("backup.db", "a.db")
    print(f"own: {own}; restored: {restored}")


with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
    os.chdir(folder)
    main()
