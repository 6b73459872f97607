"""The sqlite3 module of the standard library, with its defaults and a BEGIN of the program's own."""

import platform
import sqlite3
import sys

from protocol import wait_and_show

connection = sqlite3.connect(sys.argv[1])
connection.execute("CREATE TABLE IF NOT EXISTS t(a)")
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM t").fetchone()
wait_and_show(platform.python_version(), lambda sql: connection.execute(sql).fetchone()[0])
connection.commit()
connection.close()
