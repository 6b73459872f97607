#!/usr/bin/env bash
# golang_migrate_dirty_in_wal.sh - golang-migrate 4.20.1: in WAL mode a second instance that starts during a migration reports a dirty
# database and asks for it to be forced.
#
# Guessed:  Up() takes a lock first, so that a second instance waits or says that it is locked, as with PostgreSQL. WAL or not is no matter.
# Happens:  with sqlite3 its lock is a variable of the process. With a rollback journal the second instance waits and then has nothing to
#           do, by luck: a migration that changes more than SQLite's page cache holds (2 MB) locks readers out. In WAL mode it reads
#           at once what the first has committed before it began the migration: "Dirty database version 1. Fix and force
#           version.", the same as after a migration that failed.
# Seen:     2026-11-30: rollback journal "second: no change"; WAL "second: Dirty database version 1. Fix and force version.", then both times
#           "first: done", "third: no change".
# Matters:  two replicas that start together, or a restart during a long migration: one does not start, and who does what it says (`migrate
#           force 1`) marks a migration as done that is still running, and with it the next one. WAL brings it about, by hand
#           or by the library: let one instance migrate, and the others start after it.
set -eu
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
export GOMODCACHE="$work/modules" GOFLAGS=-mod=mod CGO_ENABLED=1
# The files of modules are read-only, which is why the trap has a chmod. Compiled packages stay in Go's own cache.
cat >main.go <<'END'
package main

import (
	"fmt"
	"os"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/sqlite3"
	_ "github.com/golang-migrate/migrate/v4/source/file"
)

func main() {
	m, err := migrate.New("file://steps", "sqlite3://app.db")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	os.Stdin.Read(make([]byte, 1))
	if err = m.Up(); err != nil {
		fmt.Println(err)
	} else {
		fmt.Println("done")
	}
}
END
if ! {
	command -v go && go mod init look && go get github.com/golang-migrate/migrate/v4@v4.20.1 github.com/mattn/go-sqlite3@v1.14.53 &&
		go mod tidy && go build -o look .
} >/dev/null 2>&1; then
	echo "cannot be had here: Go and its modules"
	exit 77
fi

mkdir steps
cat >steps/1_fill.up.sql <<'END'
CREATE TABLE t(x);
INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT i FROM n;
END
cat >scene.py <<'END'
import sqlite3
import subprocess
import sys
import time

db = sqlite3.connect("app.db", isolation_level=None, timeout=0)
db.execute(f"PRAGMA journal_mode={sys.argv[1]}")

def instance():
    process = subprocess.Popen(["./look"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process

def answer(process):
    return process.communicate("\n")[0].strip()

def is_migrating():
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True

first, second = instance(), instance()
first.stdin.write("\n")
first.stdin.flush()
time.sleep(0.3)
while first.poll() is None and not is_migrating():
    time.sleep(0.05)
print("second:", answer(second))
print("first:", first.communicate()[0].strip())
print("third:", answer(instance()))
END
for mode in DELETE WAL; do
	rm -f app.db*
	echo "$mode"
	python3 scene.py "$mode"
done | tee seen
cat >stated <<'END'
DELETE
second: no change
first: done
third: no change
WAL
second: Dirty database version 1. Fix and force version.
first: done
third: no change
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
