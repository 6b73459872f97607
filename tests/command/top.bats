# sqlprod top: databases in use, who holds and who waits, sample by sample.
load sqlprod

# start_holder - a process without the library that holds the write lock of a.db; its pid is in $holder.
start_holder() {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	holder=$(pgrep -g "$started" -x victim)
}

start_waiter() {
	start_shim waiter victim 'open b a.db' 'exec b INSERT INTO t VALUES(1)'
	wait_until_waits "$started"
	waiter=$(pgrep -g "$started" -x victim)
	# what it slept for may have been the disk: futex(2), 202 on x86-64 and 98 on arm64
	until grep -qE '^(202|98) ' "/proc/$waiter/syscall"; do sleep 0.01; done
}

@test "into a pipe top writes records: the holder and the waiter, with and without the library" {
	start_holder
	start_waiter
	run_app "$sqlprod" top -c 1 a.db
	[[ $(records database 2 3 4 5 6) == "$PWD/a.db wal 2 2 1" ]]
	[[ $(records process 2 5 6 7) == *"$holder no write,read:"*" no"* && $(records process 2 5 6 7) == *"$waiter yes none yes"* ]]
	[[ $(records end 1) == end && ${lines[0]} == sample$'\t'* ]]
	[[ $(outside_lock a.db) == held ]]
	expect_quiet
}

@test "without a name top finds the databases that are open, and no other" {
	start_holder
	make_wal b.db
	run_app "$sqlprod" top -c 1
	[[ $(records database 2) == *"$PWD/a.db"* && $(records database 2) != *"$PWD/b.db"* ]]
}

# count_waits DATABASE - what top says of waits for it: how many, and so many ms, of all processes.
count_waits() {
	run_app "$sqlprod" top -c 1 "$1"
	expect_quiet
	records waits 3 4 | awk '{ waits += $1; spent += $2 } END { print waits + 0, spent + 0 }'
}

