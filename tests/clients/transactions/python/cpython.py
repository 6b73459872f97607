"""CPython's sqlite3, with a BEGIN of the program's own."""

import sqlite3
import sys

from transact import run

connection = sqlite3.connect(sys.argv[1], isolation_level=None)


def transact(change):
    connection.execute("BEGIN")
    try:
        number = change(connection.execute("SELECT n FROM counter WHERE id = 1").fetchone()[0])
        if number is not None:
            connection.execute("UPDATE counter SET n = ? WHERE id = 1", (number,))
        connection.execute("COMMIT")
    except Exception:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


run(transact)
