# A program whose clock another library changes, as libfaketime does: it says that no time passes, and another one than the kernel.
load ../harness/harness

export APP_TIMEOUT=30

# clock RUN NAME LINE… - a victim with such a clock, in the background
clock() {
	local run=$1 name=$2
	shift 2
	if [[ $run == plain ]]; then
		start_plain "$name" "$gnu_env" LD_PRELOAD="$build/programs/stopped_clock.so" victim "$@"
	else
		preload_also=$build/programs/stopped_clock.so start_shim "$name" victim "$@"
	fi
}

@test "a wait that copies the -wal ends" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's clock_gettime() is in front of the one that changes the clock"
	for run in plain shim; do
		for way in sleep poll select clock_nanosleep; do
			rm -f a.db*
			clock $run waits 'open a a.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' "wait $way 700" 'close a'
			finish "$started" waits
			[[ $output == *$'\nwait 0 early\nclose 0' ]] || fail "$run $way"
		done
	done
}

@test "who waits for a lock has it once its holder was killed" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's clock_gettime() is in front of the one that changes the clock"
	barrier_make holds
	for run in plain shim; do
		rm -f a.db*
		clock $run holder 'open a a.db' 'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a BEGIN IMMEDIATE' 'exec a INSERT INTO t VALUES(1)' 'barrier holds'
		holder=$started
		barrier_meet holds
		clock $run waiter 'open a a.db' 'exec a PRAGMA busy_timeout=20000' 'exec a INSERT INTO t VALUES(2)' 'exec a SELECT x FROM t'
		wait_until_waits "$started"
		kill -KILL -- "-$holder"
		finish "$started" waiter
		[[ $output == *$'\nexec 0\n2\nexec 0' ]] || fail $run
	done
}
