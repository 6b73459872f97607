# sqlprod ab: the database itself is never touched, and is the same to the byte at every end.
load sqlprod

# Bytes, times, modes, owners and inodes of everything around the database.
seen() {
	stat -c '%n %i %s %y %a %U' -- a.db*
	sha256sum a.db*
}

# A WAL database with rows that are only in its -wal, as one leaves it that was killed.
make_left() {
	start_plain writer victim 'open a a.db' 'exec a PRAGMA journal_mode=wal' 'exec a CREATE TABLE t(a)' \
		'exec a INSERT INTO t VALUES (7)' 'sh touch ready' 'sh sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	pkill -KILL -g "$started" -x victim
	wait "$started" || true
	rm ready
	[[ -s a.db-wal ]]
}

writes='INSERT INTO t VALUES (8); DELETE FROM t WHERE a = 7; PRAGMA journal_mode=wal; PRAGMA user_version=9; VACUUM'

@test "ab restores the database after success" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	chmod 640 a.db
	touch -d '2001-02-03 04:05:06.789' a.db
	before=$(seen)
	run_app "$sqlprod" ab -n 2 --db a.db -- sqlite3 a.db "$writes"
	[[ $(seen) == "$before" && $(ls -A) == a.db ]]
}

@test "ab restores the database after success, with rows that are only in -wal" {
	make_left
	before=$(seen)
	run_app "$sqlprod" ab -n 2 --db a.db -- sh -c '[ "$(sqlite3 a.db "SELECT a FROM t")" = 7 ] && exec sqlite3 a.db "$0"' "$writes"
	[[ $(seen) == "$before" ]]
}

@test "ab restores the database after a failure, and if the command removes or damages it" {
	make_left
	before=$(seen)
	run_app 3 "$sqlprod" ab -n 2 --db a.db -- sh -c 'sqlite3 a.db "$0"; exit 5' "$writes"
	[[ $(seen) == "$before" ]]
	run_app "$sqlprod" ab -n 2 --db a.db -- sh -c 'rm -f a.db a.db-wal; echo text >a.db-shm'
	[[ $(seen) == "$before" ]]
	run_app "$sqlprod" ab -n 2 --db a.db -- sh -c 'echo text >a.db; : >a.db-journal; mv a.db-wal gone'
	rm gone
	[[ $(seen) == "$before" ]]
	run_app 3 "$sqlprod" ab -n 2 --db a.db -- sh -c 'kill -SEGV $$'
	[[ $(seen) == "$before" ]]
}

# Starts a comparison whose command stays, having written.
start_long() {
	cat >long <<-'END'
		#!/bin/sh
		sqlite3 a.db "PRAGMA journal_mode=wal; INSERT INTO t VALUES (8)" >/dev/null
		[ -z "${1-}" ] || trap '' TERM INT HUP
		touch ready
		sleep 60 &
		wait
		wait
	END
	chmod +x long
	TMPDIR=$scratch start_plain ab "$sqlprod" ab -n 2 --db a.db -- ./long "$@"
	until [[ -e ready ]]; do sleep 0.05; done
	# by their parents: the numbers of processes begin anew now and then
	guard=$(pgrep -P "$started" -f ab/main.py)
	# The same process was there before it became Python's.
	worker=$(pgrep -P "$guard" -f ab/main.py)
}

# The pids of the command's shells that still run here.
commands() {
	local pid
	for pid in $(pgrep -f '^/bin/sh ./long'); do
		[[ $(readlink "/proc/$pid/cwd") != "$PWD" ]] || echo "$pid"
	done
}

nothing_runs() {
	[[ -z $(commands) ]] || fail "still there: $(commands)"
	[[ -z $(find "$scratch" -maxdepth 1 -name 'sqlprod-ab.*') ]] || fail "a temporary folder stayed"
}

ended_by() {
	make_left
	before=$(seen)
	start_long "${@:3}"
	kill "-$1" "$guard"
	finish "$started" ab "$2"
	rm -f ready long
	[[ $(seen) == "$before" ]]
	nothing_runs
}

@test "ab restores the database after Ctrl-C" {
	make_left
	before=$(seen)
	start_long
	# A terminal sends it to all of the foreground.
	kill -INT "$guard" "$worker"
	finish "$started" ab 130
	rm -f ready long
	[[ $(seen) == "$before" ]]
	nothing_runs
}

@test "ab restores the database after SIGINT to the command alone" {
	ended_by INT 130
}

@test "ab restores the database after SIGTERM" {
	ended_by TERM 143
}

@test "ab restores the database after SIGHUP" {
	ended_by HUP 129
}

@test "ab restores the database after SIGTERM, if the command ignores it" {
	ended_by TERM 143 stays
}

@test "ab restores the database after SIGKILL of the measuring process" {
	make_left
	before=$(seen)
	start_long
	kill -KILL "$worker"
	finish "$started" ab 137
	rm -f ready long
	[[ $(seen) == "$before" ]]
	nothing_runs
}

@test "ab restores the database after SIGKILL of the supervising process" {
	make_left
	before=$(seen)
	start_long
	kill -KILL "$guard"
	finish "$started" ab 137
	while [[ -e /proc/$worker ]]; do sleep 0.05; done
	rm -f ready long
	[[ $(seen) == "$before" ]]
	nothing_runs
}

