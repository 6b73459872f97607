# A program with SQLite inside that sets a rollback journal of its own, in a file that the recipe puts into WAL mode as soon as it is
# opened. Built by make embedded-programs.
load ../harness/harness

victim=$build/embedded/victim_gcc_O2

fresh() {
	rm -f t.db*
	observer query t.db 'CREATE TABLE t(x)' >/dev/null
}

@test "an embedded copy sets a rollback journal beside a connection that stays in WAL mode" {
	for mode in delete truncate persist memory off; do
		script=('open b t.db' 'exec b SELECT x FROM t' 'open a t.db' "exec a PRAGMA journal_mode=$mode" 'exec a INSERT INTO t VALUES(1)' 'exec b INSERT INTO t VALUES(2)'
			'exec a SELECT count(*) FROM t' 'exec a PRAGMA main.journal_mode')
		fresh
		run_plain "$victim" "${script[@]}"
		expect $'open 0\nexec 0\nopen 0\n'"$mode"$'\nexec 0\nexec 0\nexec 0\n2\nexec 0\n'"$mode"$'\nexec 0'
		fresh
		run_shim "$victim" "${script[@]}"
		expect $'open 0\nexec 0\nopen 0\nwal\nexec 0\nexec 0\nexec 0\n2\nexec 0\nwal\nexec 0'
		expect_quiet
	done
}

@test "an embedded copy sets a rollback journal inside a transaction, and under a statement that runs" {
	for run in run_plain run_shim; do
		fresh
		$run "$victim" 'open a t.db' 'exec a INSERT INTO t VALUES(1)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(2)' 'prepare a p v2 -1 PRAGMA journal_mode=truncate' 'step p' \
			'finalize p' 'exec a COMMIT' 'prepare a s v2 -1 SELECT x FROM t' 'step s' 'prepare a q v2 -1 PRAGMA journal_mode=persist' 'step q' 'finalize q' 'step s' 'finalize s' \
			'exec a SELECT count(*) FROM t'
		! grep 'locked\|error\|cannot' <<<"$output"
		[[ ${lines[-2]} == 2 ]]
	done
}

@test "four processes with an embedded copy, each of which sets a rollback journal whenever it connects, lose no row" {
	local script=() started i run
	for i in 1 2 3 4 5 6 7 8; do
		script+=("open c$i t.db" "busy_timeout c$i 20000" "exec c$i PRAGMA journal_mode=truncate" "exec c$i INSERT INTO t VALUES($i)")
	done
	for run in '' "$preload"; do
		fresh
		started=()
		for i in 1 2 3 4; do
			LD_PRELOAD=$run "$victim" "${script[@]}" >"$scratch/$i.out" 2>&1 &
			started+=($!)
		done
		wait "${started[@]}"
		! grep 'exec [^0]' "$scratch"/[1-4].out
		[[ $(observer query t.db 'SELECT count(*) FROM t') == 32 ]]
	done
}

@test "an embedded copy that can leave WAL has the program's rollback journal, and so have later connections" {
	fresh
	run_shim "$victim" 'open a t.db' 'exec a PRAGMA journal_mode=truncate' 'exec a PRAGMA synchronous' 'open b t.db' 'exec b PRAGMA journal_mode' 'exec a PRAGMA journal_mode'
	expect $'open 0\ntruncate\nexec 0\n2\nexec 0\nopen 0\ndelete\nexec 0\ntruncate\nexec 0'
}

# The library does not see how it reads, and leaves WAL off. It is another program that has the file in WAL mode.
@test "an embedded copy whose VFS is the program's own keeps what others have written, once it sets a rollback journal" {
	for way in 'exec a PRAGMA journal_mode=truncate' 'exec a /* so */ pragma main.journal_mode(delete)' "exec a PRAGMA journal_mode = 'off'" \
		'prepare a p v2 -1 PRAGMA journal_mode=persist;step p;finalize p'; do
		for run in run_plain:1,3 run_shim:1,2,3; do
			rm -f t.db*
			observer query t.db 'CREATE TABLE t(x); PRAGMA journal_mode=WAL; INSERT INTO t VALUES(1)' >/dev/null
			IFS=';' read -ra set <<<"$way"
			${run%:*} "$victim" 'vfs own' 'open_v2 a file:t.db?vfs=own rw,uri' 'exec a SELECT x FROM t' 'sh observer query t.db "INSERT INTO t VALUES(2)"' \
				"${set[@]}" 'exec a INSERT INTO t VALUES(3)'
			expect_quiet
			[[ $(observer query t.db 'SELECT group_concat(x) FROM t') == "${run#*:}" ]] || fail "$run $way"
		done
	done
}
