# sqlprod check --pid: what a running process has.
load sqlprod

# Starts a victim that has a.db open and waits; its own pid, below timeout's, is in $victim.
hold() {
	barrier_make "$PWD/held"
	start_plain holder "$@" victim 'open a a.db' 'exec a CREATE TABLE IF NOT EXISTS t(a)' 'exec a INSERT INTO t VALUES (1)' "barrier $PWD/held"
	barrier_meet held
	victim=$(pgrep -g "$started" -x victim)
}

release() {
	barrier_leave held
	finish "$started" holder
}

@test "check --pid exits with 0 for a process with the library, and shows its settings and databases" {
	hold "$sqlprod" run -s busy_timeout=1234 --
	run_app 0 "$sqlprod" check --pid "$victim"
	[[ $(records pid 2) == "$victim" && $(records program 2) == victim && $(records library 2) == "$library" ]]
	[[ $(records setting 2 3 4 | grep -e BUSY_TIMEOUT -e JOURNAL_MODE) == $'SQLPROD_JOURNAL_MODE wal recipe\nSQLPROD_BUSY_TIMEOUT 1234 operator' ]]
	[[ $(records database 2 3) == "$PWD/a.db wal" && $(records database 4) -gt 0 ]]
	[[ $(records verdict 2) == loaded ]]
	[[ -z $(records advisory 2) ]]
	release
	run_app 10 "$sqlprod" check --pid "$victim"
	expect_refused "no process $victim"
}

@test "check --pid exits with 1 for a process without the library, and shows its databases" {
	hold env
	run_app 1 "$sqlprod" check --pid "$victim"
	[[ $(records verdict 3) == *'it was started without it' && $(records database 2 3) == "$PWD/a.db rollback" ]]
	release
}

@test "check --pid drops no lock of the process" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held"
	barrier_meet held
	victim=$(pgrep -g "$started" -x victim)
	run_app 1 "$sqlprod" check --pid "$victim"
	[[ $(outside_lock a.db) == held ]]
	release
}

@test "check --pid --json says the same" {
	hold "$sqlprod" run -s cache_size=5 --
	run_app 0 "$sqlprod" check --json --pid "$victim"
	jq -e --arg file "$PWD/a.db" --argjson pid "$victim" '.pid == $pid and .verdict == "loaded" and .databases[0].database == $file
		and (.settings[] | select(.variable == "SQLPROD_CACHE_SIZE") | .value == "5" and .decided_by == "operator")' <<<"$output"
	release
}

@test "check --pid shows a bad setting of the process" {
	hold env LD_PRELOAD="$library" SQLPROD_BEGIN=perhaps
	run_app 0 "$sqlprod" check --pid "$victim"
	[[ $(records advisory 2) == 'SQLPROD_BEGIN="perhaps" is not understood, '* ]]
	release
}

@test "check --pid ignores the settings of its own environment" {
	hold "$sqlprod"
	SQLPROD_CACHE_SIZE=77 run_app 0 "$sqlprod" check --pid "$victim"
	[[ $(records setting 2 3 | grep CACHE_SIZE) == 'SQLPROD_CACHE_SIZE -20000' ]]
	release
}

@test "check --pid names another build of the library, and does not run it" {
	cp "$library" libsqlprod.so
	printf x >>libsqlprod.so
	hold env LD_PRELOAD="$PWD/libsqlprod.so"
	run_app 0 "$sqlprod" check --pid "$victim"
	[[ $(records advisory 2) == "$PWD/libsqlprod.so is not the library of this sqlprod "* ]]
	rm libsqlprod.so
	run_app 0 "$sqlprod" check --pid "$victim"
	[[ $(records advisory 2) == 'the library was replaced since the process started: '* ]]
	release
}

@test "check --pid names a process that the library cannot be loaded into" {
	printf '#include <unistd.h>\nint main(void) { pause(); }\n' | cc -static -x c -o static -
	start_plain static env LD_PRELOAD="$library" ./static
	until pid=$(pgrep -g "$started" -x static); do sleep 0.05; done
	run_app 1 "$sqlprod" check --pid "$pid"
	[[ $(records verdict 3) == *'LD_PRELOAD names it, but is fully static: '* ]]
}

@test "check --pid refuses a bad pid, one that is gone, and one of another user" {
	run_app 2 "$sqlprod" check --pid abc
	expect_refused 'check: --pid abc: not a process id'
	run_app 2 "$sqlprod" check --pid ''
	expect_refused 'check: --pid : not a process id'
	run_app 2 "$sqlprod" check --pid -1
	run_app 10 "$sqlprod" check --pid 4194305
	expect_refused 'no process 4194305'
	need_root
	as_nobody 11 "$sqlprod" check --pid $$
	expect_refused "process $$ cannot be examined by this user *"
}

@test "check --pid treats a zombie as gone" {
	start_plain parent sh -c 'sh -c "echo \$\$ >child" & exec sleep 60'
	until [[ -s child ]]; do sleep 0.05; done
	child=$(<child)
	until [[ $(awk '/^State/ { print $2 }' "/proc/$child/status") == Z ]]; do sleep 0.05; done
	run_app 10 "$sqlprod" check --pid "$child"
	expect_refused "process $child has ended, *"
}

@test "check --pid prints readable lines to a terminal" {
	hold "$sqlprod"
	run_on_terminal 0 env TERM=dumb "$sqlprod" check --pid "$victim"
	[[ $output == *"the library is in process $victim"* && $output != *$'\t'* ]]
	release
}
