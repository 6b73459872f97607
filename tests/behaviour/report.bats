# The log and the report: what was reached, what was set, what was not and why; nothing of the program's data.
load ../harness/harness

setup_report() {
	export SQLPROD_REPORT=$scratch/report.json
}

get() {
	report "$scratch/report.json" "$@"
}

@test "a connection is one line of JSON with program, database and SQLite" {
	setup_report
	run_shim victim 'open a t.db' 'exec a SELECT 1' 'close a'
	[[ $(wc -l <"$scratch/report.json") -eq 1 ]]
	[[ $(get database) == "$PWD/t.db" && $(get program) == *victim && $(get reached) == interposition ]]
	[[ $(get pid) =~ ^[0-9]+$ ]]
	[[ $(get sqlite version) == "$(sqlite_version)" && $(get sqlite library) == */libsqlite3.so* ]]
	expect_quiet
}

@test "a connection of a process killed by a signal has a line with SQLPROD_REPORT_OPEN" {
	export SQLPROD_REPORT=$scratch/report.json
	script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' '_exit 9')
	run_shim 9 victim "${script[@]}"
	[[ ! -s $scratch/report.json ]]
	SQLPROD_REPORT_OPEN=on run_shim 9 victim "${script[@]}"
	[[ $(get open) == true && $(get database) == "$PWD/t.db" && $(get settings journal_mode got) == wal ]]
	rm "$scratch/report.json"
	SQLPROD_REPORT_OPEN=on run_shim victim "${script[@]:0:3}" 'close a' 'open a t.db' 'close a'
	[[ $(get open) == $'true\nfalse\nfalse' && $(get connection) == $'1\n1\n2' && $(get begins_rewritten) == $'0\n1\n0' ]]
}

@test "each setting in the report has wanted, got and who decided" {
	setup_report
	SQLPROD_CACHE_SIZE=-555 run_shim victim 'open a t.db' 'exec a PRAGMA temp_store=1' 'exec a CREATE TABLE t(x)' 'close a'
	[[ $(get settings journal_mode wanted) == wal && $(get settings journal_mode got) == wal && $(get settings journal_mode decided_by) == recipe ]]
	[[ $(get settings cache_size wanted) == -555 && $(get settings cache_size got) == -555 && $(get settings cache_size decided_by) == operator ]]
	[[ $(get settings temp_store got) == file && $(get settings temp_store decided_by) == program ]]
	for name in synchronous busy_timeout foreign_keys mmap_size journal_size_limit wal_autocheckpoint; do
		[[ $(get settings "$name") != missing ]]
	done
	[[ $(get settings synchronous got) == normal && $(get settings busy_timeout got) == 30000 && $(get settings foreign_keys got) == on ]]
	[[ $(get settings mmap_size got) == 134217728 && $(get settings journal_size_limit got) == 67108864 ]]
}

@test "a setting that could not be applied has a reason, and no warning" {
	setup_report
	observer query t.db 'CREATE TABLE t(x)'
	run_shim victim 'open_v2 a t.db ro' 'exec a SELECT * FROM t' 'close a'
	[[ $(get settings journal_mode got) == delete && $(get settings journal_mode reason) == *read-only* ]]
	expect_quiet
	rm "$scratch/report.json"
	run_shim victim 'open a :memory:' 'exec a SELECT 1' 'exec a BEGIN' 'close a'
	[[ $(get settings journal_mode reason) == *memory* && $(get begins_rewritten) == 0 && $(get begins_not_upgraded) == *memory*1* ]]
	expect_quiet
	rm "$scratch/report.json"
	head -c 8192 /dev/zero | tr '\0' x >t.db
	run_shim victim 'open a t.db' 'exec a SELECT * FROM t' 'close a'
	[[ $(get settings journal_mode reason) == *'no database'* ]]
	expect_quiet
}

@test "settings made by the program are reported with their result" {
	setup_report
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode=delete' 'busy_timeout a 70000' \
		'exec a PRAGMA foreign_keys=off' 'exec a PRAGMA synchronous=full' 'exec a CREATE TABLE t(x)' 'close a'
	for pair in journal_mode:delete busy_timeout:70000 foreign_keys:off synchronous:full; do
		[[ $(get settings "${pair%:*}" got) == "${pair#*:}" && $(get settings "${pair%:*}" decided_by) == program ]]
	done
}

@test "BEGINs are counted, those not upgraded by reason" {
	setup_report
	run_shim victim 'open a t.db' 'exec a BEGIN; COMMIT; BEGIN' 'exec a ROLLBACK' 'exec a BEGIN IMMEDIATE; COMMIT' \
		'exec a PRAGMA query_only=1' 'exec a BEGIN; COMMIT' 'exec a PRAGMA query_only=0' 'close a'
	[[ $(get begins_rewritten) == 2 ]]
	[[ $(get begins_not_upgraded) == *query_only*1* ]]
}

@test "a connection that is never closed is reported when the process ends" {
	setup_report
	run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'open b u.db'
	[[ $(get database | sort | xargs -n1 basename | xargs) == 't.db u.db' ]]
	rm "$scratch/report.json"
	run_shim 3 victim 'open a t.db' 'exec a SELECT * FROM t' 'exit 3'
	[[ $(get database) == */t.db ]]
}

@test "a close that returns SQLITE_BUSY writes no line" {
	setup_report
	run_shim victim 'open a t.db' 'prepare a s v2 -1 SELECT 1' 'close a' "sh [ ! -s $scratch/report.json ]" \
		'exec a BEGIN' 'exec a COMMIT' 'finalize s' 'close a'
	expect $'open 0\nprepare 0 tail 8\nclose 5\nexec 0\nexec 0\nfinalize 0\nclose 0'
	[[ $(get begins_rewritten) == 1 ]]
}

