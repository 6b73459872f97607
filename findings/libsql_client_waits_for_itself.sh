#!/usr/bin/env bash
# libsql_client_waits_for_itself.sh - @libsql/client 0.18.0 on a file: a write waits for the client's own transaction, and stops the whole process
# meanwhile; PRAGMA by execute() is of one connection of twenty.
#
# Guessed:  a client is one connection, as the local client was: a write beside an open transaction("write") is queued until that one ends,
#           and PRAGMA foreign_keys=OFF or busy_timeout=5000 that was executed is in force.
# Happens:  since 0.18 it has a pool of up to 20 connections. The write gets one of its own and meets the client's own lock: without
#           `timeout` it is SQLITE_BUSY at once. With it SQLite waits in JavaScript's only thread, in which the transaction would have to
#           commit: no timer, no request, no commit until the time is over, and SQLITE_BUSY all the same. What execute("PRAGMA ...") sets
#           is set on the connection that happened to be idle; execute("BEGIN") is rolled back when execute() returns.
# Seen:     2026-11-30: "timeout 0: SQLITE_BUSY at once, timers ran: false", "timeout 2000: SQLITE_BUSY after 2 s, timers ran: false";
#           cache_size of four queries at once: "-9999 -2000 -2000 -2000"; "BEGIN, INSERT, ROLLBACK: 1 row".
# Matters:  two requests of one server that overlap are enough, and the longer the busy timeout, the longer nobody is served: with the
#           library's floor the whole server stands still for 30 s, where it had one error at once. SQLPROD_BUSY_TIMEOUT=keep for such a
#           program; write by batch(), which awaits nothing between BEGIN and COMMIT, or one after another.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts @libsql/client@0.18.0 libsql@0.5.29 >/dev/null 2>&1 || {
	echo "cannot be had here: @libsql/client 0.18.0"
	exit 77
}

cat >look.mjs <<'END'
import { createClient } from "@libsql/client";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
for (const timeout of [0, 2000]) {
	const client = createClient({ url: `file:app_${timeout}.db`, timeout });
	await client.execute("CREATE TABLE t(x)");
	const transaction = await client.transaction("write");
	await transaction.execute("INSERT INTO t VALUES (1)");
	let ticks = 0;
	const ticker = setInterval(() => ticks++, 20);
	const begun = Date.now();
	const write = client.execute("INSERT INTO t VALUES (2)").then(() => "written", (error) => error.code);
	const committed = pause(100).then(() => transaction.commit());
	const outcome = await write;
	const seconds = Math.round((Date.now() - begun) / 1000);
	const when = timeout && seconds >= timeout / 1000 ? `after ${timeout / 1000} s` : "at once";
	console.log(`timeout ${timeout}: ${outcome} ${when}, timers ran: ${ticks > 2}`);
	await committed;
	clearInterval(ticker);
	client.close();
}
const client = createClient({ url: "file:app.db" });
await client.execute("CREATE TABLE t(x)");
await client.execute("PRAGMA cache_size=-9999");
const seen = await Promise.all([1, 2, 3, 4].map(() => client.execute("PRAGMA cache_size")));
console.log("cache_size of four queries at once:", ...seen.map((set) => set.rows[0][0]));
await client.execute("BEGIN");
await client.execute("INSERT INTO t VALUES (1)");
await client.execute("ROLLBACK").catch((error) => console.log("ROLLBACK:", error.message));
console.log("BEGIN, INSERT, ROLLBACK:", (await client.execute("SELECT count(*) FROM t")).rows[0][0], "row");
END
node look.mjs | tee seen
cat >stated <<'END'
timeout 0: SQLITE_BUSY at once, timers ran: false
timeout 2000: SQLITE_BUSY after 2 s, timers ran: false
cache_size of four queries at once: -9999 -2000 -2000 -2000
ROLLBACK: SQLITE_ERROR: cannot rollback - no transaction is active
BEGIN, INSERT, ROLLBACK: 1 row
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
