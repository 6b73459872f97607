#!/usr/bin/env bash
# persist_queue_hands_out_twice.sh - persist-queue 1.1.0: two processes on one SQLiteQueue get the same items.
#
# Guessed:  a queue in an SQLite file, in WAL mode, hands each item to one consumer, whether that is a thread or a process: SQLite's write
#           lock sees to it.
# Happens:  get() reads the first item and then deletes it, or marks it in SQLiteAckQueue, in two transactions; only a lock of threads lies
#           around them, and nobody looks whether the second one found the item. Two processes that empty a queue get some of
#           the items both, without an error.
# Seen:     2026-11-30, 1500 items: "SQLiteQueue: all items handed out: True, some twice: True", SQLiteAckQueue the same (of 300 items 3 to 8
#           went out twice in each of six tries).
# Matters:  two workers of one service send the same mail and charge the same card. No lock, busy timeout or BEGIN IMMEDIATE of the
#           library's helps: each of the two transactions is right by itself. One process for each queue.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install persist-queue==1.1.0; } >/dev/null 2>&1 || {
	echo "cannot be had here: persist-queue 1.1.0"
	exit 77
}

cat >look.py <<'END'
import subprocess
import sys
import persistqueue

WORKER = """
import sys
import persistqueue
queue = getattr(persistqueue, sys.argv[1])(sys.argv[1], auto_commit=True)
print("ready", flush=True)
sys.stdin.readline()
while True:
    try:
        print(queue.get(block=False))
    except persistqueue.Empty:
        break
"""
for kind in "SQLiteQueue", "SQLiteAckQueue":
    queue = getattr(persistqueue, kind)(kind, auto_commit=True)
    for item in range(1500):
        queue.put(item)
    queue.close()
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    items = [item for worker in workers for item in worker.communicate()[0].split()]
    print(f"{kind}: all items handed out: {len(set(items)) == 1500}, some twice: {len(items) > len(set(items))}")
END
v/bin/python look.py | tee seen
cat >stated <<'END'
SQLiteQueue: all items handed out: True, some twice: True
SQLiteAckQueue: all items handed out: True, some twice: True
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
