#!/usr/bin/env bash
# alembic_batch_forgets.sh - Alembic 1.20.1: batch_alter_table() of one column makes e-mail addresses case-sensitive and gives ids out again.
#
# Guessed:  the table is copied as it was but for the column in question; what cannot be carried over is said in a warning.
# Happens:  the new table is what SQLAlchemy can read from the old one. It reads no COLLATE and no AUTOINCREMENT, and of triggers knows
#           nothing: a UNIQUE e-mail with COLLATE NOCASE lets the same address in twice and is not found in another spelling, the id of
#           a deleted row is given to the next one, and an audit trigger is gone. That an index of an expression is left out is a
#           warning; the rest is not. Named CHECKs, foreign keys with ON DELETE, and partial indexes do come along.
# Seen:     2026-11-30, SQLAlchemy 2.1.9, all made by its own create_all(), one trigger by hand, alter_column("age"): before "found 1",
#           "next id 3", "once more: refused", 1 row in the audit log; after it "0", "2", "inserted", 0.
# Matters:  a second account for one address, logins that fail, and an id whose old invoices and log lines now belong to somebody else, months
#           after a migration that had nothing to do with it. copy_from= keeps collations, not AUTOINCREMENT or triggers.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install alembic==1.20.1 sqlalchemy==2.1.9; } >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.py <<'END'
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

tables = sa.MetaData()
account = sa.Table(
    "account", tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(80, collation="NOCASE"), nullable=False),
    sa.Column("age", sa.Integer),
    sa.UniqueConstraint("email", name="one_email"),
    sa.CheckConstraint("age >= 0", name="no_negative_age"),
    sqlite_autoincrement=True)
audit = sa.Table("audit", tables, sa.Column("account", sa.Integer))

def made(name):
    engine = sa.create_engine(f"sqlite:///{name}.db")
    tables.create_all(engine)
    with engine.begin() as db:
        db.exec_driver_sql("CREATE TRIGGER log AFTER UPDATE ON account BEGIN INSERT INTO audit VALUES (new.id); END")
        db.exec_driver_sql("INSERT INTO account(email, age) VALUES ('ann@example.org', 40), ('bob@example.org', 50)")
        db.exec_driver_sql("DELETE FROM account WHERE id = 2")
    return engine

def look(what, engine):
    def run(sql):
        try:
            with engine.begin() as db:
                done = db.exec_driver_sql(sql)
                return done.scalar() if done.returns_rows else "inserted"
        except sa.exc.IntegrityError:
            return "refused"
    print(what)
    print("  found as Ann@Example.org:", run("SELECT count(*) FROM account WHERE email = 'Ann@Example.org'"))
    print("  the next id:", run("INSERT INTO account(email, age) VALUES ('cy@example.org', 60) RETURNING id"))
    print("  ANN@example.org once more:", run("INSERT INTO account(email, age) VALUES ('ANN@example.org', 40)"))
    print("  a negative age:", run("UPDATE account SET age = -1 WHERE id = 1 RETURNING id"))
    run("UPDATE account SET age = 41 WHERE id = 1")
    print("  rows in the audit log:", run("SELECT count(*) FROM audit"))

look("as it was made", made("before"))
engine = made("after")
with engine.begin() as db:
    operations = Operations(MigrationContext.configure(db))
    with operations.batch_alter_table("account") as batch:
        batch.alter_column("age", existing_type=sa.Integer, nullable=False, server_default="0")
look("after alter_column of the age", engine)
END
v/bin/python look.py | tee seen
cat >stated <<'END'
as it was made
  found as Ann@Example.org: 1
  the next id: 3
  ANN@example.org once more: refused
  a negative age: refused
  rows in the audit log: 1
after alter_column of the age
  found as Ann@Example.org: 0
  the next id: 2
  ANN@example.org once more: inserted
  a negative age: refused
  rows in the audit log: 0
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
