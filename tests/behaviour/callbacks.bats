# The callbacks that a program sets are called for what it does itself, and for nothing else; its waits are its own. Each scene of
# tests/programs/scenes_callbacks.c prints the same with the library as without, interposed ("linked") and as an embedded copy ("found").
load ../harness/harness
load ../harness/scenes

both() {
	twin linked "$@"
	twin found "$@"
}

@test "sqlite3_trace, sqlite3_trace_v2 and sqlite3_profile replace and end each other as in SQLite, and return the old argument" {
	sqlite_has 3014000 || skip "without sqlite3_trace_v2()"
	both trace_order
}

@test "a profile callback that is set before the first use is called for each statement of the program, and for no other" {
	both profiled
	[[ $(grep -c '^called 12' <<<"$output") -eq 2 ]]
}

@test "sqlite3_trace and sqlite3_profile show BEGIN, values, triggers and inner statements as the program wrote them" {
	sqlite_has 3014000 || skip "without sqlite3_trace_v2()"
	both traced_text
	[[ $output == *'trace [BEGIN]'*'trace [INSERT INTO t VALUES(NULL),(2)]'*'profile [BEGIN]'* ]]
}

@test "a progress handler is called for the program's statements, and ends only those" {
	both progress
}

@test "commit, rollback, update and wal hooks are called for what the program does" {
	both hooks
}

@test "a program's wal hook keeps its place under SQLPROD_WAL_AUTOCHECKPOINT" {
	export SQLPROD_WAL_AUTOCHECKPOINT=500
	both hooks
	[[ $output == *'wal 3'* ]]
}

@test "the operator's SQLPROD_WAL_AUTOCHECKPOINT holds where the program has no wal hook" {
	for way in linked found; do
		rm -rf ./*
		SQLPROD_WAL_AUTOCHECKPOINT=7 SQLPROD_REPORT=$scratch/$way.json run_shim scenes "$way" zombie
		[[ $(report "$scratch/$way.json" settings wal_autocheckpoint got) == *7* ]]
	done
}

@test "the program's error log has the program's failures and none of ours" {
	both error_log
	[[ $(grep -c '^logged' <<<"$output") -eq 1 ]]
}

@test "the program's error log has each failure once, and none of a statement that succeeds with foreign keys by recipe" {
	SQLPROD_LOG_LEVEL=off both error_lines
	[[ $(grep -c '^logged' <<<"$output") -eq 10 ]]
}

@test "a PRAGMA busy_timeout that is denied or ignored leaves the program its busy handler, however it is sent" {
	both busy_handler
	[[ $(grep -c 'called 1 times' <<<"$output") -eq 6 ]]
}

@test "the statements of a connection that sqlite3_close_v2 has closed go on running, and are traced" {
	both zombie
	[[ $output == *'step 100 value 1'*'traced 3'* ]]
}

@test "sqlite3_backup_step waits its timeout, soon after another wait and long after" {
	export SQLPROD_BUSY_TIMEOUT=1500
	both backup
	[[ $(grep -cx 'step 101 finish 0' <<<"$output") -eq 2 ]]
}

@test "a connection that sqlite3_deserialize has given an image waits by its own timeout" {
	sqlite_has 3036000 || skip "without sqlite3_deserialize()"
	SQLPROD_BUSY_TIMEOUT=keep both deserialize
}

@test "with PRAGMA empty_result_callbacks sqlite3_exec() calls its callback for each statement without a row" {
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run victim 'open a a.db' 'exec a CREATE TABLE p(i INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE)' \
			'exec a PRAGMA empty_result_callbacks=1' 'exec a INSERT INTO p VALUES(1)' 'exec a REPLACE INTO p VALUES(1)' \
			'exec a BEGIN; DELETE FROM p; COMMIT' 'exec a DROP TABLE c' 'exec a PRAGMA empty_result_callbacks=0' 'exec a INSERT INTO p VALUES(2)'
		expect $'open 0\nexec 0\n\nexec 0\n\nexec 0\n\nexec 0\n\n\n\nexec 0\n\nexec 0\nexec 0\nexec 0'
	done
}
