# Faults by the thousand, by interposition and in embedded copies: every system call of a program on its database fails, or ends it; writers are killed at random.
load ../harness/harness

export PYTHONDONTWRITEBYTECODE=1
export APP_TIMEOUT=7200

inject() {
	run_app python3 "$root/tests/stress/faults/inject.py" "$build" "$scratch/faults" --way "$1"
	printf '# %s\n' "${lines[@]}" >&3
}

@test "by interposition, whatever system call or allocation fails, no acknowledged commit is lost and no new error appears" {
	inject front
}

@test "in an embedded copy, whatever system call or allocation fails, no acknowledged commit is lost and no new error appears" {
	inject embedded
}

# kills ROUNDS ARGUMENT…
kills() {
	run_app python3 "$root/tests/stress/faults/kill.py" "$build" "$scratch/kills" "$@"
	printf '# %s\n' "${lines[-1]}" >&3
}

@test "writers killed and stopped at random since the first use lose nothing, by interposition" {
	kills 1500 --way interposed --seed "$RANDOM"
}

@test "writers killed and stopped at random since the first use lose nothing, in an embedded copy" {
	kills 1500 --way embedded --seed "$RANDOM"
}

@test "without the library writers killed and stopped at random lose nothing, but get SQLITE_BUSY" {
	kills 100 --alone
	[[ ${lines[-1]} != *' 0 got SQLITE_BUSY'* ]]
}

# at_both_doors SCENE NUMBER - the same as alone; more than 1 MiB in the second half is a leak.
at_both_doors() {
	local program wanted
	for program in "$build/programs/unruly" "$build/embedded/unruly"; do
		rm -f u.db*
		run_plain "$program" "$1" u.db "$2"
		wanted=$(grep -v '^grew' <<<"$output" | sed 's/^journal_mode delete$/journal_mode wal/; s/^timeout 0$/timeout 30000/')
		rm -f u.db*
		run_shim "$program" "$1" u.db "$2"
		[[ $(grep -v '^grew' <<<"$output") == "$wanted" ]]
		[[ $output != *grew* ]] || ((${output##*grew } < 1024))
	done
}

@test "five thousand connections may be open at once" {
	ulimit -n 20000
	at_both_doors many 5000
}

@test "a hundred thousand connections, one after the other, leak no memory" {
	in_memory
	at_both_doors loop 100000
}

@test "two hundred thousand transactions, each prepared anew, leak no memory" {
	in_memory
	at_both_doors prepared 200000
}

@test "cancelled waits, longjmp out of callbacks, signal handlers and vfork work, by interposition and in embedded copies" {
	at_both_doors cancel 0
	at_both_doors jump 0
	at_both_doors handler 2000
	at_both_doors vfork 0
}
