#!/usr/bin/env bash
# bun_cuts_divisions.sh - Go, uptrace/bun 1.3.0: a float64 that is whole reaches SQLite as an integer, and divisions by it cut.
#
# Guessed:  a float64 is a real in the query, as database/sql binds it: hits / 100.0 of 30 hits is 0.3.
# Happens:  bun writes its arguments into the SQL itself, and a float64 without its point: 100.0 as 100. Where both sides are integers SQLite
#           cuts the quotient: hits / ? is 0 for every page, and it depends on the value: with 100.5 it is right. What is stored in a
#           column without a type, or in JSON, is an integer as well.
# Seen:     2026-11-30: "pages over 20 %: 0" with bun, 2 by database/sql, with 100.5 2 by both; "share of 30 hits: 0 (integer)" and
#           "0.3 (real)"; "price of 199 * 1.0 / 2.0: 99" and 99.5.
# Matters:  quotas, averages and prices that are too low whenever a divisor happens to be whole, without an error; PostgreSQL does the same
#           with such SQL, so it is no matter of the dialect. CAST(? AS REAL), or hits * 1.0 / ?.
set -eu
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
export GOMODCACHE="$work/modules" GOFLAGS=-mod=mod CGO_ENABLED=1
# The files of modules are read-only, which is why the trap has a chmod. Compiled packages stay in Go's own cache.
if ! {
	command -v go && go mod init look &&
		go get github.com/mattn/go-sqlite3@v1.14.53 github.com/uptrace/bun@v1.3.0 github.com/uptrace/bun/dialect/sqlitedialect@v1.3.0
} >/dev/null 2>&1; then
	echo "cannot be had here: Go and its modules"
	exit 77
fi

cat >main.go <<'END'
package main

import (
	"context"
	"database/sql"
	"fmt"

	_ "github.com/mattn/go-sqlite3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

func show(what string, over, overHalf int, share any, kind string, price any) {
	fmt.Printf("%s: pages over 20 %%: %d, of 100.5: %d; share of 30 hits: %v (%s); price of 199 * 1.0 / 2.0: %v\n",
		what, over, overHalf, share, kind, price)
}

func main() {
	plain, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		panic(err)
	}
	plain.SetMaxOpenConns(1)
	if _, err = plain.Exec(`CREATE TABLE page(name TEXT, hits INTEGER); INSERT INTO page VALUES ('a', 30), ('b', 70);
		CREATE TABLE item(price NUMERIC); INSERT INTO item VALUES (199)`); err != nil {
		panic(err)
	}
	db := bun.NewDB(plain, sqlitedialect.New())
	ctx := context.Background()
	var over, overHalf int
	var share, price any
	var kind string
	count := func(total float64) (n int) {
		if err := db.NewSelect().TableExpr("page").ColumnExpr("count(*)").Where("hits / ? > ?", total, 0.2).Scan(ctx, &n); err != nil {
			panic(err)
		}
		return
	}
	over, overHalf = count(100.0), count(100.5)
	db.NewRaw("SELECT hits / ?, typeof(hits / ?) FROM page WHERE name = 'a'", 100.0, 100.0).Scan(ctx, &share, &kind)
	db.NewUpdate().TableExpr("item").Set("price = price * ? / ?", 1.0, 2.0).Where("1 = 1").Exec(ctx)
	plain.QueryRow("SELECT price FROM item").Scan(&price)
	show("bun", over, overHalf, share, kind, price)

	plain.Exec("UPDATE item SET price = 199")
	plain.QueryRow("SELECT count(*) FROM page WHERE hits / ? > ?", 100.0, 0.2).Scan(&over)
	plain.QueryRow("SELECT count(*) FROM page WHERE hits / ? > ?", 100.5, 0.2).Scan(&overHalf)
	plain.QueryRow("SELECT hits / ?, typeof(hits / ?) FROM page WHERE name = 'a'", 100.0, 100.0).Scan(&share, &kind)
	plain.Exec("UPDATE item SET price = price * ? / ?", 1.0, 2.0)
	plain.QueryRow("SELECT price FROM item").Scan(&price)
	show("database/sql", over, overHalf, share, kind, price)
}
END
go build -o look . 2>errors || {
	cat errors
	exit 77
}
./look | tee seen
cat >stated <<'END'
bun: pages over 20 %: 0, of 100.5: 2; share of 30 hits: 0 (integer); price of 199 * 1.0 / 2.0: 99
database/sql: pages over 20 %: 2, of 100.5: 2; share of 30 hits: 0.3 (real); price of 199 * 1.0 / 2.0: 99.5
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
