# Where BEGIN is left alone because IMMEDIATE would hurt, and where it must not be missed.
load ../harness/harness

@test "BEGIN on a read-only connection works as without the library" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	observer query t.db 'INSERT INTO t VALUES(1)'
	for run in run_plain run_shim; do
		$run victim 'open_v2 a t.db ro' 'prepare a s v2 -1 BEGIN' 'sql s' 'step s' 'finalize s' \
			'exec a SELECT x FROM t' 'sh observer lock t.db' 'exec a COMMIT'
		expect $'open_v2 0\nprepare 0 tail 5\nsql BEGIN\nstep 101\nfinalize 0\n1\nexec 0\nfree\nexec 0'
	done
}

@test "BEGIN on an in-memory or temporary database works as without the library" {
	for run in run_plain run_shim; do
		$run victim 'open a :memory:' 'open b ' 'open_v2 c file::memory: rw,create,uri' \
			'open_v2 d x rw,create,memory' 'prepare a s v2 -1 BEGIN' 'sql s' 'prepare b u v2 -1 BEGIN' 'sql u' \
			'prepare c v v2 -1 BEGIN' 'sql v' 'prepare d w v2 -1 BEGIN' 'sql w'
		[[ $(grep -cx 'sql BEGIN' <<<"$output") -eq 4 ]]
	done
}

@test "an in-memory database with a file attached takes the file's write lock" {
	observer query t.db 'CREATE TABLE t(x)'
	for run in run_plain:free run_shim:held; do
		${run%:*} victim 'open a :memory:' "exec a ATTACH 't.db' AS file" 'exec a BEGIN' 'sh observer lock t.db'
		expect_line "${run#*:}"
	done
}

@test "BEGIN on a shared cache works as without the library" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	for run in run_plain run_shim; do
		$run victim 'open_v2 a t.db rw,shared' 'open_v2 b t.db rw,shared' 'open_v2 c file:t.db?cache=shared rw,uri' \
			'exec a BEGIN' 'exec b BEGIN' 'exec c BEGIN' \
			'exec b SELECT count(*) FROM t' 'exec c SELECT count(*) FROM t' 'exec a COMMIT' 'exec b COMMIT' \
			'exec c COMMIT'
		expect $'open_v2 0\nopen_v2 0\nopen_v2 0\nexec 0\nexec 0\nexec 0\n0\nexec 0\n0\nexec 0\nexec 0\nexec 0\nexec 0'
	done
}

@test "BEGIN is rewritten in a program's callbacks and SQL functions" {
	export SQLPROD_RESERVE=60000
	observer query t.db 'CREATE TABLE t(x)'
	observer query u.db 'CREATE TABLE t(x)'
	for run in run_plain:free run_shim:held; do
		${run%:*} victim 'open a t.db' 'open b u.db' 'on_row exec b BEGIN' 'exec a SELECT 1' 'sh observer lock u.db' \
			'exec b COMMIT' 'function a' \
			"exec a SELECT victim('exec b BEGIN')" 'sh observer lock u.db' 'exec b COMMIT' \
			"prepare a s v2 -1 SELECT victim('exec b BEGIN')" 'step s' 'sh observer lock u.db'
		[[ $(grep -cx "${run#*:}" <<<"$output") -eq 3 ]]
	done
}

@test "BEGIN is rewritten while a VACUUM or another statement of the connection runs" {
	export SQLPROD_RESERVE=60000
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1),(2)'
	observer query u.db 'CREATE TABLE t(x)'
	for run in run_plain:free run_shim:held; do
		${run%:*} victim 'open a t.db' 'open b u.db' 'prepare a s v2 -1 SELECT x FROM t' 'step s' 'exec b BEGIN' \
			'sh observer lock u.db' 'exec b COMMIT' 'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' \
			'finalize s'
		[[ $(grep -cx "${run#*:}" <<<"$output") -eq 2 ]]
	done
}

@test "full-text search writes, and BEGIN around it takes the lock" {
	module=fts5
	sqlite_has 3009000 || module=fts3
	for run in run_plain:free run_shim:held; do
		rm -f t.db*
		${run%:*} victim 'open a t.db' "exec a CREATE VIRTUAL TABLE f USING $module(x)" 'exec a BEGIN' \
			'sh observer lock t.db' "exec a INSERT INTO f VALUES('some words')" 'exec a COMMIT' \
			"exec a SELECT x FROM f WHERE f MATCH 'words'"
		expect $'open 0\nexec 0\nexec 0\n'"${run#*:}"$'\nexec 0\nexec 0\nsome words\nexec 0'
	done
}

@test "a trace sees the program's statements and none of the library's" {
	script=('open a t.db' 'trace a' 'exec a SELECT 1' 'exec a CREATE TABLE t(x)' 'exec a BEGIN IMMEDIATE' 'exec a COMMIT')
	run_plain victim "${script[@]}"
	wanted=$output
	rm -f t.db*
	run_shim victim "${script[@]}"
	expect "$wanted"
}

