# Statements of an embedded copy whose ends are not seen: on a connection that has its settings, where the operator wants nothing that
# has to be done at once. Built by make embedded-programs.
load ../harness/harness

victim=$build/embedded/victim_gcc_O2

# of_report KEY… - the last connection's.
of_report() {
	report "$scratch/report.json" "$@" | tail -n 1
}

setup_database() {
	rm -f ./*
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)'
}

@test "in an embedded copy a program's PRAGMA is the program's decision, also as the last statement" {
	script=('open a t.db' 'exec a SELECT x FROM t' 'exec a PRAGMA synchronous=OFF' 'exec a INSERT INTO t VALUES(2)' 'exec a PRAGMA synchronous'
		'prepare a s v2 -1 PRAGMA cache_size=-333' 'step s' 'finalize s' 'close a')
	setup_database
	run_plain "$victim" "${script[@]}"
	wanted=$output
	setup_database
	SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect "$wanted"
	[[ $(of_report settings synchronous decided_by) == program && $(of_report settings cache_size decided_by) == program ]]
}

@test "in an embedded copy the operator's values come back after a program's PRAGMA" {
	script=('open a t.db' 'exec a SELECT x FROM t' 'exec a PRAGMA synchronous=OFF' 'exec a PRAGMA cache_size=-333' 'exec a PRAGMA journal_mode=DELETE'
		'exec a PRAGMA synchronous' 'exec a PRAGMA cache_size' 'exec a PRAGMA journal_mode' 'close a')
	setup_database
	run_plain "$victim" "${script[@]}"
	expect $'open 0\n1\nexec 0\nexec 0\nexec 0\ndelete\nexec 0\n0\nexec 0\n-333\nexec 0\ndelete\nexec 0\nclose 0'
	for mode in delete wal; do
		setup_database
		[[ $mode == delete ]] || export SQLPROD_JOURNAL_MODE=$mode
		SQLPROD_SYNCHRONOUS=full SQLPROD_CACHE_SIZE=-444 run_shim "$victim" "${script[@]}"
		expect $'open 0\n1\nexec 0\nexec 0\nexec 0\ndelete\nexec 0\n2\nexec 0\n-444\nexec 0\n'"$mode"$'\nexec 0\nclose 0'
	done
}

@test "in an embedded copy CREATE INDEX and VACUUM leave temp_store and mmap_size as they were" {
	setup_database
	run_shim "$victim" 'open a t.db' 'exec a SELECT x FROM t' 'exec a CREATE INDEX i ON t(x)' 'exec a PRAGMA temp_store' 'exec a VACUUM' \
		'exec a PRAGMA mmap_size' 'exec a PRAGMA temp_store' 'close a'
	expect $'open 0\n1\nexec 0\nexec 0\n2\nexec 0\nexec 0\n134217728\nexec 0\n2\nexec 0\nclose 0'
	# TEMP tables stay: SQLite drops them if temp_store changes
	setup_database
	run_shim "$victim" 'open a t.db' 'exec a SELECT x FROM t; CREATE TEMP TABLE p(x); INSERT INTO p VALUES(7)' 'exec a CREATE INDEX i ON t(x)' \
		'exec a PRAGMA temp_store=2' 'exec a SELECT x FROM p' 'close a'
	expect $'open 0\n1\nexec 0\nexec 0\nexec 0\n7\nexec 0\nclose 0'
}

@test "in an embedded copy each BEGIN reserves the database at its first read, prepared once or again" {
	reserved() {
		report "$scratch/report.json" transactions reserved | tail -n 1
	}
	setup_database
	SQLPROD_REPORT=$scratch/report.json run_shim "$victim" 'open a t.db' 'exec a SELECT x FROM t' 'exec a BEGIN' 'exec a SELECT x FROM t' \
		'exec a UPDATE t SET x=2' 'exec a COMMIT' 'prepare a b v2 -1 BEGIN' 'step b' 'exec a SELECT x FROM t' 'exec a UPDATE t SET x=3' 'exec a COMMIT' \
		'reset b' 'step b' 'exec a SELECT x FROM t' 'exec a UPDATE t SET x=4' 'exec a COMMIT' 'exec a /* so */ BEGIN' 'exec a SELECT x FROM t' \
		'exec a UPDATE t SET x=5' 'exec a COMMIT' 'finalize b' 'close a'
	[[ $(reserved) == 4 ]] || fail "$(cat "$scratch/report.json")"
}

@test "in an embedded copy a timeout that a program sets between two statements is raised, and a busy handler stays" {
	setup_database
	run_shim "$victim" 'open a t.db' 'exec a SELECT x FROM t' 'busy_timeout a 5' 'exec a SELECT x FROM t' 'exec a PRAGMA busy_timeout' \
		'busy_handler a on' 'exec a SELECT x FROM t' 'exec a PRAGMA busy_timeout' 'close a'
	expect $'open 0\n1\nexec 0\nbusy_timeout 0\n1\nexec 0\n30000\nexec 0\nbusy_handler 0\n1\nexec 0\n0\nexec 0\nclose 0'
}

