#!/usr/bin/env bash
# go_sqlite_year_one.sh - Go, mattn/go-sqlite3 1.14.53: a time that it cannot read is the year 1, without an error; modernc.org/sqlite writes
# such times.
#
# Guessed:  a TIMESTAMP, DATETIME or DATE column with a text that is no time is an error of Scan, as with time.Time in database/sql anywhere.
# Happens:  it tries some forms and then answers 0001-01-01 and no error, into time.Time, string and any alike. Not among the forms: an
#           offset without a colon or with two digits (+0200, +02: PostgreSQL's), a name of a zone, 10:15, 30.11.2026, an empty text;
#           and what time.Time's String() gives, which is what modernc.org/sqlite 1.62.0 binds by default. An integer beyond
#           10^12 is taken for milliseconds, whatever it is: microseconds of 2025 are the year 1767.
# Seen:     2026-11-30: the year 1, error nil, for "2026-11-30 10:00:00 +0100 CET" (modernc's, tried by hand: it takes minutes to compile)
#           and six other texts of nine; 1764500000000000 is 1767; read and saved again: "0001-01-01 00:00:00+00:00".
# Matters:  a licence that expired 2000 years ago, or a job that is due at once; and a program that loads a row, changes another field and
#           saves it destroys the time for good. IsZero() after each Scan; with modernc _time_format=sqlite in the address.
set -eu
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
export GOMODCACHE="$work/modules" GOFLAGS=-mod=mod CGO_ENABLED=1
# The files of modules are read-only, which is why the trap has a chmod. Compiled packages stay in Go's own cache.
if ! { command -v go && go mod init look && go get github.com/mattn/go-sqlite3@v1.14.53; } >/dev/null 2>&1; then
	echo "cannot be had here: Go and its modules"
	exit 77
fi

cat >main.go <<'END'
package main

import (
	"database/sql"
	"fmt"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

func main() {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1)
	db.Exec("CREATE TABLE licence(id INTEGER PRIMARY KEY, holder TEXT, expires TIMESTAMP)")
	berlin := time.FixedZone("CET", 3600)
	for _, written := range []any{"2026-11-30 10:00:00", "2026-11-30T10:00:00+01:00", time.Date(2026, 11, 30, 10, 0, 0, 0, berlin).String(),
		"2026-11-30 10:00:00 +0000 UTC", "2026-11-30 10:00:00+0100", "2026-11-30 10:00:00+01", "30.11.2026", "10:15", "", 1764500000000, 1764500000000000} {
		db.Exec("REPLACE INTO licence VALUES (1, 'a', ?)", written)
		var at time.Time
		var text string
		err := db.QueryRow("SELECT expires FROM licence").Scan(&at)
		db.QueryRow("SELECT expires FROM licence").Scan(&text)
		fmt.Printf("%v: %s, as string %s, error %v\n", written, at.UTC().Format("2006-01-02 15:04"), text[:10], err)
	}
	db.Exec("REPLACE INTO licence VALUES (1, 'a', '2026-11-30 10:00:00+0100')")
	var holder string
	var expires time.Time
	db.QueryRow("SELECT holder, expires FROM licence").Scan(&holder, &expires)
	db.Exec("UPDATE licence SET holder = ?, expires = ? WHERE id = 1", "b", expires)
	var stored string
	db.QueryRow("SELECT CAST(expires AS TEXT) FROM licence").Scan(&stored)
	fmt.Println("read and saved again:", stored)
}
END
go build -o look . 2>errors || {
	cat errors
	exit 77
}
./look | tee seen
cat >stated <<'END'
2026-11-30 10:00:00: 2026-11-30 10:00, as string 2026-11-30, error <nil>
2026-11-30T10:00:00+01:00: 2026-11-30 09:00, as string 2026-11-30, error <nil>
2026-11-30 10:00:00 +0100 CET: 0001-01-01 00:00, as string 0001-01-01, error <nil>
2026-11-30 10:00:00 +0000 UTC: 0001-01-01 00:00, as string 0001-01-01, error <nil>
2026-11-30 10:00:00+0100: 0001-01-01 00:00, as string 0001-01-01, error <nil>
2026-11-30 10:00:00+01: 0001-01-01 00:00, as string 0001-01-01, error <nil>
30.11.2026: 0001-01-01 00:00, as string 0001-01-01, error <nil>
10:15: 0001-01-01 00:00, as string 0001-01-01, error <nil>
: 0001-01-01 00:00, as string 0001-01-01, error <nil>
1764500000000: 2025-11-30 10:53, as string 2025-11-30, error <nil>
1764500000000000: 1767-08-04 09:35, as string 1767-08-04, error <nil>
read and saved again: 0001-01-01 00:00:00+00:00
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