@test "a child reports its own connections and not its parent's" {
	setup_report
	run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'fork' 'open b u.db' 'exec b CREATE TABLE t(x)' 'end' 'close a'
	[[ $(get database | sort | xargs -n1 basename | xargs) == 't.db u.db' ]]
	[[ $(get pid | sort -u | wc -l) -eq 2 ]]
}

@test "a database left alone is reported with the reason" {
	setup_report
	SQLPROD_SKIP_DATABASES='*/t.db' run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'close a'
	[[ $(cat "$scratch/report.json") == *SQLPROD_SKIP_DATABASES* ]]
}

@test "foreign keys turned off for REPLACE are reported with the reason" {
	setup_report
	run_shim victim 'open a t.db' \
		'exec a CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE)' \
		'exec a REPLACE INTO p VALUES(1)' 'close a'
	[[ $(get settings foreign_keys wanted) == on && $(get settings foreign_keys got) == on && $(get settings foreign_keys reason) == *'ON DELETE'* ]]
}

@test "neither log nor report shows SQL or values, at any level" {
	setup_report
	SQLPROD_LOG_LEVEL=debug SQLPROD_LOG=$scratch/log run_shim victim 'open a t.db' \
		"exec a CREATE TABLE credit_cards(holder); INSERT INTO credit_cards VALUES('Erika Mustermann')" \
		"prepare a s v2 -1 BEGIN -- Erika" 'step s' \
		"exec a INSERT INTO credit_cards VALUES('x' || nonsense)" "exec a REPLACE INTO credit_cards VALUES('Erika')" \
		'exec a DROP TABLE credit_cards' 'finalize s' 'close a'
	[[ -s $scratch/log && -s $scratch/report.json ]]
	! grep -iE 'erika|credit_cards|holder|nonsense|INSERT|CREATE' "$scratch/log" "$scratch/report.json" || fail "shows the program's data"
}

@test "names that JSON must escape are escaped" {
	setup_report
	run_shim victim 'open a we"ird\ n	ame.db' 'exec a CREATE TABLE t(x)' 'close a'
	[[ $(get database) == "$PWD/"'we"ird\ n	ame.db' ]]
	rm "$scratch/report.json"
	# bash makes the byte: Ubuntu 26.04's env and timeout take no argument that is no UTF-8
	# shellcheck disable=SC2016 # for the shell that is started
	run_shim bash -c 'exec victim $'\''open a not\xffutf8\n.db'\'' "exec a CREATE TABLE t(x)" "close a"'
	get database >/dev/null
	[[ $(wc -l <"$scratch/report.json") -eq 1 ]]
}

@test "the log goes to the file named, with the pid for %p, and nothing to stderr" {
	SQLPROD_LOG="$scratch/log.%p" SQLPROD_LOG_LEVEL=debug SQLPROD_BUSY_TIMEOUT=soon run_shim victim 'open a t.db' 'self Pid'
	expect_quiet
	pid=$(awk '{ print $2 }' <<<"${lines[1]}")
	grep -q SQLPROD_BUSY_TIMEOUT "$scratch/log.$pid"
	SQLPROD_REPORT="$scratch/report.%p" run_shim victim 'open a t.db' 'close a' 'self Pid'
	[[ -s $scratch/report.$(awk '{ print $2 }' <<<"${lines[2]}") ]]
}

@test "the log level chooses: off says nothing, warn only warnings, debug more" {
	export SQLPROD_BUSY_TIMEOUT=soon
	SQLPROD_LOG_LEVEL=off run_shim victim 'open a t.db'
	expect_quiet
	run_shim victim 'open a t.db'
	expect_warnings 1 '*SQLPROD_BUSY_TIMEOUT*'
	SQLPROD_LOG_LEVEL=debug run_shim victim 'open a t.db'
	[[ $(wc -l <<<"$stderr") -gt 1 ]]
}

@test "a report or log that cannot be written is one warning, and the program goes on" {
	SQLPROD_REPORT=/nowhere/report.json run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'close a' 'open a t.db' \
		'close a'
	expect $'open 0\nexec 0\nclose 0\nopen 0\nclose 0'
	expect_warnings 1 '*/nowhere/report.json*'
	SQLPROD_LOG=/nowhere/log SQLPROD_BUSY_TIMEOUT=soon run_shim victim 'open a t.db' 'close a'
	[[ $stderr == *SQLPROD_BUSY_TIMEOUT* ]]
}

@test "the last line of an embedded copy's connection counts its waits and transactions" {
	cat >close.py <<-'PYTHON'
		import ctypes
		sqlite = ctypes.CDLL('libsqlite3.so.0')
		db = ctypes.c_void_p()
		sqlite.sqlite3_open(b't.db', ctypes.byref(db))
		for sql in (b'CREATE TABLE t(n)', b'INSERT INTO t VALUES(1)', b'BEGIN', b'SELECT n FROM t', b'UPDATE t SET n=2', b'COMMIT'):
		    assert sqlite.sqlite3_exec(db, sql, None, None, None) == 0
		assert sqlite.sqlite3_close(db) == 0
	PYTHON
	SQLPROD_REPORT=$scratch/report.json ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 run_shim /usr/bin/python3 close.py
	[[ $(report "$scratch/report.json" reached) == 'embedded copy' && $(report "$scratch/report.json" open) == false ]]
	[[ $(report "$scratch/report.json" transactions begun) == 3 && $(report "$scratch/report.json" transactions reserved) == 1 ]]
	[[ $(report "$scratch/report.json" waits count) == 0 ]]
}
