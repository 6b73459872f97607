# Databases that a connection attaches: each keeps its own settings, and BEGIN keeps working.
load ../harness/harness

fresh_databases() {
	rm -rf ./*.db*
	for mode in wal delete truncate persist; do
		observer query $mode.db "PRAGMA journal_mode=$mode; CREATE TABLE w(x); INSERT INTO w VALUES(1)" >/dev/null
	done
}

attach=("exec a ATTACH 'wal.db' AS w" "exec a ATTACH 'delete.db' AS d" "exec a ATTACH 'truncate.db' AS t" "exec a ATTACH 'persist.db' AS p")
cross=('exec a CREATE TABLE IF NOT EXISTS main.w(x)' 'exec a BEGIN' 'exec a INSERT INTO main.w VALUES(2)' 'exec a INSERT INTO w.w VALUES(2)'
	'exec a INSERT INTO d.w VALUES(2)' 'exec a INSERT INTO t.w VALUES(2)' 'exec a INSERT INTO p.w VALUES(2)')

@test "a transaction crosses databases of every journal mode, and each keeps its own" {
	for end in COMMIT ROLLBACK; do
		expect_same_quietly victim 'open a main.db' "${attach[@]}" "${cross[@]}" "exec a $end" 'exec a SELECT count(*) FROM main.w' \
			'exec a SELECT count(*) FROM w.w' 'exec a SELECT count(*) FROM d.w' 'exec a SELECT count(*) FROM t.w' \
			'exec a SELECT count(*) FROM p.w' 'exec a PRAGMA w.journal_mode' 'exec a PRAGMA d.journal_mode' 'exec a DETACH d' 'close a'
		for mode in wal delete truncate persist; do
			[[ $(observer query $mode.db 'PRAGMA integrity_check; SELECT count(*) FROM w' | xargs) == "ok $([[ $end == COMMIT ]] && echo 2 || echo 1)" ]]
		done
		[[ $(outside_pragma wal.db journal_mode) == wal && $(outside_pragma delete.db journal_mode) == delete ]]
		[[ $(outside_pragma main.db journal_mode) == wal ]]
	done
}

@test "BEGIN locks all attached databases, and waits for each" {
	fresh_databases
	for run in run_plain:free run_shim:held; do
		${run%:*} victim 'open a main.db' "${attach[@]}" 'exec a CREATE TABLE IF NOT EXISTS main.w(x)' 'exec a BEGIN' 'sh observer lock wal.db' \
			'sh observer lock delete.db' 'exec a COMMIT' 'sh observer lock wal.db' 'sh observer lock delete.db'
		[[ $(grep -c "${run#*:}" <<<"$output") -ge 2 && $(tail -n 2 <<<"$output") == $'free\nfree' ]]
	done
	barrier_make held
	start_plain holder victim 'open a delete.db' 'busy_timeout a 30000' 'exec a BEGIN IMMEDIATE' 'exec a INSERT INTO w VALUES(3)' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
	start_shim waiter victim 'open a main.db' "${attach[@]}" "${cross[@]}" 'exec a COMMIT' 'exec a SELECT count(*) FROM d.w'
	waiter=$started
	wait_until_waits "$waiter"
	barrier_leave held
	finish "$holder" holder
	finish "$waiter" waiter
	[[ $output != *' 5 '* && $(tail -n 2 <<<"$output") == $'3\nexec 0' ]]
}

# Before 3.34 BEGIN IMMEDIATE fails there, by SQLITE_READONLY.
@test "a database attached read-only, or as immutable, lets a transaction begin" {
	opens=('file:delete.db?mode=ro' 'file:wal.db?mode=ro')
	! sqlite_has 3008005 || opens+=('file:delete.db?immutable=1')
	for uri in "${opens[@]}"; do
		expect_same_quietly victim 'open_v2 a main.db rw,create,uri' 'exec a CREATE TABLE w(x)' "exec a ATTACH '$uri' AS r" 'exec a BEGIN' 'exec a SELECT count(*) FROM r.w' \
			'exec a INSERT INTO main.w VALUES(1)' 'exec a INSERT INTO r.w VALUES(2)' 'exec a COMMIT' 'exec a SELECT count(*) FROM main.w' 'close a'
		expect_line 'exec 8 attempt to write a readonly database'
	done
}

@test "an attached database on a shared filesystem is neither switched nor mapped" {
	mkdir far
	preload_also=$build/programs/fake_statfs.so
	export FAKE_STATFS_FOLDER=$PWD/far FAKE_STATFS_TYPE=0x6969
	fresh_databases
	mv delete.db far/
	run_shim victim 'open a main.db' "exec a ATTACH 'far/delete.db' AS f" 'exec a CREATE TABLE w(x)' 'exec a PRAGMA f.journal_mode' \
		'exec a PRAGMA f.mmap_size' 'exec a BEGIN' 'exec a INSERT INTO f.w VALUES(2)' 'exec a COMMIT' 'exec a PRAGMA main.journal_mode'
	expect $'open 0\nexec 0\nexec 0\ndelete\nexec 0\n0\nexec 0\nexec 0\nexec 0\nexec 0\nwal\nexec 0'
}

@test "a database that was there already becomes WAL at its first use, also right after a statement has attached a file" {
	for run in $'run_plain:delete\n2' $'run_shim:wal\n1'; do
		for file in delete.db wal.db :memory:; do
			fresh_databases
			observer query main.db 'CREATE TABLE m(x)' >/dev/null
			SQLPROD_REPORT=report.json ${run%%:*} victim 'open a main.db' "prepare a s v2 -1 ATTACH '$file' AS f" 'step s' 'finalize s' \
				'exec a SELECT count(*) FROM m; PRAGMA main.journal_mode; PRAGMA main.synchronous' 'exec a PRAGMA f.journal_mode'
			mode=${file//:/}
			expect $'open 0\nprepare 0 tail '$((14 + ${#file}))$'\nstep 101\nfinalize 0\n0\n'"${run#*:}"$'\nexec 0\n'"${mode%.db}"$'\nexec 0'
		done
	done
	[[ $(jq -r '.settings.journal_mode.reason' report.json | sort -u) == null ]]
}

# For what is attached and in WAL mode; mains are a file, memory, and a temporary database.
mains=(main.db :memory: '')

two_databases() {
	rm -rf ./*.db*
	observer query a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(n); INSERT INTO t VALUES(0)' >/dev/null
	observer query b.db 'PRAGMA journal_mode=wal; CREATE TABLE u(n); INSERT INTO u VALUES(0)' >/dev/null
}

both=("exec a ATTACH 'a.db' AS x" "exec a ATTACH 'b.db' AS y")

numbers() {
	echo "$(observer query a.db 'SELECT n FROM t') $(observer query b.db 'SELECT n FROM u')"
}

@test "nobody waits for a transaction that has only begun, or only read what is attached for longer than a reservation" {
	export SQLPROD_RESERVE=100
	for main in "${mains[@]}"; do
		for first in 'exec a BEGIN' 'exec a BEGIN; SELECT n FROM t'; do
			for run in run_plain run_shim; do
				two_databases
				barrier_make idles
				start=${run/run/start}
				"$start" idler victim "open a $main" "${both[@]}" "$first" 'barrier idles' 'exec a ROLLBACK'
				idler=$started
				barrier_meet idles
				SECONDS=0
				"$run" victim 'open c a.db' 'busy_timeout c 20000' 'exec c UPDATE t SET n=n+1'
				expect $'open 0\nbusy_timeout 0\nexec 0'
				((SECONDS < 15))
				barrier_leave idles
				finish "$idler" idler
				[[ $output != *'exec 5'* ]]
				rm idles.*
			done
		done
		# by IMMEDIATE it is kept waiting
		two_databases
		SQLPROD_BEGIN=immediate run_shim victim "open a $main" "${both[@]}" 'exec a BEGIN' 'sh observer lock a.db'
		expect_line held
		run_shim victim "open a $main" "${both[@]}" 'exec a BEGIN' 'sh observer lock a.db' 'exec a SELECT n FROM t' 'sh observer lock a.db' 'exec a COMMIT' \
			'sh observer lock a.db'
		[[ $(grep -E 'free|held' <<<"$output" | xargs) == 'free held free' ]]
	done
}

@test "a transaction that reads what is attached, and then writes it, does not fail" {
	export SQLPROD_RESERVE=60000
	for main in "${mains[@]}"; do
		for begin in BEGIN 'BEGIN DEFERRED' 'SAVEPOINT s'; do
			for run in plain:5 shim:0; do
				two_databases
				barrier_make read
				"start_${run%:*}" reader victim "open a $main" "${both[@]}" "exec a $begin" 'exec a SELECT n FROM t' 'barrier read' \
					'exec a UPDATE t SET n=n+1' 'exec a COMMIT'
				reader=$started
				barrier_meet read
				"start_${run%:*}" writer victim 'open c a.db' 'exec c UPDATE t SET n=n+10'
				writer=$started
				wait_until_waits "$writer"
				barrier_leave read
				finish "$reader" reader
				[[ $output == *$'\n'"exec ${run#*:}"* ]]
				finish "$writer" writer
				expect $'open 0\nexec 0'
				[[ $(numbers) == "$([[ $run == plain:5 ]] && echo 10 || echo 11) 0" ]]
				rm read.*
			done
		done
	done
}

@test "two transactions that write two attached databases, each in its own order, wait for each other, and none fails" {
	one=('exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1')
	other=('exec a SELECT n FROM u' 'exec a UPDATE u SET n=n+1')
	for main in "${mains[@]}"; do
		for run in plain:5 shim:0; do
			for order in forth back; do
				two_databases
				barrier_make half
				[[ $order == forth ]] && first=("${one[@]}") second=("${other[@]}") || first=("${other[@]}") second=("${one[@]}")
				SQLPROD_RESERVE=60000 "start_${run%:*}" left victim "open a $main" "${both[@]}" 'exec a BEGIN' "${first[@]}" 'barrier half' "${second[@]}" 'exec a COMMIT'
				left=$started
				barrier_meet half
				SQLPROD_RESERVE=60000 "start_${run%:*}" right victim "open a $main" "${both[@]}" 'exec a BEGIN' "${second[@]}" "${first[@]}" 'exec a COMMIT'
				right=$started
				wait_until_waits "$right"
				barrier_leave half
				finish "$left" left
				all=$output
				finish "$right" right
				all+=$output
				if [[ $run == plain:5 ]]; then
					[[ $all == *'exec 5'* ]]
				else
					[[ $all != *'exec 5'* && $(numbers) == '2 2' ]]
				fi
				rm half.*
			done
		done
	done
}

@test "what a transaction has reserved and not read is given back at its end, and after DETACH" {
	export SQLPROD_RESERVE=60000
	for end in 'exec a COMMIT' 'exec a ROLLBACK' 'exec a UPDATE t SET n=n+1; COMMIT' 'exec a COMMIT; DETACH y; BEGIN; SELECT n FROM t; COMMIT' 'close a'; do
		two_databases
		barrier_make ended
		start_shim reader victim 'open a :memory:' "${both[@]}" 'exec a BEGIN' 'exec a SELECT n FROM t' "$end" 'barrier ended'
		reader=$started
		barrier_meet ended
		APP_TIMEOUT=20 run_shim victim 'open c a.db' 'open d b.db' 'exec c UPDATE t SET n=5' 'exec d BEGIN; SELECT n FROM u; UPDATE u SET n=5; COMMIT'
		[[ $(numbers) == '5 5' ]]
		barrier_leave ended
		finish "$reader" reader
		rm ended.*
	done
}
