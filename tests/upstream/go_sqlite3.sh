# go_sqlite3.sh - go-sqlite3's tests against the system's SQLite and with its own inside, with all that its build tags add.
# shellcheck shell=bash disable=SC2154 # home

go_tags=sqlite_column_metadata,sqlite_math_functions,sqlite_preupdate_hook,sqlite_vtable,sqlite_fts5,sqlite_introspect,sqlite_trace,sqlite_foreign_keys

get_go_sqlite3() {
	export CGO_ENABLED=1 GOMODCACHE=$home/modules GOFLAGS='-buildvcs=false -modcacherw'
	cp "$here/../clients/mattn/go."* .
	go test -tags "libsqlite3,$go_tags" -c -o linked github.com/mattn/go-sqlite3
	go test -tags "$go_tags" -c -o bundled github.com/mattn/go-sqlite3
}

fetch() {
	command -v go >/dev/null || "$here/../../scripts/install-packages" suites_go
	once programs get_go_sqlite3
}

version() {
	sed -n 's,.*\(go-sqlite3\) v,\1 ,p' go.mod
}

# Each test in a process of its own: one that is killed takes no other along. TestExecContextCancel skips itself where 1000 commits take
# less than 0.1 s, which with the library they may.
run() {
	local program test
	for program in linked bundled; do
		for test in $("$home/$program" -test.list 'Test' | grep -vx TestExecContextCancel); do
			victim "$home/$program" -test.v -test.run "^$test\$" || echo "fail $program $test"
			sed -nE "s/^ *--- PASS: ([^ ]*) .*/pass $program \1/p; s/^ *--- FAIL: ([^ ]*) .*/fail $program \1/p; s/^ *--- SKIP: ([^ ]*) .*/skip $program \1/p" out
		done
	done
}