@test "in an embedded copy a timeout as long as the recipe's is the program's, and is waited for beside another connection of the thread" {
	script=('open a t.db' 'open b t.db' 'busy_timeout b 30000' 'exec b SELECT x FROM t' 'exec a BEGIN IMMEDIATE' 'exec b INSERT INTO t VALUES(2)')
	for run in run_plain run_shim; do
		setup_database
		"$run" sh -c 'timeout 2 "$0" "$@" || [ $? -eq 124 ]' "$victim" "${script[@]}"
		expect $'open 0\nopen 0\nbusy_timeout 0\n1\nexec 0\nexec 0'
	done
	SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]:1:3}" 'close b'
	[[ $(of_report settings busy_timeout decided_by) == program ]]
}

@test "in an embedded copy a trace callback of the program's sees starts and ends of its statements" {
	setup_database
	run_plain "$victim" 'open a t.db' 'exec a SELECT x FROM t' 'trace a' 'exec a SELECT x FROM t' 'exec a PRAGMA cache_size=-9' 'exec a SELECT x FROM t' 'close a'
	wanted=$output
	setup_database
	run_shim "$victim" 'open a t.db' 'exec a SELECT x FROM t' 'trace a' 'exec a SELECT x FROM t' 'exec a PRAGMA cache_size=-9' 'exec a SELECT x FROM t' 'close a'
	expect "$wanted"
}

# A transaction that writes, in which a statement has run inside of another one: SQLite shows no more of them until it ends.
nests=('open a t.db' 'exec a SELECT x FROM t' 'function a' 'exec a BEGIN' "exec a INSERT INTO t SELECT victim('exec a SELECT x FROM t')"
	"exec a INSERT INTO t SELECT victim('exec a SELECT x FROM t')")

@test "in an embedded copy a PRAGMA, a COMMIT and the next BEGIN are seen after statements that ran inside of others" {
	script=("${nests[@]}" 'exec a PRAGMA cache_size=-333' "exec a INSERT INTO t SELECT victim('exec a SELECT x FROM t')" 'exec a COMMIT' 'exec a BEGIN'
		'exec a SELECT x FROM t' 'exec a UPDATE t SET x=5' 'exec a COMMIT' "exec a INSERT INTO t SELECT victim('exec a SELECT x FROM t')"
		'exec a BEGIN' 'exec a SELECT x FROM t' 'exec a UPDATE t SET x=6' 'exec a ROLLBACK' 'exec a PRAGMA synchronous=OFF' 'close a')
	setup_database
	run_plain "$victim" "${script[@]}"
	wanted=$output
	setup_database
	SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect "$wanted"
	[[ $(of_report transactions reserved) == 3 ]] || fail "$(cat "$scratch/report.json")"
	[[ $(of_report settings synchronous decided_by) == program && $(of_report settings cache_size decided_by) == program ]]
}

@test "in an embedded copy a trace callback that a program sets inside of another statement sees what it would alone" {
	script=("${nests[@]}" "exec a INSERT INTO t SELECT victim('trace a')" "exec a INSERT INTO t SELECT victim('exec a SELECT max(x) FROM t')"
		'exec a COMMIT' 'exec a BEGIN' 'exec a SELECT max(x) FROM t' "exec a INSERT INTO t SELECT victim('exec a SELECT max(x) FROM t')" 'exec a COMMIT' 'close a')
	setup_database
	run_plain "$victim" "${script[@]}"
	wanted=$output
	[[ $wanted == *'trace -- SELECT max(x) FROM t'* ]]
	setup_database
	run_shim "$victim" "${script[@]}"
	expect "$wanted"
}

@test "in an embedded copy temp_store is the recipe's again after statements that ran inside of others" {
	setup_database
	run_shim "$victim" "${nests[@]}" 'exec a PRAGMA temp_store' "exec a INSERT INTO t SELECT victim('exec a SELECT 9')" 'exec a CREATE INDEX i ON t(x)' \
		'exec a COMMIT' 'exec a PRAGMA temp_store' 'close a'
	[[ $(grep -cx 2 <<<"$output") == 2 ]]
}

@test "an embedded copy has no memory left at its last close, also in a process that had more threads" {
	for run in run_plain run_shim; do
		rm -f ./*
		$run "$victim" 'threads 2' 'version' 'end' 'open a t.db' 'exec a CREATE TABLE t(x)' 'close a' 'memory'
		[[ $output == *$'\nclose 0\nmemory unused' ]] || fail "$run"
	done
}