@test "ab --recover restores the database after SIGKILL of both processes, and no other comparison starts before" {
	make_left
	before=$(seen)
	start_long
	kill -KILL "$worker" "$guard"
	finish "$started" ab 137
	for pid in $(commands); do kill -KILL -- "-$(ps -o pgid= "$pid" | tr -d ' ')" 2>/dev/null || true; done
	rm -f ready long
	run_app 8 "$sqlprod" ab -n 1 --db a.db -- true
	expect_refused "ab: $PWD/a.db.sqlprod-ab holds a.db as it was * sqlprod ab --recover --db $PWD/a.db"
	run_app "$sqlprod" ab --recover --db a.db
	expect "$PWD/a.db: put back as it was"
	[[ $(seen) == "$before" ]]
	run_app 4 "$sqlprod" ab --recover --db a.db
}

@test "ab loses nothing when killed between two renames" {
	make_left
	before=$(seen)
	mkdir -m 700 a.db.sqlprod-ab
	mv a.db-wal a.db.sqlprod-ab/
	run_app "$sqlprod" ab --recover --db a.db
	[[ $(seen) == "$before" ]]
	mkdir -m 700 a.db.sqlprod-ab
	mv a.db-wal a.db-shm a.db a.db.sqlprod-ab/
	echo text >a.db
	run_app "$sqlprod" ab --recover --db a.db
	[[ $(seen) == "$before" ]]
}

@test "ab is refused while another process has the database open" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	exec 9<a.db
	run_app 8 "$sqlprod" ab -n 1 --db a.db -- true
	expect_refused "ab: $PWD/a.db: in use by process *"
	exec 9<&-
	[[ $(ls -A) == a.db ]]
	run_app "$sqlprod" ab -n 1 --db a.db -- true
}

@test "ab is refused while a process of another pid namespace has a WAL database open" {
	need_root
	unshare --pid --fork true 2>/dev/null || skip "no pid namespaces here"
	sqlite3 a.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(a)' >/dev/null
	barrier_make "$PWD/open"
	start_plain holder victim 'open a a.db' 'exec a SELECT * FROM t' "barrier $PWD/open"
	barrier_meet open
	run_app 8 unshare --pid --fork --mount-proc "$sqlprod" ab -n 1 --db a.db -- true
	expect_refused "ab: $PWD/a.db: in use by another process; *"
	barrier_leave open
	finish "$started" holder
	run_app unshare --pid --fork --mount-proc "$sqlprod" ab -n 1 --db a.db -- true
}

@test "ab refuses a second comparison of the same database" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	start_long
	run_app 8 "$sqlprod" ab -n 1 --db a.db -- true
	expect_refused "ab: $PWD/a.db: another sqlprod ab works with it"
	run_app 8 "$sqlprod" ab --recover --db a.db
	kill -TERM "$guard"
	finish "$started" ab 143
}

@test "every run of ab finds the database as it was, through links, and several databases" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	sqlite3 b.db 'CREATE TABLE t(a)'
	ln -s a.db link.db
	cat >adds <<-'END'
		#!/bin/sh
		for db in link.db b.db; do
			[ "$(sqlite3 $db 'SELECT count(*) FROM t')" = 0 ] || exit 1
			[ "$SQLPROD" != off ] || [ "$(sqlite3 $db 'PRAGMA journal_mode')" = delete ] || exit 1
			sqlite3 $db "INSERT INTO t VALUES (1)"
		done
	END
	chmod +x adds
	run_app "$sqlprod" ab -n 3 --db link.db --db b.db --db a.db -- ./adds
	[[ $(observer query a.db 'SELECT count(*) FROM t') == 0 && $(observer query b.db 'SELECT count(*) FROM t') == 0 ]]
	[[ -L link.db ]]
	expect_quiet
}

@test "ab points out a database that was not named" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	run_app "$sqlprod" ab -n 1 --warmup 0 -- sqlite3 a.db 'SELECT * FROM t'
	[[ $output == *"$PWD/a.db is not put back before each run: --db $PWD/a.db"* ]]
}

@test "ab ends processes that a run leaves running before the next run" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	printf '#!/bin/sh\nsetsid sh -c "exec 9<>a.db; exec sleep 60" >/dev/null 2>&1 &\n' >leaves
	chmod +x leaves
	run_app "$sqlprod" ab -n 1 --warmup 0 --db a.db -- ./leaves
	[[ $output == *'left processes running'* ]]
	run_app "$sqlprod" ab -n 1 --warmup 0 --db a.db -- true
}

@test "ab refuses a database in a folder without write permission" {
	need_root
	sqlite3 a.db 'CREATE TABLE t(a)'
	chmod 644 a.db
	as_nobody 5 "$sqlprod" ab -n 1 --db a.db -- true
	[[ $stderr == *"a.db.sqlprod-ab: Permission denied"* ]]
}

@test "ab stops when another process opens the copy" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	before=$(seen)
	start_plain ab "$sqlprod" ab -n 50 --db a.db -- sh -c 'touch ready; while [ ! -e opened ]; do sleep 0.05; done'
	until [[ -e ready ]]; do sleep 0.05; done
	exec 9<a.db
	touch opened
	finish "$started" ab 8
	exec 9<&-
	[[ $stderr == *'has opened the copy in its place'* ]]
	rm ready opened
	[[ $(seen) == "$before" ]]
}
