# Processes with SQLite inside that start at once with a database which has a rollback journal still: the first switches it to WAL, and the others
# find that busy. Built by make embedded-programs.
load ../harness/harness

victim=$build/embedded/victim_gcc_O2

# A reader keeps all others from the switch; two that do not get it begin, read and write.
setup_starts() {
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(0)' >/dev/null
	for place in held read written; do
		barrier_make "$PWD/$place"
	done
	first=('open a t.db' 'exec a BEGIN' 'exec a SELECT x FROM t' "barrier $PWD/read" 'exec a UPDATE t SET x=x+1' 'exec a COMMIT')
	second=('open b t.db' 'exec b BEGIN' 'exec b SELECT x FROM t' 'exec b UPDATE t SET x=x+1' "barrier $PWD/written" 'exec b COMMIT')
	start_plain holder victim 'open c t.db' 'exec c BEGIN' 'exec c SELECT x FROM t' "barrier $PWD/held" 'exec c COMMIT'
	holder=$started
	barrier_meet held
}

@test "of two embedded copies that begin before the switch to WAL is to be had, each reads in its turn and writes" {
	setup_starts
	export SQLPROD_RESERVE=20000
	start_shim first "$victim" "${first[@]}"
	pid=$started
	barrier_meet read
	start_shim second "$victim" "${second[@]}"
	sleep 0.5
	barrier_leave held
	finish "$holder" holder
	barrier_leave read
	finish "$pid" first
	expect $'open 0\nexec 0\n0\nexec 0\nexec 0\nexec 0'
	barrier_meet written
	barrier_leave written
	finish "$started" second
	expect $'open 0\nexec 0\n1\nexec 0\nexec 0\nexec 0'
	[[ $(observer query t.db 'SELECT x FROM t') == 2 ]]
}

@test "of two embedded copies that begin with a rollback journal, without the library, one fails" {
	setup_starts
	start_plain first "$victim" "${first[@]}"
	pid=$started
	barrier_meet read
	start_plain second "$victim" 'open b t.db' 'busy_timeout b 20000' "${second[@]:1}"
	barrier_meet written
	barrier_leave held
	finish "$holder" holder
	barrier_leave read
	finish "$pid" first
	grep -x 'exec 5 database is locked' <<<"$output"
	barrier_leave written
	finish "$started" second
	[[ $(observer query t.db 'SELECT x FROM t') == 1 ]]
}

@test "an embedded copy that waits for its turn before WAL is to be had goes on after as long as a reservation lasts" {
	setup_starts
	start_shim first "$victim" "${first[@]}"
	pid=$started
	barrier_meet read
	SQLPROD_RESERVE=300 run_shim "$victim" 'open b t.db' 'exec b BEGIN' 'exec b SELECT x FROM t' 'exec b COMMIT'
	expect $'open 0\nexec 0\n0\nexec 0\nexec 0'
	barrier_leave held
	barrier_leave read
	finish "$pid" first
	expect $'open 0\nexec 0\n0\nexec 0\nexec 0\nexec 0'
}

@test "two connections of one thread in an embedded copy do not wait for each other's turn before WAL is to be had" {
	setup_starts
	export SQLPROD_RESERVE=60000
	APP_TIMEOUT=20 run_shim "$victim" 'open a t.db' 'open b t.db' 'exec a BEGIN' 'exec a SELECT x FROM t' 'exec b BEGIN' 'exec b SELECT x FROM t' 'exec b COMMIT' 'exec a COMMIT'
	expect $'open 0\nopen 0\nexec 0\n0\nexec 0\nexec 0\n0\nexec 0\nexec 0\nexec 0'
	barrier_leave held
	finish "$holder" holder
}
