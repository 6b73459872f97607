"""writer.py DATABASE - writes a row for each line of its input, and says "written" or "locked"."""

import sqlite3
import sys

connection = sqlite3.connect(sys.argv[1], timeout=1, isolation_level=None)
connection.execute("SELECT n FROM counter").fetchone()
print("ready", flush=True)
for _ in sys.stdin:
    try:
        connection.execute("INSERT INTO note(text) VALUES('by the writer')")
        print("written", flush=True)
    except sqlite3.OperationalError:
        print("locked", flush=True)
