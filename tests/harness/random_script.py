"""Prints a made-up program for the victim: random_script.py SEED.

One connection, any order of statements, prepared ones held across others. Left out is what the recipe changes by its nature: the
settings themselves, query_only after a BEGIN was prepared, DETACH inside a transaction, a new page size for a database that is WAL,
rows that foreign keys would refuse or delete."""

import random
import sys

STATEMENTS = """
BEGIN
BEGIN;
begin transaction
BEGIN DEFERRED
BEGIN IMMEDIATE
COMMIT
END
ROLLBACK
SAVEPOINT s
RELEASE s
ROLLBACK TO s
CREATE TABLE IF NOT EXISTS t#(a INTEGER PRIMARY KEY, b)
CREATE TABLE t#(a, b)
CREATE TEMP TABLE IF NOT EXISTS w#(a, b)
CREATE TABLE IF NOT EXISTS u.t#(a, b)
CREATE INDEX IF NOT EXISTS i# ON t#(b)
CREATE TRIGGER IF NOT EXISTS r# AFTER INSERT ON t# BEGIN UPDATE t1 SET b='r'; END
DROP TABLE t#
DROP TABLE IF EXISTS t#
DROP TABLE IF EXISTS w#
DROP TRIGGER IF EXISTS r#
ALTER TABLE t# ADD COLUMN c#
ALTER TABLE t# RENAME TO t#
INSERT INTO t# VALUES(#, 'BEGIN')
INSERT INTO t# VALUES(#, 1) RETURNING a
INSERT INTO u.t# VALUES(#, 1)
INSERT OR REPLACE INTO t# VALUES(#, 3)
REPLACE INTO t# VALUES(#, 2)
WITH w AS (SELECT 1) INSERT INTO t# SELECT NULL, * FROM w
UPDATE t# SET b=b||'x' WHERE a<#
DELETE FROM t# WHERE a=#
SELECT count(*), max(a) FROM t#
SELECT * FROM t#
EXPLAIN QUERY PLAN SELECT * FROM t#
PRAGMA user_version=#
PRAGMA user_version
PRAGMA page_size
PRAGMA foreign_keys=off
PRAGMA foreign_keys=on
PRAGMA table_info(t#)
PRAGMA integrity_check
ATTACH 'u#.db' AS u
VACUUM
REINDEX
ANALYZE
nonsense
-- x
/* x */ ;
""".strip().split("\n")

APIS = "v2 v3 16_v2 16_v3 v2!".split()
QUESTIONS = "changes total_changes rowid autocommit statements".split()


def statement(choose):
    text = choose.choice(STATEMENTS)
    return "".join(str(choose.randrange(4)) if letter == "#" else letter for letter in text)


def statements(choose):
    return "; ".join(statement(choose) for _ in range(choose.randrange(1, 4)))


def script(choose):
    yield "open a t.db"
    prepared = []
    for number in range(60):
        kind = choose.random()
        if kind < 0.5:
            yield "exec a " + statements(choose)
        elif kind < 0.6:
            yield "get_table a " + statements(choose)
        elif kind < 0.75:
            name = f"s{number}"
            prepared.append(name)
            length = choose.choice(["-1", "length", "length+NUL"])
            yield f"prepare a {name} {choose.choice(APIS)} {length} {statements(choose)}"
        elif kind < 0.9 and prepared:
            yield choose.choice(["step ", "step ", "reset "]) + choose.choice(prepared)
        elif prepared:
            yield "finalize " + prepared.pop(choose.randrange(len(prepared)))
        if choose.random() < 0.1:
            yield choose.choice(QUESTIONS) + " a"
    for name in prepared:
        yield "finalize " + name
    yield from ["exec a ROLLBACK", "autocommit a", "statements a", "exec a SELECT name, sql FROM sqlite_schema", "close a"]
    yield from ["open a t.db", "exec a PRAGMA integrity_check", "exec a SELECT count(*) FROM sqlite_schema", "close a"]


print("\n".join(script(random.Random(int(sys.argv[1])))))
