"""What the victims of inject.py do, each on a database in a certain state: around the first use, where the library itself reads and writes."""

import os
import shutil
import sqlite3

ROWS = 40
CHILDREN = 7


class SchemaChange(int):
    pass


class Scene:
    """lines: the victim's script. transactions: which lines, counted among those that begin with exec, are transactions, and their ids."""

    def __init__(self, name, seed, *parts, hand=True):
        self.name, self.seed = name, seed
        self.parts = parts
        self.hand_made = hand

    def script(self, by_hand):
        lines, transactions = ["open a t.db"], {}
        if by_hand and self.hand_made:
            lines += ["exec a PRAGMA journal_mode=wal", "exec a PRAGMA synchronous=normal"]
        execs = len(lines) - 1
        for part in self.parts:
            if isinstance(part, (int, SchemaChange)):
                transactions[execs] = int(part)
                lines += [schema_change(part) if isinstance(part, SchemaChange) else transaction(part), "exec a ROLLBACK"]
                execs += 2
            else:
                lines.append(part)
                execs += part.startswith("exec ")
        return lines + ["close a"], transactions


def transaction(number):
    return (
        f"exec a BEGIN; INSERT INTO log VALUES({number}, zeroblob(5000)); UPDATE counter SET n=n+1;"
        f" UPDATE filler SET x=randomblob(200) WHERE id%7={number}%7; COMMIT"
    )


def schema_change(number):
    return transaction(number).replace(" UPDATE counter", f" CREATE TABLE new{number}(x); INSERT INTO new{number} VALUES(1); UPDATE counter")


def connect(folder):
    return sqlite3.connect(os.path.join(folder, "t.db"), isolation_level=None)


def rollback(folder):
    db = connect(folder)
    db.executescript(
        f"""PRAGMA journal_mode=delete;
        CREATE TABLE log(id INTEGER PRIMARY KEY, x); CREATE TABLE counter(n INTEGER); INSERT INTO counter VALUES(0);
        CREATE TABLE filler(id INTEGER PRIMARY KEY, x);
        WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n<{ROWS}) INSERT INTO filler SELECT n, randomblob(200) FROM i;
        CREATE TABLE parent(id INTEGER PRIMARY KEY);
        CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES parent ON DELETE CASCADE);
        INSERT INTO parent VALUES(1);
        WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n<{CHILDREN}) INSERT INTO child SELECT n, 1 FROM i;"""
    )
    db.close()


def large_schema(folder):
    """More than fits into a small cache, so that a reader of the schema reads the file again."""
    rollback(folder)
    db = connect(folder)
    for number in range(60):
        db.execute(f"CREATE TABLE t{number}(id INTEGER PRIMARY KEY, parent REFERENCES parent, x DEFAULT '{number:0>900}')")
    db.close()


def wal(folder):
    rollback(folder)
    db = connect(folder)
    db.execute("PRAGMA journal_mode=wal").fetchall()
    db.close()


# Its cache is small, so that it is written before it ends. In one piece: Python's executescript() would commit in between.
UNFINISHED = """PRAGMA cache_size=2; PRAGMA cache_spill=1; BEGIN; UPDATE filler SET x=randomblob(900); UPDATE counter SET n=99;
    INSERT INTO log SELECT id+1000, zeroblob(900) FROM filler"""


def copied_in_the_middle(folder, prepare, middle):
    """What a killed process leaves: the files as they are in the middle of what it does."""
    prepare(folder)
    db = connect(folder)
    middle(db)
    kept = folder + ".kept"
    shutil.copytree(folder, kept)
    db.execute("ROLLBACK") if db.in_transaction else None
    db.close()
    shutil.rmtree(folder)
    os.rename(kept, folder)
    for name in os.listdir(folder):
        if name.endswith("-shm"):
            os.unlink(os.path.join(folder, name))


def hot_journal(folder):
    def middle(db):
        db.executescript(UNFINISHED)

    copied_in_the_middle(folder, rollback, middle)
    assert os.path.getsize(os.path.join(folder, "t.db-journal")) > 512


def left_wal(folder):
    """A WAL with frames in it that were committed, and some that were not."""

    def middle(db):
        db.executescript("PRAGMA wal_autocheckpoint=0; BEGIN; UPDATE filler SET x=randomblob(300); COMMIT")
        db.executescript(UNFINISHED)

    copied_in_the_middle(folder, wal, middle)
    assert os.path.getsize(os.path.join(folder, "t.db-wal")) > 4096


SCENES = [
    Scene("the first use of a rollback database", rollback, 1, 2),
    Scene("a read before the first write", rollback, "exec a SELECT count(*) FROM filler", 1),
    Scene("a hot journal", hot_journal, 1, 2),
    Scene("a WAL that a killed process left", left_wal, 1, 2),
    Scene("checkpoints", wal, "exec a PRAGMA wal_autocheckpoint=1", 1, 2, "exec a PRAGMA wal_checkpoint(TRUNCATE)", 3),
    Scene("VACUUM", rollback, 1, "exec a VACUUM", 2),
    Scene("DROP TABLE of a parent", rollback, 1, "exec a DROP TABLE parent", 2),
    Scene(
        "a table rebuilt by ALTER RENAME",
        rollback,
        "exec a BEGIN; ALTER TABLE parent RENAME TO old; CREATE TABLE parent(id INTEGER PRIMARY KEY, y);"
        " INSERT INTO parent(id) SELECT id FROM old; DROP TABLE old; COMMIT",
        "exec a ROLLBACK",
        1,
    ),
    Scene("back to a rollback journal", wal, 1, "exec a PRAGMA journal_mode=delete", 2, hand=False),
    Scene(
        "transactions that change a large schema",
        large_schema,
        "exec a PRAGMA cache_size=1",
        "exec a PRAGMA mmap_size=0",
        1,
        SchemaChange(2),
        3,
        SchemaChange(4),
    ),
    Scene("REPLACE of a parent", rollback, 1, "exec a REPLACE INTO parent VALUES(1)", "exec a INSERT OR REPLACE INTO parent SELECT 1", 2),
    Scene(
        "transactions larger than the cache",
        wal,
        "exec a PRAGMA cache_size=2",
        "exec a PRAGMA cache_spill=1",
        1,
        "exec a BEGIN; UPDATE filler SET x=randomblob(900); SELECT sum(length(x)) FROM filler; ROLLBACK",
        2,
        "exec a PRAGMA wal_checkpoint(TRUNCATE)",
        3,
    ),
    Scene("two connections", rollback, 1, "open b t.db", "exec b SELECT count(*) FROM filler", 2, "close b", 3),
]


def check(folder, acknowledged, attempted):
    """What is wrong with the database, as text; None if all is well."""
    db = connect(folder)
    try:
        integrity = db.execute("PRAGMA integrity_check").fetchall()
        if integrity != [("ok",)]:
            return f"integrity: {integrity[:3]}"
        there = {row[0] for row in db.execute("SELECT id FROM log")}
        counted = db.execute("SELECT n FROM counter").fetchone()[0]
        filler = db.execute("SELECT count(*) FROM filler").fetchone()[0]
        children = db.execute("SELECT count(*) FROM child WHERE parent=1").fetchone()[0]
    except sqlite3.Error as error:
        return f"cannot be read: {error}"
    finally:
        db.close()
    if acknowledged - there:
        return f"lost: {sorted(acknowledged - there)}"
    if there - attempted:
        return f"never written: {sorted(there - attempted)}"
    if counted != len(there):
        return f"counter {counted}, rows {len(there)}"
    if filler != ROWS or children != CHILDREN:
        return f"{filler} rows of filler, {children} children"
    return None