@test "an authorizer is called for the program's statements and none of the library's" {
	script=('open a t.db' 'authorizer a log' 'exec a SELECT 1' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'exec a COMMIT'
		'exec a PRAGMA user_version'
		'authorizer a deny' 'exec a PRAGMA user_version' 'exec a BEGIN' 'authorizer a off' 'exec a BEGIN')
	run_plain victim "${script[@]}"
	wanted=$output
	rm -f t.db*
	run_shim victim "${script[@]}"
	expect "$wanted"
	[[ $(outside_pragma t.db journal_mode) == wal ]]
}

@test "BEGIN is not rewritten if one file is attached under two names, as the connection would wait for itself" {
	observer query t.db 'CREATE TABLE t(x)'
	ln t.db hard.db
	ln -s t.db soft.db
	for name in t.db "$PWD/t.db" soft.db hard.db; do
		for run in run_plain run_shim; do
			APP_TIMEOUT=20 SQLPROD_REPORT=$scratch/report.json $run victim 'open a t.db' "exec a ATTACH '$name' AS again" \
				'exec a BEGIN; SELECT count(*) FROM again.t' 'exec a INSERT INTO t VALUES(1)' 'exec a ROLLBACK' 'close a'
			expect $'open 0\nexec 0\n0\nexec 0\nexec 0\nexec 0\nclose 0'
		done
		[[ $(report "$scratch/report.json" begins_not_upgraded) == *'two names'*1* ]]
		rm "$scratch/report.json"
	done
	run_shim victim 'open a t.db' "exec a ATTACH 'u.db' AS u; ATTACH ':memory:' AS m; ATTACH '' AS n; ATTACH '' AS o" 'exec a BEGIN' \
		'sh observer lock t.db' 'sh observer lock u.db'
	expect $'open 0\nexec 0\nexec 0\nheld\nheld'
}

@test "a SAVEPOINT outside of a transaction begins one as BEGIN DEFERRED does, and is counted" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	reads=('exec a SELECT count(*) FROM t' "exec b INSERT INTO t VALUES(1)" 'exec a INSERT INTO t VALUES(2)')
	script=('open a t.db' 'open b t.db' 'exec a SAVEPOINT one' 'exec a SAVEPOINT two' "${reads[@]}" 'exec a ROLLBACK TO one' 'exec a RELEASE one'
		'prepare a s v2 -1 SAVEPOINT three' 'step s' 'prepare a u 16_v2 -1 savepoint "four"' 'step u' "${reads[@]}" 'sql s' 'close b')
	run_plain victim "${script[@]}"
	wanted=$output
	[[ $(grep -c '^exec 5 ' <<<"$output") -eq 2 ]]
	observer query t.db 'DELETE FROM t'
	SQLPROD_BEGIN_DEFERRED=keep SQLPROD_REPORT=$scratch/report.json run_shim victim "${script[@]}" 'exec a SAVEPOINT five' 'exec a RELEASE three' 'get_table a ;savepoint [six]' \
		'exec a SAVEPOINT SAVEPOINT x' 'exec a ROLLBACK' 'exec a BEGIN IMMEDIATE; COMMIT; SAVEPOINT seven; RELEASE seven'
	[[ $output == "$wanted"* ]]
	[[ $(report "$scratch/report.json" begins_not_upgraded | tail -n 1) == *'SAVEPOINT outside of a transaction'*': 4'* ]]
}

