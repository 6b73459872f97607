"""The pysqlite3-binary wheel, which carries SQLite, with its defaults and a BEGIN of the program's own."""

import importlib.metadata
import sys

import pysqlite3
from protocol import wait_and_show

connection = pysqlite3.connect(sys.argv[1])
connection.execute("CREATE TABLE IF NOT EXISTS t(a)")
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM t").fetchone()
wait_and_show(importlib.metadata.version("pysqlite3-binary"), lambda sql: connection.execute(sql).fetchone()[0])
connection.commit()
connection.close()
