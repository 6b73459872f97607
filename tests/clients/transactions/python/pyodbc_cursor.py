"""pyodbc with Debian's driver for SQLite: autocommit is off unless one asks for it."""

import sys

import pyodbc

from transact import run

connection = pyodbc.connect(f"Driver={{SQLite3}};Database={sys.argv[1]}")


def transact(change):
    cursor = connection.cursor()
    try:
        number = change(cursor.execute("SELECT n FROM counter WHERE id = 1").fetchone()[0])
        if number is not None:
            cursor.execute("UPDATE counter SET n = ? WHERE id = 1", number)
        connection.commit()
    except Exception:
        connection.rollback()
        raise
    finally:
        cursor.close()


run(transact)
