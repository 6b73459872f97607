#!/usr/bin/env bash
# diskcache_fanout_drops_writes.sh - diskcache 5.6.3: FanoutCache.set() beside a writer stores nothing and raises nothing.
#
# Guessed:  a write that finds the database locked raises Timeout, as diskcache.Cache does.
# Happens:  FanoutCache waits 10 ms in all, then answers False; cache[key] = value retries without end instead.
# Seen:     2026-11-28: "Cache.set: Timeout", "FanoutCache.set: False", "value: None"; each within 0.5 s.
# Matters:  a session or a rate limit kept there is lost under load and no log shows it. And a busy timeout raised from
#           outside turns the 10 ms, which are meant, into a request that waits for that long.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install diskcache==5.6.3; } >/dev/null 2>&1 || {
	echo "cannot be had here: diskcache 5.6.3"
	exit 77
}

cat >look.py <<'END'
import os
import sqlite3
import time
import diskcache

def attempt(name, cache, file):
    holder = sqlite3.connect(os.path.join(name, file), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    try:
        print("%s.set: %s" % (name, cache.set("session", "alice")))
    except diskcache.Timeout:
        print("%s.set: Timeout" % name)
    print("within 0.5 s:", time.monotonic() - start < 0.5)
    holder.execute("COMMIT")
    print("value:", cache.get("session"))

attempt("Cache", diskcache.Cache("Cache", timeout=0.01), "cache.db")
attempt("FanoutCache", diskcache.FanoutCache("FanoutCache", shards=1), os.path.join("000", "cache.db"))
END
cat >stated <<'END'
Cache.set: Timeout
within 0.5 s: True
value: None
FanoutCache.set: False
within 0.5 s: True
value: None
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
