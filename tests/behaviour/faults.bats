# Limits, libraries loaded before ours, programs that misuse SQLite, system calls that fail: nothing is lost and no program is blocked.
# tests/stress/faults.bats has the whole of it.
load ../harness/harness

# like_alone ARGUMENT… - unruly prints the same with the library as without, but for the settings.
like_alone() {
	local wanted
	rm -f u.db*
	run_plain unruly "$1" u.db "${@:2}"
	wanted=$(sed 's/^journal_mode delete$/journal_mode wal/; s/^timeout 0$/timeout 30000/' <<<"$output")
	rm -f u.db*
	run_shim unruly "$1" u.db "${@:2}"
	expect "$wanted"
}

@test "the operator's settings are applied to a library that opens a database before our constructor" {
	preload_also=$build/programs/early.so
	for word in SQLPROD_JOURNAL_MODE=wal:wal SQLPROD_JOURNAL_MODE=truncate:truncate SQLPROD=off:delete SQLPROD_SKIP_PROGRAMS=true:delete; do
		rm -f ./*.db*
		export "${word%:*}"
		run_shim true
		unset "${word%%=*}"
		expect $'early.db 0\njournal_mode '"${word#*:}"$'\nclose 0\nlate.db 0\njournal_mode '"${word#*:}"
	done
}

@test "a database that a library closes after our destructor has one line in the report" {
	preload_also=$build/programs/early.so
	SQLPROD_REPORT=$scratch/report.json run_shim true
	[[ $(report "$scratch/report.json" database | xargs -n 1 basename | xargs) == 'early.db late.db' ]]
}

@test "a program with RLIMIT_FSIZE is not killed by a WAL that outgrows its database" {
	script=('open a t.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(100000))' 'repeat 50' 'exec a UPDATE t SET x=randomblob(100000)' 'end'
		'close a')
	run_plain bash -c 'ulimit -f 1024; exec victim quiet "$@"' - "${script[@]}"
	rm t.db
	SQLPROD_REPORT=$scratch/report.json run_shim bash -c 'ulimit -f 1024; exec victim quiet "$@"' - "${script[@]}"
	[[ $(outside_pragma t.db journal_mode) == delete ]]
	[[ $(report "$scratch/report.json" settings journal_mode reason) == *RLIMIT_FSIZE* ]]
	rm t.db
	run_shim bash -c 'ulimit -f 1048576; exec victim quiet "$@"' - "${script[@]}"
	[[ $(outside_pragma t.db journal_mode) == wal ]]
	rm t.db
	SQLPROD_JOURNAL_MODE=wal run_shim 153 bash -c 'ulimit -f 1024; exec victim quiet "$@"' - "${script[@]}"
}

@test "a relative path of log and report refers to the folder in which the program started" {
	mkdir elsewhere
	SQLPROD_REPORT=r.%p SQLPROD_LOG=l SQLPROD_LOG_LEVEL=debug run_shim victim 'open a t.db' 'chdir elsewhere' 'exec a CREATE TABLE t(x)' 'close a'
	[[ -s l && $(cat r.*) == *'/t.db"'* && -z $(ls elsewhere) ]]
}

@test "a thread that waits for the lock can be cancelled" {
	like_alone cancel
	expect $'cancelled\ncount(*) 1'
}

@test "a callback that leaves by longjmp leaves the connection working" {
	like_alone jump
}

# SQLite itself is not made for it: a build with assertions ends there.
@test "an authorizer that leaves a compile by longjmp leaves the connection working, and the stack alone" {
	run_plain any jumps u.db
	[[ $status -eq 0 ]] || skip "without the library the program does not survive it"
	[[ $output == *'ALTER TABLE e ADD COLUMN y 3: 0 0 0'* ]]
	wanted=$output
	rm -f u.db*
	run_shim jumps u.db
	expect "$wanted"
}

@test "a signal handler may open files with SQLite's flags at any moment" {
	like_alone handler 100
}

@test "a child of vfork may open files with SQLite's flags" {
	like_alone vfork
}

@test "a thread needs at most 1 KiB more stack than without the library" {
	run_plain unruly stack u.db
	alone=${output#stack }
	rm u.db*
	SQLPROD_REPORT=$scratch/report.json run_shim unruly stack u.db
	((${output#stack } <= alone + 1024))
}

@test "connections and transactions by the thousand leave no memory behind" {
	for scene in 'loop 4000' 'prepared 4000'; do
		rm -f u.db*
		# shellcheck disable=SC2086 # two words
		SQLPROD_REPORT=$scratch/report.json run_shim unruly ${scene% *} u.db ${scene#* }
		((${lines[1]#grew } < 512))
	done
}

# The whole of it would take minutes: every ninth call.
inject() {
	rm -rf "$scratch/faults"
	PYTHONDONTWRITEBYTECODE=1 run_app python3 "$root/tests/stress/faults/inject.py" "$build" "$scratch/faults" "$@"
}

@test "a system call that fails once in a transaction that changes a large schema leaves all of it or nothing" {
	inject --fault 'EIO once' --scene 9 --stride 9
}

@test "a process killed at any system call since its first use loses no acknowledged commit" {
	inject --fault kill --scene 0,2,3 --stride 9
}

@test "an allocation that fails, the library's or SQLite's, costs no row that foreign keys could delete" {
	inject --fault 'the library out of memory once' --scene 6,7,10
	inject --fault 'SQLite out of memory once' --scene 10 --stride 3
}

@test "a sandbox that refuses the library's system calls leaves the program working, with the settings that need none of them" {
	script=('open a t.db' 'exec a CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT' 'exec a SELECT x FROM t'
		'exec a PRAGMA journal_mode' 'close a')
	for answer in EPERM ENOSYS; do
		for calls in statfs,fstatfs readlink,readlinkat poll,ppoll,rt_sigprocmask,rt_sigpending,rt_sigtimedwait,fchmod,getpid; do
			rm -f t.db*
			run_app filter "$answer" "$calls" victim "${script[@]}"
			wanted=${output/delete/wal}
			rm -f t.db*
			SQLPROD_BUSY_TIMEOUT=soon SQLPROD_REPORT=$scratch/report.json run_app filter "$answer" "$calls" \
				LD_PRELOAD="$preload" victim "${script[@]}"
			expect "$wanted"
		done
	done
}

@test "a sandbox that kills for statfs(2) kills a program with the library, as the manual says" {
	run_app filter kill statfs victim 'open a t.db' 'exec a CREATE TABLE t(x)'
	run_app 159 filter kill statfs LD_PRELOAD="$preload" victim 'open b u.db' 'exec b CREATE TABLE t(x)'
}
