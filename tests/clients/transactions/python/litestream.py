"""Litestream replicates a database to a folder while another program writes. The path of its binary is in LITESTREAM.

replicate   Litestream and the writer are started apart.
exec        Litestream starts the writer (its option -exec).

The writer makes COUNT transactions, 50 ms apart. "done" is followed by how many were made, failed, the longest in milliseconds, and how
many rows a restored copy has."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

database, scene, count = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
litestream, replica, copy = os.environ["LITESTREAM"], database + ".replica", database + ".copy"


def write():
    done = failed = longest = 0
    connection = sqlite3.connect(database, timeout=2, isolation_level=None)
    for _ in range(count):
        start = time.monotonic()
        try:
            connection.execute("INSERT INTO note(text) VALUES('by the writer')")
            done += 1
        except sqlite3.OperationalError:
            failed += 1
        longest = max(longest, time.monotonic() - start)
        time.sleep(0.05)
    connection.close()
    time.sleep(2)  # it copies once a second
    return f"done {done} failed {failed} longest {round(longest * 1000)}"


def replicate(*options):
    return subprocess.Popen(
        [litestream, "replicate", *options, database, "file://" + replica], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def wait_for_replica(process):
    while not os.path.exists(replica + "/generations"):
        if process.poll() is not None:
            sys.exit("litestream has ended")
        time.sleep(0.05)


def restored():
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run([litestream, "restore", "-o", copy, "file://" + replica], check=True, env=environment,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    connection = sqlite3.connect(copy)
    return connection.execute("SELECT count(*) FROM note").fetchone()[0]


if scene == "write":
    print(write(), flush=True)
    sys.exit()
shutil.rmtree(replica, ignore_errors=True)
if os.path.exists(copy):
    os.unlink(copy)
print("ready", flush=True)
if scene == "replicate":
    process = replicate()
    wait_for_replica(process)
    said = write()
    process.send_signal(signal.SIGINT)
    process.wait()
else:
    process = replicate("-exec", f"{sys.executable} -B {os.path.abspath(__file__)} {database} write {count}")
    said = [line for line in process.stdout.read().splitlines() if line.startswith("done ")][0]
    process.wait()
print(said, "restored", restored())
