"""The APSW wheel, which carries SQLite: a transaction by "with", which spells out DEFERRED; or by another WAY.

plain: a BEGIN of the program's own. timeout: the same after a timeout of its own. handler: the same with a busy handler."""

import sys

import apsw
from protocol import wait_and_show

way = sys.argv[2] if len(sys.argv) > 2 else "with"
connection = apsw.Connection(sys.argv[1])
if way == "timeout":
    connection.set_busy_timeout(5000)
elif way == "handler":
    connection.set_busy_handler(lambda attempts: attempts < 3)


def ask(sql):
    return connection.execute(sql).fetchone()[0]


def read_and_wait():
    ask("SELECT count(*) FROM t")
    wait_and_show(apsw.apsw_version(), ask)


connection.execute("CREATE TABLE IF NOT EXISTS t(a)")
if way == "with":
    with connection:
        read_and_wait()
else:
    connection.execute("BEGIN")
    read_and_wait()
    connection.execute("COMMIT")
connection.close()
