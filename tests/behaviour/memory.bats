# Little memory.
load ../harness/harness

@test "a program with little memory works, or fails with SQLite's own code" {
	for limit in 10000 12000 15000 20000 30000 60000; do
		rm -f t.db*
		run_shim any bash -c \
			"ulimit -v $limit; exec victim 'open a t.db' 'exec a CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT' 'close a'"
		[[ $status -lt 128 ]]
	done
}

# limited WHEN - 15 MB through a SQLite that may take 4 MB, a limit that is set before or after the database is first used.
limited() {
	local limit='exec a PRAGMA hard_heap_limit=4000000' first='exec a CREATE TABLE t(a)'
	local fill='WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT zeroblob(5000) FROM n'
	local -a steps=("$limit" "$first")

	[[ $1 == before ]] || steps=("$first" "$limit")
	for victim in victim "$build/embedded/victim_gcc_O2"; do
		[[ $victim == victim || -x $victim ]] || continue
		rm -f t.db*
		$2 "$victim" 'open a t.db' "${steps[@]}" "exec a $fill" "exec a $fill" "exec a $fill" 'exec a SELECT count(*) FROM t' 'close a'
		[[ $output == *$'\n3000\nexec 0\nclose 0' ]] || fail "$2 $1 $victim"
	done
}

@test "a program that limits SQLite's heap gets along with it, whether it says so before the first use or after it" {
	run_plain victim 'open a t.db' 'exec a PRAGMA hard_heap_limit=5000000'
	[[ $output == *5000000* ]] || skip "SQLite has PRAGMA hard_heap_limit since 3.31"
	for run in run_plain run_shim; do
		limited before $run
		limited after $run
	done
	# the operator's own value stays, and then there is no memory
	rm -f t.db*
	SQLPROD_CACHE_SIZE=-20000 run_shim victim 'open a t.db' 'exec a PRAGMA hard_heap_limit=4000000' 'exec a CREATE TABLE t(a)' 'exec a PRAGMA cache_size'
	expect_line -20000
	run_shim victim 'open a t.db' 'exec a PRAGMA hard_heap_limit=4000000000' 'exec a SELECT * FROM t' 'exec a PRAGMA cache_size'
	expect_line -20000
}

# What a program does, with many of our allocations on the way. The last lines are what counts: its own results.
script=('open a t.db' 'exec a CREATE TABLE IF NOT EXISTS t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT; SELECT count(*) FROM t'
	'prepare a s v2 -1 BEGIN' 'step s' 'finalize s' 'exec a INSERT INTO t VALUES(2)' 'exec a COMMIT'
	'prepare a s 16_v2 -1 BEGIN' 'step s' 'finalize s' 'exec a COMMIT' 'get_table a BEGIN; SELECT x FROM t; COMMIT'
	'exec a REPLACE INTO t VALUES(3)' 'exec a SELECT x FROM t' 'close a')

@test "a program gets its own results whichever of the library's allocations fails" {
	run_plain victim "${script[@]}"
	plain=$(grep -v '^sql ' <<<"$output")
	rm -f t.db*
	preload_also=$build/programs/fail_malloc.so
	FAIL_MALLOC_COUNT=$scratch/count SQLPROD_REPORT=$scratch/report run_shim victim "${script[@]}"
	count=$(<"$scratch/count")
	[[ $count -gt 10 ]]
	for ((n = 1; n <= count; n++)); do
		rm -f t.db*
		FAIL_MALLOC=$n SQLPROD_REPORT=$scratch/report run_shim victim "${script[@]}"
		[[ $(grep -v '^sql ' <<<"$output") == "$plain" ]]
		[[ $(sqlite3 t.db 'PRAGMA integrity_check; SELECT sum(x) FROM t' | paste -sd' ') == "ok 6" ]]
	done
}

@test "a program with an embedded SQLite gets its own results whichever of the library's allocations fails" {
	run_plain victim 'open_hidden a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' \
		'exec a SELECT x FROM t' 'close a'
	plain=$output
	preload_also=$build/programs/fail_malloc.so
	for ((n = 1; n <= 12; n++)); do
		rm -f t.db*
		FAIL_MALLOC=$n SQLPROD_REPORT=$scratch/report run_shim victim 'open_hidden a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' \
			'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' 'exec a SELECT x FROM t' 'close a'
		[[ $output == "$plain" ]]
	done
}

# What gives a statement to the library that it copies or rewrites, with a secret in it.
secret=Zeisig-4711
secretive=('open a t.db' "get_table a PRAGMA key='$secret'; BEGIN; SELECT 1; COMMIT; SELECT 2"
	"exec a PRAGMA key='$secret'; BEGIN /* $secret */; SELECT '$secret'; COMMIT")
for api in v1 v2 v3 16 16_v2; do
	for sql in 'BEGIN' 'PRAGMA busy_timeout=1' 'PRAGMA journal_mode=delete'; do
		secretive+=("prepare a s $api -1 /* $secret */ $sql" 'finalize s')
	done
done
secretive+=('close a')

@test "the library frees no memory that still holds a statement" {
	preload_also=$build/programs/watch_free.so
	export WATCH_FREE=$secret WATCH_FREE_COUNT=$scratch/count SQLPROD_BUSY_TIMEOUT=5000 SQLPROD_JOURNAL_MODE=wal
	run_shim victim "${secretive[@]}"
	[[ $(<"$scratch/count") -eq 0 ]]
}

@test "without the library SQLite frees memory that still holds a statement" {
	WATCH_FREE=$secret WATCH_FREE_COUNT=$scratch/count WATCH_FREE_OBJECT=libsqlite3.so \
		run_plain env LD_PRELOAD="$build/programs/watch_free.so" victim "${secretive[@]}"
	[[ $(<"$scratch/count") -gt 0 ]]
}

# The cache by recipe, of a connection that is used already, would take all of it.
@test "a limit on SQLite's heap that the program sets later, by any connection, makes no more statements fail than without the library" {
	for way in function pragma; do
		rm -f ./*.db*
		run_plain heap_limit a.db b.db "$way"
		[[ $output != 'no limit' ]] || skip "SQLite has sqlite3_hard_heap_limit64() since 3.31"
		alone=${output#failed }
		rm -f ./*.db*
		run_shim heap_limit a.db b.db "$way"
		count=${output#failed }
		((${count%%,*} <= ${alone%%,*})) && [[ ${count#*,} == "${alone#*,}" ]]
	done
}
