#!/usr/bin/env bash
# go_readonly_transaction_writes.sh - Go, sql.TxOptions{ReadOnly: true}: mattn/go-sqlite3 1.14.53 writes in it.
#
# Guessed:  a driver enforces ReadOnly (PRAGMA query_only), or BeginTx fails: database/sql says that a driver which does
#           not support it must return an error.
# Happens:  mattn accepts the option and forgets it: an INSERT in that transaction is committed. With _txlock=immediate
#           in the address such a transaction takes the write lock at once as well. ncruces/go-sqlite3 0.37.0 refuses
#           the INSERT. (modernc.org/sqlite 1.62.0 does as mattn; tried by hand, it takes minutes to compile.)
# Seen:     2026-11-28: "mattn: INSERT ok, rows 1", "mattn, immediate: another connection: database is locked",
#           "ncruces: INSERT refused, rows 0".
# Matters:  a program that separates readers from writers by this option has only writers; reports serialise with writes, and
#           a reader's mistake reaches the database. Open a second handle with mode=ro for reads.
set -eu
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
export GOMODCACHE="$work/modules" GOFLAGS=-mod=mod CGO_ENABLED=1
# The files of modules are read-only, which is why the trap has a chmod. Compiled packages stay in Go's own cache.
if ! {
	command -v go && go mod init look &&
		go get github.com/mattn/go-sqlite3@v1.14.53 github.com/ncruces/go-sqlite3@v0.37.0
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
	"os"
	"strings"
)

func outcome(err error, bad string) string {
	if err == nil {
		return "ok"
	}
	if strings.Contains(err.Error(), "locked") {
		return "database is locked"
	}
	return bad
}

func main() {
	db, _ := sql.Open("sqlite3", "file:app.db")
	db.Exec("PRAGMA journal_mode=WAL")
	db.Exec("CREATE TABLE t(x)")
	readOnly := &sql.TxOptions{ReadOnly: true}
	tx, err := db.BeginTx(context.Background(), readOnly)
	if err == nil {
		_, err = tx.Exec("INSERT INTO t VALUES (1)")
		tx.Commit()
	}
	var rows int
	db.QueryRow("SELECT count(*) FROM t").Scan(&rows)
	fmt.Printf("%s: INSERT %s, rows %d\n", os.Args[1], outcome(err, "refused"), rows)
	if os.Args[1] != "mattn" {
		return
	}
	immediate, _ := sql.Open("sqlite3", "file:app.db?_txlock=immediate")
	if _, err := immediate.BeginTx(context.Background(), readOnly); err != nil {
		panic(err)
	}
	other, _ := sql.Open("sqlite3", "file:app.db?_busy_timeout=100")
	_, err = other.Exec("INSERT INTO t VALUES (2)")
	fmt.Println("mattn, immediate: another connection:", outcome(err, "refused"))
}
END
driver() {
	printf '//go:build %s\n\npackage main\n\nimport _ "%s"\n' "$1" "$2" >"driver_$1.go"
}
driver mattn github.com/mattn/go-sqlite3
driver ncruces github.com/ncruces/go-sqlite3/driver
for tag in mattn ncruces; do
	go build -trimpath -p 1 -tags "$tag" -o "look_$tag" . || {
		echo "cannot be built here: $tag"
		exit 77
	}
done
{
	./look_mattn mattn
	rm -f app.db*
	./look_ncruces ncruces
} | tee seen
cat >stated <<'END'
mattn: INSERT ok, rows 1
mattn, immediate: another connection: database is locked
ncruces: INSERT refused, rows 0
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
