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
