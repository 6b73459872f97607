# sqlprod locks: which process holds which lock of a database, and which waits.
load sqlprod

# The field of the line of that process: holder_field PID N.
holder_field() {
	awk -F '\t' -v pid="$1" -v n="$2" '$1 == "process" && $2 == pid { print $n }' <<<"$output"
}

# The pid of the program that was started under timeout.
program_of() {
	pgrep -g "$1" -x "$2"
}

@test "the holder of the write lock is named, without the library and with it" {
	make_wal a.db
	for way in start_plain start_shim; do
		barrier_make "$PWD/$way"
		# a slow machine takes longer for the look than a transaction may hold the lock without a word
		SQLPROD_LOG_TRANSACTION=0 $way holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' 'exec a INSERT INTO t VALUES (2)' "barrier $PWD/$way" 'exec a ROLLBACK'
		barrier_meet "$way"
		pid=$(program_of "$started" victim)
		run_app "$sqlprod" locks a.db
		[[ ,$(holder_field "$pid" 6), == *,write,* && $(holder_field "$pid" 4) == victim ]]
		[[ $(holder_field "$pid" 3) == "$(id -un)" ]]
		[[ $(holder_field "$pid" 5) == "$([[ $way == start_shim ]] && echo yes || echo no)" ]]
		barrier_leave "$way"
		finish "$started" holder
	done
	expect_quiet
}

@test "a Python that holds the lock is named with its script, and one that waits" {
	make_wal a.db
	cat >hold.py <<-'PYTHON'
		import sqlite3, sys
		db = sqlite3.connect("a.db", isolation_level=None)
		db.execute("BEGIN IMMEDIATE")
		open("begun", "w").close()
		open(sys.argv[1]).read()
		db.execute("COMMIT")
	PYTHON
	mkfifo go
	start_shim holder python3 hold.py go
	holder=$started
	until [[ -e begun ]]; do sleep 0.05; done
	# code on the command line is not shown: it may hold anything
	start_shim waiter python3 -c 'import sqlite3; sqlite3.connect("a.db").execute("INSERT INTO t VALUES(2)")'
	for _ in {1..200}; do
		run_app "$sqlprod" locks a.db
		[[ $(records process 4 7) != *python*yes* ]] || break
		sleep 0.05
	done
	rows=$(records process 4 6 7)
	grep -q '^python3 hold.py [^ ]*write[^ ]* no$' <<<"$rows"
	grep -q '^python3 -c none yes$' <<<"$rows"
	echo >go
	finish "$holder" holder
	finish "$started" waiter
}

@test "a reader is named with the last frame that it may see" {
	make_wal a.db
	sqlite3 a.db 'PRAGMA wal_autocheckpoint=0' >/dev/null
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a PRAGMA wal_autocheckpoint=0' 'exec a INSERT INTO t VALUES (2)' 'exec a BEGIN' 'exec a SELECT * FROM t' "barrier $PWD/held"
	barrier_meet held
	run_app "$sqlprod" locks a.db
	[[ $(holder_field "$(program_of "$started" victim)" 6) == read:1 ]]
	[[ $(records wal_frames 2 3) == '1 0' ]]
	barrier_leave held
	finish "$started" holder
}

@test "a process that waits with the library is seen to wait" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	holder=$started
	start_shim waiter victim 'open a a.db' 'exec a BEGIN IMMEDIATE' 'exec a COMMIT'
	pid=
	until [[ $pid ]]; do pid=$(program_of "$started" victim) || sleep 0.05; done
	for _ in {1..200}; do
		run_app "$sqlprod" locks a.db
		[[ $(holder_field "$pid" 7) != yes ]] || break
		sleep 0.05
	done
	[[ $(holder_field "$pid" 7) == yes && $(holder_field "$pid" 6) == none ]]
	[[ $(holder_field "$(program_of "$holder" victim)" 7) == no ]]
	barrier_leave held
	finish "$holder" holder
	finish "$started" waiter
}