@test "waits are counted for their database, in a process that has two, and those without the library tell of none" {
	for way in shim plain; do
		rm -f ./*.db* held.*
		make_wal a.db
		make_wal b.db
		barrier_make "$PWD/held"
		"start_$way" waiter victim 'open b b.db' 'exec b INSERT INTO t VALUES(1)' 'open a a.db' 'busy_timeout a 60000' "barrier $PWD/held" \
			'exec a INSERT INTO t VALUES(1)' 'exec a INSERT INTO t VALUES(2)' 'sh touch written' "barrier $PWD/held" 'close a'
		waiter=$started
		barrier_meet held
		count_waits a.db
		[[ $way == plain && -z $(records waits 1) ]] || [[ $way == shim && $(records waits 3 4) == '0 0' ]]
		start_plain holder sqlite3 a.db 'BEGIN IMMEDIATE' '.shell touch holds; until [ -e go ]; do sleep 0.1; done' 'COMMIT'
		holder=$started
		until [[ -e holds ]]; do sleep 0.05; done
		barrier_leave held
		wait_until_waits "$waiter"
		sleep 0.5
		touch go
		barrier_meet held
		count_waits a.db
		if [[ $way == shim ]]; then
			[[ $(records waits 3) == 1 && $(records waits 4) -ge 400 ]]
			count_waits b.db
			[[ $(records waits 3 4) == '0 0' ]]
		else
			[[ -z $(records waits 1) ]]
		fi
		barrier_leave held
		finish "$waiter" waiter
		finish "$holder" holder
		rm -f holds go written
	done
}

@test "waits a second are shown, in 80 columns and in 120" {
	make_wal a.db
	start_shim writers contention c.db defaults processes 4 5000 0 30
	until [[ -e c.db-wal ]]; do sleep 0.05; done
	for columns in 80 120; do
		run_app env COLUMNS=$columns "$sqlprod" top --text -n 1 -c 3 c.db
		[[ $(awk '/c.db/ { waits = $5 } END { print waits }' <<<"$output") =~ ^[1-9][0-9]*\.[0-9]$ ]]
		[[ -z $(awk -v columns=$columns 'length > columns' <<<"$output") ]]
		expect_quiet
	done
}

@test "a user who may not look into a process sees nothing of its waits, and no message" {
	need_root
	make_wal a.db
	chmod 666 ./a.db*
	barrier_make held
	start_shim holder victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)' 'barrier held' 'close a'
	barrier_meet held
	run_app "$sqlprod" top -c 1 a.db
	[[ $(records waits 3) == 0 ]]
	as_nobody 0 "$sqlprod" top -c 1 "$PWD/a.db"
	[[ -z $(records waits 1) && $(records database 2) == "$PWD/a.db" ]]
	expect_quiet
}

@test "commits a second, the age of a lock and a reader that pins the -wal are shown as text, in 80 columns" {
	make_wal a.db
	start_plain reader sqlite3 a.db 'PRAGMA wal_autocheckpoint=0' 'INSERT INTO t VALUES(1)' 'BEGIN' 'SELECT * FROM t' '.shell touch ready; sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	start_plain writer sh -c 'while :; do sqlite3 a.db "PRAGMA wal_autocheckpoint=0; INSERT INTO t VALUES(1)"; done'
	run_app env COLUMNS=80 "$sqlprod" top --text -n 1 -c 4 a.db
	frame=$(awk '/^sqlprod top/ { frame = "" } { frame = frame $0 "\n" } END { printf "%s", frame }' <<<"$output")
	[[ $(grep -c '^sqlprod top' <<<"$output") -eq 4 ]]
	[[ $(awk '/a.db/ { print $4 }' <<<"$frame") =~ ^[0-9]+\.[0-9]$ && $(awk '/a.db/ { print $4 }' <<<"$frame") != 0.0 ]]
	# no process with the library tells of waits
	[[ $(awk '/a.db/ { print $5 }' <<<"$frame") == - ]]
	[[ $(grep sqlite3 <<<"$frame") =~ read.*sqlite3.*[1-9][0-9]*\ s.*pins\ [0-9]+\ frames ]]
	[[ -z $(awk 'length > 80' <<<"$output") ]]
	expect_quiet
}

@test "on a terminal top is refreshed in place, by curses and without Python" {
	# all tools but Python
	mkdir bin
	for folder in /bin /usr/bin; do
		find "$folder/" -maxdepth 1 ! -type d ! -name 'python*' -exec ln -sf -t bin {} +
	done
	start_holder
	run_on_terminal 0 env TERM=xterm "$sqlprod" top -n 1 -c 2 a.db
	[[ $output == *'sqlprod top'*DATABASE*write*victim* ]]
	run_on_terminal 0 env TERM=xterm PATH="$PWD/bin" "$sqlprod" top -n 1 -c 2 a.db
	[[ $output == *$'\e[2J'*$'\e[H'*'sqlprod top'*write*victim* ]]
}

@test "q ends top, and it leaves no process" {
	type -P tmux >/dev/null || skip "no tmux"
	start_holder
	tmux -L "top$$" -f /dev/null new-session -d -x 80 -y 24 "$sqlprod top -n 1 a.db; echo ended; sleep 60"
	until tmux -L "top$$" capture-pane -p | grep -q DATABASE; do sleep 0.1; done
	tmux -L "top$$" capture-pane -p | grep -q "write.*$holder.*victim"
	tmux -L "top$$" send-keys q
	until tmux -L "top$$" capture-pane -p | grep -q ended; do sleep 0.1; done
	tmux -L "top$$" kill-server
}

@test "top needs nothing but the shell and common tools, and the library in no process; to count waits, dd too" {
	start_holder
	mkdir bin
	for tool in sh awk cat tr sed readlink dirname find stat xargs sort cut od grep head date sleep uname; do ln -s "$(type -P $tool)" "bin/$tool"; done
	run_app env PATH="$PWD/bin" "$sqlprod" top -c 1 a.db
	[[ $(records process 2 6) == "$holder write,read:"* ]]
	start_waiter
	run_app env PATH="$PWD/bin" "$sqlprod" top -c 1 a.db
	[[ $(records process 2 7) == *"$waiter yes"* && -z $(records waits 1) ]]
	expect_quiet
	ln -s "$(type -P dd)" bin/dd
	run_app env PATH="$PWD/bin" "$sqlprod" top -c 1 a.db
	[[ $(records waits 2 3) == "$waiter 1" ]]
	run_app env PATH="$PWD/bin" "$sqlprod" top -c 1
	[[ $(records database 2) == *"$PWD/a.db"* ]]
	expect_quiet
}

@test "a database that vanishes or is emptied between two samples does no harm" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	start_plain top "$sqlprod" top --text -n 1 -c 3 a.db
	top=$started
	# once it has taken the name
	until grep -q '^sqlprod top' "$scratch/top.stdout"; do sleep 0.05; done
	start_plain churn sh -c 'while :; do sqlite3 a.db "CREATE TABLE IF NOT EXISTS t(a)"; : >a.db; rm -f a.db; : >a.db; done'
	finish "$top" top
	[[ $(grep -c '^sqlprod top' <<<"$output") -eq 3 ]]
}

@test "wrong usage of top gives one line and exit status" {
	run_app 2 "$sqlprod" top --nonsense
	expect_refused 'top: no option --nonsense; *'
	run_app 2 "$sqlprod" top -n x
	expect_refused 'top: -n x: not a number from 1 on'
	run_app 2 "$sqlprod" top -c
	expect_refused 'top: -c needs a value'
	run_app 4 "$sqlprod" top nothing.db
	expect_refused 'nothing.db: no such file'
	echo text >text
	run_app 6 "$sqlprod" top text
}