@test "BEGIN on a cache shared through ATTACH works as without the library" {
	runs=(run_plain:free)
	! sqlite_has 3014000 || runs+=(run_shim:held)
	shared=('shared_cache on' 'open a t.db' 'open b u.db' "exec b ATTACH 't.db' AS t")
	other=('shared_cache on' 'open a v.db' "exec a ATTACH 't.db' AS t" 'open b u.db' "exec b ATTACH 't.db' AS t")
	later=('shared_cache on' 'open a t.db' 'exec a BEGIN' 'exec a COMMIT' 'exec a BEGIN' 'exec a COMMIT' 'open b u.db' 'exec a BEGIN' 'exec a COMMIT'
		"exec b ATTACH 't.db' AS t")
	kept=('shared_cache on' 'open a t.db' 'open b u.db' "prepare b s v2 -1 ATTACH 't.db' AS t" 'exec a BEGIN' 'exec a COMMIT' 'step s' 'finalize s')
	begins=('exec a BEGIN' 'exec b BEGIN' 'exec a SELECT count(*) FROM t' 'exec b SELECT count(*) FROM t' 'exec a COMMIT' 'exec b INSERT INTO u VALUES(1)'
		'exec b COMMIT' 'close b' 'exec a BEGIN' 'sh observer lock t.db')
	for run in "${runs[@]}"; do
		for scene in shared other later kept; do
			rm -f ./*.db*
			observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
			observer query u.db 'PRAGMA journal_mode=wal; CREATE TABLE u(x)'
			declare -n opens=$scene
			SQLPROD_REPORT=$scratch/report.json ${run%:*} victim "${opens[@]}" "${begins[@]}"
			[[ ${output#*exec 0} != *'exec '[1-9]* && $output == *"${run#*:}" ]]
		done
	done
	! sqlite_has 3014000 || [[ $(report "$scratch/report.json" begins_not_upgraded | grep -c 'shared cache.*1') -eq 8 ]]
}

# make_schema RUN - two processes make the schema of a new file, each in a transaction; the second comes when the first has looked, which
# continues when the second waits for it, or has failed and is gone. Leaves what the second printed in $output.
make_schema() {
	local make=("exec a CREATE TABLE IF NOT EXISTS t(x)" 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT')
	rm -f t.db* looked.*
	barrier_make looked
	"start_$1" first victim 'open a t.db' 'exec a BEGIN' 'exec a SELECT * FROM sqlite_master' 'barrier looked' "${make[@]}"
	first=$started
	barrier_meet looked
	"start_$1" second victim 'open a t.db' 'exec a BEGIN' 'exec a SELECT * FROM sqlite_master' "${make[@]}" 'close a'
	second=$started
	if [[ $1 == plain ]]; then
		# its commit sleeps for the disk as well
		wait "$second"
	else
		wait_until_waits "$second"
	fi
	barrier_leave looked
	finish "$first" first
	finish "$second" second
}

@test "two processes that each create the schema of a new file in a transaction do not get SQLITE_BUSY" {
	make_schema plain
	[[ $output == *'exec 5 '* ]]
	# On a slow machine the second would wait longer than it does for a holder that only reads.
	SQLPROD_RESERVE=50000 make_schema shim
	[[ $output != *'exec '[1-9]* ]]
	[[ $(observer query t.db 'SELECT count(*) FROM t') == 2 ]]
}

@test "with SQLPROD_BEGIN_DEFERRED=immediate a SAVEPOINT that begins a transaction by sqlite3_exec() has the write lock" {
	observer query t.db 'CREATE TABLE t(x)'
	export SQLPROD_BEGIN_DEFERRED=immediate
	script=('open a t.db' 'exec a SAVEPOINT one' 'sh observer lock t.db' 'exec a SAVEPOINT two; INSERT INTO t VALUES(1)'
		'exec a ROLLBACK TO two' 'exec a RELEASE one' 'sh observer lock t.db' 'errcode a' 'prepare a s v2 -1 SAVEPOINT three' 'step s'
		'sh observer lock t.db' 'exec a ROLLBACK' 'finalize s' 'close a')
	run_plain victim "${script[@]}"
	wanted=$(sed '0,/^free$/s//held/' <<<"$output")
	[[ $output != *held* ]]
	SQLPROD_REPORT=$scratch/report.json run_shim victim "${script[@]}"
	expect "$wanted"
	[[ $(report "$scratch/report.json" begins_rewritten) == 1 && $(report "$scratch/report.json" begins_not_upgraded) == *'was prepared'*': 1'* ]]
}

@test "a trace, an authorizer and hooks do not see how a SAVEPOINT gets the write lock" {
	observer query t.db 'CREATE TABLE t(x)'
	export SQLPROD_BEGIN_DEFERRED=immediate
	script=('open a t.db' 'trace a' 'authorizer a log' 'hooks a' 'exec a SAVEPOINT one' 'sh observer lock t.db' 'exec a INSERT INTO t VALUES(1); RELEASE one'
		'close a')
	run_plain victim "${script[@]}"
	wanted=${output/free/held}
	run_shim victim "${script[@]}"
	expect "$wanted"
}

@test "a SAVEPOINT that cannot get the write lock succeeds as without the library" {
	observer query t.db 'CREATE TABLE t(x)'
	export SQLPROD_BEGIN_DEFERRED=immediate
	script=('open a t.db' 'open b t.db' 'exec b BEGIN IMMEDIATE' 'exec a SAVEPOINT one' 'errcode a' 'autocommit a' 'exec b COMMIT' 'exec a SELECT count(*) FROM t'
		'exec a INSERT INTO t VALUES(1)' 'exec a RELEASE one' 'autocommit a' 'exec a SELECT count(*) FROM t' 'close b' 'close a')
	run_plain victim "${script[@]}"
	wanted=$output
	observer query t.db 'DELETE FROM t'
	SQLPROD_BUSY_TIMEOUT=10 SQLPROD_REPORT=$scratch/report.json run_shim victim "${script[@]}"
	expect "$wanted"
	[[ $(report "$scratch/report.json" begins_not_upgraded | tail -n 1) == *'stayed busy'*': 1'* ]]
}

@test "a SAVEPOINT that SQLite rolled back while its lock was taken is run again, or returns the error" {
	observer query t.db 'CREATE TABLE t(x)'
	export SQLPROD_BEGIN_DEFERRED=immediate
	savepoint=('interrupt a' 'exec a SAVEPOINT one' 'autocommit a')
	for run in run_plain:0 run_shim:9; do
		${run%:*} victim 'open a t.db' "${savepoint[@]}"
		[[ $output == *$'exec 0\nautocommit 0' ]]
		# while a statement runs, what was interrupted stays so
		${run%:*} victim 'open a t.db' 'prepare a s v2 -1 SELECT 1 UNION ALL SELECT 2' 'step s' "${savepoint[@]}"
		[[ $output == *"exec ${run#*:}"*$'\n'"autocommit $((${run#*:} / 9))" ]]
	done
}