@test "the locks of a rollback journal are named" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	run_app "$sqlprod" locks a.db
	[[ ,$(holder_field "$(program_of "$started" victim)" 6), == *,reserved,* ]]
	barrier_leave held
	finish "$started" holder
}

@test "a stopped holder is named, and a killed one is gone" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	pid=$(program_of "$started" victim)
	kill -STOP "$pid"
	run_app "$sqlprod" locks a.db
	[[ ,$(holder_field "$pid" 6), == *,write,* ]]
	kill -KILL "$pid"
	wait "$started" || true
	run_app 1 "$sqlprod" locks a.db
	[[ $output != *process* ]]
}

@test "looking drops no lock of the process that holds it" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	run_app "$sqlprod" locks a.db
	[[ $(outside_lock a.db) == held ]]
	barrier_leave held
	finish "$started" holder
}

@test "the JSON says the same" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	run_app "$sqlprod" locks --json a.db
	jq -e --arg file "$PWD/a.db" --argjson pid "$(program_of "$started" victim)" '.database == $file and .journal_mode == "wal"
		and (.processes | length) == 1 and .processes[0].pid == $pid and (.processes[0].locks | index("write") != null)
		and .processes[0].library == false and .processes[0].waiting == false' <<<"$output"
	barrier_leave held
	finish "$started" holder
	run_app 1 "$sqlprod" locks --json a.db
	jq -e '.processes == []' <<<"$output"
}

@test "another user's process is named to root" {
	need_root
	make_wal a.db
	chmod 777 "$scratch" "$scratch/work" && chmod 666 a.db
	start_plain holder as-nobody sqlite3 a.db 'BEGIN IMMEDIATE' '.shell touch ready; sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	run_app "$sqlprod" locks a.db
	[[ $(records process 3 6) == 'nobody '*write* ]]
}

# The kernel shows no lock of a process that has no pid here.
@test "a process of an inner pid namespace is named, one of an outer is not seen" {
	need_root
	unshare --pid --fork true 2>/dev/null || skip "no pid namespaces here"
	make_wal a.db
	start_plain holder unshare --pid --fork --mount-proc sqlite3 a.db 'BEGIN IMMEDIATE' '.shell touch ready; sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	run_app "$sqlprod" locks a.db
	[[ $(records process 6) == *write* ]]
	run_app 1 unshare --pid --fork --mount-proc "$sqlprod" locks a.db
}

@test "what is no database is refused, and no process is an answer" {
	echo nothing >a.txt
	run_app 6 "$sqlprod" locks a.txt
	run_app 4 "$sqlprod" locks none.db
	run_app 2 "$sqlprod" locks
	run_app 2 "$sqlprod" locks --nothing
	make_wal a.db
	run_app 1 "$sqlprod" locks a.db
	[[ $(records database 2) == "$PWD/a.db" ]]
}

@test "a process that has begun with the library is named so, and one that writes meanwhile" {
	make_wal a.db
	barrier_make "$PWD/begun"
	barrier_make "$PWD/wrote"
	start_shim holder victim 'open a a.db' 'exec a BEGIN' "barrier $PWD/begun" 'exec a ROLLBACK'
	holder=$started
	barrier_meet begun
	start_shim writer victim 'open b a.db' 'exec b BEGIN IMMEDIATE' 'exec b INSERT INTO t VALUES (2)' "barrier $PWD/wrote" 'exec b ROLLBACK'
	writer=$started
	barrier_meet wrote
	run_app "$sqlprod" locks a.db
	[[ $(holder_field "$(program_of "$holder" victim)" 6) == begun ]]
	[[ ,$(holder_field "$(program_of "$writer" victim)" 6), == *,write,* ]]
	barrier_leave wrote
	barrier_leave begun
	finish "$writer" writer
	finish "$holder" holder
}
