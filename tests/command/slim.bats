# A slim image: sh and what is beside it in Debian-slim or Alpine, but no jq, python3 or sqlite3.
load sqlprod

# The tools that POSIX and every such image have.
slim_path() {
	mkdir -p bin
	local tool
	for tool in sh env awk sed grep od tr cat cut head sort stat readlink dirname id mktemp rm chmod chown chgrp wc xargs cmp touch cp mv ln date paste sync sleep; do
		ln -sf "$(type -P "$tool")" "bin/$tool"
	done
	slim=$PWD/bin
	for tool in jq python3 sqlite3 node getcap; do
		[[ ! -e bin/$tool ]]
	done
}

# link_tool NAME - as the only one in a folder of its name; of python3 the system's, as another may be a script that picks one.
link_tool() {
	local path=$PATH
	[[ $1 != python3 ]] || path=/usr/bin:$PATH
	ln -s "$(PATH=$path type -P "$1" || echo /nowhere)" "$1"
}

run_slim() {
	local expected=$1
	shift
	run_app "$expected" env PATH="$slim" "$@"
}

@test "run, check and settings need nothing but the shell and the library" {
	slim_path
	run_slim 0 "$sqlprod" "$build/programs/victim" 'open a a.db' 'exec a CREATE TABLE t(a)' 'close a'
	run_slim 0 "$sqlprod" settings
	[[ $(cut -f 1 <<<"$output" | head -n 1) == SQLPROD_JOURNAL_MODE ]]
	run_slim 0 "$sqlprod" check -- "$build/programs/victim" 'open a a.db' 'exec a BEGIN' 'exec a SELECT * FROM t' 'exec a COMMIT' 'close a'
	[[ $(records connection 4) == "$PWD/a.db" && $(records begins 2 3) == 'rewritten 1' && $(records verdict 2) == whole ]]
	run_slim 0 "$sqlprod" check --json -- "$build/programs/victim" 'open a a.db' 'exec a SELECT * FROM t' 'close a'
	jq -e '.verdict == "whole" and (.connections | length) == 1' <<<"$output"
	run_slim 3 "$sqlprod" check -- sh -c :
	run_slim 0 "$sqlprod" check --json a.db
	jq -e '.journal_mode == "wal" and .page_size == 4096' <<<"$output"
	run_slim 0 "$sqlprod" check --integrity a.db
	[[ $(records integrity 2) == ok ]]
}

@test "revert works by the library and libsqlite3" {
	slim_path
	make_wal a.db
	run_slim 0 "$sqlprod" revert a.db
	expect 'a.db: uses a rollback journal now'
	expect_quiet
	[[ $(observer query a.db 'PRAGMA journal_mode') == delete && $(observer query a.db 'SELECT a FROM t') == 1 ]]
	make_wal b.db
	start_plain holder sqlite3 b.db 'BEGIN IMMEDIATE' '.shell touch ready' '.shell sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	run_slim 8 "$sqlprod" revert b.db
	expect_refused 'b.db: in use by another connection; *'
}

@test "backup and restore work by the library and libsqlite3" {
	slim_path
	make_wal a.db
	start_plain writer victim 'open a a.db' 'exec a INSERT INTO t VALUES (2)' 'sh touch ready' 'sh sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	run_slim 0 "$sqlprod" backup a.db b.db
	[[ $output == 'b.db: a copy of '*' bytes, integrity_check ok' ]]
	expect_quiet
	[[ $(ls b.db*) == b.db && $(outside_pragma b.db journal_mode) == delete && $(observer query b.db 'SELECT sum(a) FROM t') == 3 ]]
	run_slim 8 "$sqlprod" restore b.db a.db
	kill -KILL -- "-$started"
	wait "$started" || true
	observer query a.db 'INSERT INTO t VALUES (4)'
	run_slim 0 "$sqlprod" restore b.db a.db
	[[ $output == 'a.db: restored, integrity_check ok; what was there is '* ]]
	[[ $(observer query a.db 'SELECT sum(a) FROM t') == 3 ]]
	head -c 8192 /dev/urandom >bad.db
	printf 'SQLite format 3\0' | dd of=bad.db conv=notrunc status=none
	run_slim any "$sqlprod" backup bad.db c.db
	[[ $status -eq 6 || $status -eq 9 ]]
	[[ ! -e c.db ]]
}

@test "a database in use is copied as it is at one moment, by the library, Python and Node" {
	sqlite3 a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(a); CREATE TABLE u(a); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 20000)
		INSERT INTO t SELECT randomblob(200) FROM n; INSERT INTO u SELECT * FROM t' >/dev/null
	start_plain writer sh -c 'while :; do sqlite3 -cmd ".timeout 5000" a.db "BEGIN IMMEDIATE; INSERT INTO t VALUES (1); INSERT INTO u VALUES (1); COMMIT"; done'
	slim_path
	copy() {
		run_app any env PATH="$slim:$PWD/$1" SQLPROD=off sh -c 'sqlprod_parts=$1 sqlprod_library=$2; . "$1/records.sh"; . "$1/database.sh"; . "$1/copy.sh"
			[ "$3" = library ] || database_libsqlite() { :; }
			copy_run "$4" "$5"' sh "${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")" "$library" "$1" "$PWD/${2:-a.db}" "$PWD/$1.db"
	}
	for by in library python3 node; do
		mkdir "$by"
		[[ $by == library ]] || link_tool "$by"
		[[ $by != node ]] || node -e 'process.exit(require("node:sqlite").backup ? 0 : 1)' 2>/dev/null || continue
		copy "$by"
		[[ $status -eq 0 ]]
		expect_quiet
		[[ $(observer query "$by.db" 'SELECT (SELECT count(*) FROM t) = (SELECT count(*) FROM u) AND (SELECT count(*) FROM t) >= 20000') == 1 ]]
		head -c 8192 /dev/urandom >bad.db
		copy "$by" bad.db
		[[ $status -ne 0 && $stderr == *rror*'not a database'* ]]
	done
}

@test "a database is asked the same by the shell, the library, Python and Node" {
	make_wal a.db
	sql='PRAGMA page_size; SELECT 1, NULL, 2.5; PRAGMA journal_mode; PRAGMA integrity_check;'
	ask() {
		run_app any env PATH="$slim${2:+:$PWD/$2}" SQLPROD=off sh -c 'sqlprod_parts=$1 sqlprod_library=$2; . "$1/records.sh"; . "$1/database.sh"
			[ "$3" = library ] || database_libsqlite() { :; }
			database_ask "$4" "$5"' sh "${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")" "$library" "$1" "$PWD/a.db" "$3"
	}
	for by in sqlite3 python3 node library; do
		mkdir "$by"
		[[ $by == library ]] || link_tool "$by"
	done
	slim_path
	for by in sqlite3 library python3 node; do
		[[ $by != node ]] || node -e 'require("node:sqlite")' 2>/dev/null || continue
		ask "$by" "$by" "$sql"
		expect $'4096\n1||2.5\nwal\nok'
		ask "$by" "$by" 'SELECT nowhere'
		[[ $status -ne 0 && $stderr == *rror*'no such column: nowhere'* ]]
	done
}

@test "what none of them can do is told in one line" {
	slim_path
	make_wal a.db
	cp "${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")/database.sh" .
	run_slim 12 sh -c 'fail() { echo "sqlprod: $2" >&2; exit "$1"; }; . ./database.sh; database_libsqlite() { :; }; database_tool_require'
	expect_refused 'sqlite3 is required for this and is not installed, nor are libsqlite3.so.0, python3 or node'
}
