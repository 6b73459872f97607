# A slim image: sh and what is beside it in Debian-slim or Alpine, but no jq, python3 or sqlite3.
load sqlprod

# The tools that POSIX and every such image have.
slim_path() {
	mkdir -p bin
	local tool
	for tool in sh env awk sed grep od tr cat cut head sort stat readlink dirname id mktemp rm chmod wc xargs cmp touch; do
		ln -sf "$(type -P "$tool")" "bin/$tool"
	done
	slim=$PWD/bin
	for tool in jq python3 sqlite3 node getcap; do
		[[ ! -e bin/$tool ]]
	done
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
		[[ $by == library ]] || ln -s "$(PATH=/usr/bin:$PATH type -P "$by" || echo /nowhere)" "$by"
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
