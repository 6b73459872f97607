# A transaction that was begun without the write lock reserves the database at its first read: it does not fail when it writes, and
# delays others no longer than SQLPROD_RESERVE.
load ../harness/harness

make_database() {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(n); INSERT INTO t VALUES(0)' >/dev/null
}

make_database_anew() {
	rm -f t.db* read held
	make_database
}

# Processes that each add one to a counter, so many times, in a transaction that reads first: add_up RUN PROCESSES TIMES BEGIN COMMIT.
# Leaves the number of errors in $errors.
add_up() {
	local run=$1 processes=$2 times=$3 begin=$4 commit=$5 pids=() i
	errors=0
	for ((i = 0; i < processes; i++)); do
		"start_$run" "p$i" victim quiet 'open a t.db' 'busy_timeout a 60000' "repeat $times" "exec a $begin" 'exec a SELECT n FROM t' \
			'sh true' 'exec a UPDATE t SET n=n+1' "exec a $commit" 'end' 'close a'
		pids+=("$started")
	done
	for ((i = 0; i < processes; i++)); do
		finish "${pids[i]}" "p$i"
		errors=$((errors + $(grep -c '^exec [1-9]' <<<"$output" || true)))
	done
}

@test "BEGIN DEFERRED and SAVEPOINT that read and then write never fail, in six processes" {
	export SQLPROD_RESERVE=20000
	for form in 'BEGIN DEFERRED:COMMIT' 'begin deferred transaction:COMMIT' 'SAVEPOINT one:RELEASE one'; do
		for run in plain shim; do
			rm -f t.db*
			make_database
			add_up "$run" 6 30 "${form%:*}" "${form#*:}"
			if [[ $run == plain ]]; then
				((errors > 0))
			else
				((errors == 0))
				[[ $(observer query t.db 'SELECT n FROM t') == 180 ]]
			fi
		done
	done
}

@test "a plain BEGIN that reserves never fails either, in 2 to 32 processes" {
	export SQLPROD_BEGIN=reserve SQLPROD_RESERVE=20000
	for processes in 2 8 32; do
		rm -f t.db*
		make_database
		add_up shim "$processes" 10 BEGIN COMMIT
		((errors == 0))
		[[ $(observer query t.db 'SELECT n FROM t') == $((processes * 10)) ]]
	done
	SQLPROD_BEGIN=keep add_up shim 8 10 BEGIN COMMIT
	((errors > 0))
}

@test "threads reserve from each other too" {
	for begin in keep:yes reserve:no; do
		rm -f t.db*
		SQLPROD_BEGIN=${begin%:*} run_shim contention t.db defaults threads 8 1000 0 1
		[[ ${lines[0]} == *' 0 0' ]] || [[ ${begin#*:} == yes ]]
		[[ ${lines[0]} != *' 0 0' ]] || [[ ${begin#*:} == no ]]
	done
}

@test "while a transaction has the database reserved no lock is held, and a program without the library can write" {
	make_database
	for run in run_plain run_shim; do
		$run victim 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT count(*) FROM t' 'sh observer lock t.db' 'exec a COMMIT' 'close a'
		expect $'open 0\nexec 0\n1\nexec 0\nfree\nexec 0\nclose 0'
	done
}

# A transaction reads, and is left at its barrier. reader_begins RUN
reader_begins() {
	make_database
	barrier_make held
	"start_$1" reader victim 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'barrier held' 'exec a UPDATE t SET n=n+1' \
		'exec a COMMIT' 'close a'
	reader=$started
	barrier_meet held
}

@test "a writer waits for a reservation, and the transaction that has it writes" {
	export SQLPROD_RESERVE=60000
	for run in plain shim; do
		rm -f t.db* held.*
		reader_begins "$run"
		"start_$run" writer victim 'open b t.db' 'busy_timeout b 60000' 'exec b UPDATE t SET n=n+10' 'close b'
		writer=$started
		[[ $run == plain ]] || wait_until_waits "$writer"
		[[ $run == shim ]] || finish "$writer" writer
		barrier_leave held
		finish "$reader" reader
		if [[ $run == plain ]]; then
			[[ $output == *'exec 5 database is locked'* ]]
		else
			[[ $output != *'exec 5'* ]]
			finish "$writer" writer
			expect $'open 0\nbusy_timeout 0\nexec 0\nclose 0'
			[[ $(observer query t.db 'SELECT n FROM t') == 11 ]]
		fi
	done
}

# A connection takes the write lock for a moment to look whether the database is reserved; on a loaded machine its process may be off its
# processor just then.
@test "a connection whose own wait is short, by its timeout or its busy handler, does not fail for another one's reservation" {
	for wait in 'busy_handler b on' 'busy_timeout b 0' 'busy_timeout b 20'; do
		for run in plain shim; do
			for lines in 'exec b UPDATE t SET n=n+1' 'exec b BEGIN IMMEDIATE; UPDATE t SET n=n+1; COMMIT' \
				'exec b BEGIN DEFERRED; SELECT n FROM t; UPDATE t SET n=n+1; COMMIT' \
				'exec b SAVEPOINT s; SELECT n FROM t; UPDATE t SET n=n+1; RELEASE s'; do
				make_database_anew
				rm -f held.*
				barrier_make held
				"start_$run" holder victim 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'barrier held' 'exec a COMMIT'
				holder=$started
				barrier_meet held
				SQLPROD_BUSY_TIMEOUT=keep "run_$run" victim 'open b t.db' "$wait" "$lines" 'close b'
				[[ $output == *$'\nexec 0\nclose 0' && $(observer query t.db 'SELECT n FROM t') == 1 ]]
				barrier_leave held
				finish "$holder" holder
			done
		done
	done
}

@test "a connection whose own wait is short does not wait for a reservation of a minute" {
	make_database
	barrier_make held
	SQLPROD_RESERVE=60000 start_shim holder victim 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'barrier held' 'exec a COMMIT'
	holder=$started
	barrier_meet held
	SECONDS=0
	SQLPROD_BUSY_TIMEOUT=keep run_shim victim 'open b t.db' 'busy_timeout b 0' 'exec b UPDATE t SET n=n+1'
	[[ $output == *$'\nexec 5 database is locked' ]] && ((SECONDS < 20))
	barrier_leave held
	finish "$holder" holder
}

@test "a transaction that has a reservation waits for another process's look at the write lock, which takes 0.3 seconds" {
	export SQLPROD_RESERVE=20000
	for run in plain shim; do
		rm -f t.db* held.* looks asked
		reader_begins "$run"
		start_plain look python3 -c 'if True:
			import fcntl, os, time
			with open("t.db-shm", "r+b") as shm:
			    fcntl.lockf(shm, fcntl.LOCK_EX, 1, 120)
			    open("looks", "w").close()
			    while not os.path.exists("asked"):
			        time.sleep(0.01)
			    time.sleep(0.3)'
		look=$started
		until [[ -e looks ]]; do sleep 0.01; done
		barrier_leave held
		touch asked
		finish "$reader" reader
		[[ $run == plain && $output == *'exec 5 database is locked'* ]] || [[ $run == shim && $output != *'exec 5'* ]]
		finish "$look" look
	done
	[[ $(observer query t.db 'SELECT n FROM t') == 1 ]]
}

# It may be stopped just then, for longer than a reservation lasts. Beside a plain BEGIN, which shares the lock, it has the second one.
@test "a transaction that shares the lock and has a reservation keeps it while another process looks at the lock for longer than that lasts" {
	export SQLPROD_RESERVE=3000
	for run in plain shim; do
		rm -f t.db* looks asked ready
		make_database
		start_plain look python3 -c 'if True:
			import fcntl, os, time
			open("ready", "w").close()
			while not os.path.exists("asked"):
			    time.sleep(0.01)
			with open("t.db-shm", "r+b") as shm:
			    fcntl.lockf(shm, fcntl.LOCK_SH, 1, 120)
			    fcntl.lockf(shm, fcntl.LOCK_EX, 1, 129)
			    open("looks", "w").close()
			    time.sleep(5)'
		look=$started
		until [[ -e ready ]]; do sleep 0.01; done
		"run_$run" victim 'open a t.db' 'exec a BEGIN' 'exec a SELECT n FROM t' 'sh touch asked; until [ -e looks ]; do sleep 0.01; done' \
			'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'close a'
		[[ $run == plain && $output == *'exec 5 database is locked'* ]] || [[ $run == shim && $output != *'exec 5'* ]]
		finish "$look" look
	done
	[[ $(observer query t.db 'SELECT n FROM t') == 1 ]]
}

@test "a transaction that is killed or stopped with a reservation stops nobody, and loses it" {
	export SQLPROD_RESERVE=100
	for signal in KILL STOP; do
		rm -f t.db* held.*
		reader_begins shim
		kill "-$signal" -- "-$reader"
		run_shim victim 'open b t.db' 'exec b UPDATE t SET n=n+10' 'exec b BEGIN DEFERRED' 'exec b SELECT n FROM t' 'exec b UPDATE t SET n=n+1' \
			'exec b COMMIT' 'close b'
		expect $'open 0\nexec 0\nexec 0\n10\nexec 0\nexec 0\nexec 0\nclose 0'
		kill -CONT -- "-$reader" 2>/dev/null || true
		if [[ $signal == STOP ]]; then
			barrier_leave held
			finish "$reader" reader
			[[ $output == *'exec 5 database is locked'* ]]
		fi
	done
}

@test "a reservation that has lapsed is counted" {
	export SQLPROD_RESERVE=50
	SQLPROD_REPORT=$scratch/report.json reader_begins shim
	run_shim victim 'open b t.db' 'exec b UPDATE t SET n=n+10' 'close b'
	expect $'open 0\nexec 0\nclose 0'
	barrier_leave held
	finish "$reader" reader
	[[ $(report "$scratch/report.json" transactions lapsed) == 1 && $(report "$scratch/report.json" transactions reserved) == 1 ]]
}

@test "a forked child that closes what it inherited leaves the parent's reservation alone" {
	make_database
	export SQLPROD_RESERVE=60000
	cat >fork.py <<-'PYTHON'
		import os, sqlite3, subprocess, sys
		a = sqlite3.connect('t.db', isolation_level=None)
		a.execute('BEGIN DEFERRED'); a.execute('SELECT n FROM t').fetchall()
		child = os.fork()
		if not child:
		    a.rollback(); a.close(); os._exit(0)
		os.waitpid(child, 0)
		writer = subprocess.Popen(['victim', 'open b t.db', 'busy_timeout b 60000', 'exec b UPDATE t SET n=n+10', 'close b'], stdout=subprocess.DEVNULL)
		try: writer.wait(1)
		except subprocess.TimeoutExpired: pass
		a.execute('UPDATE t SET n=n+1'); a.execute('COMMIT'); writer.wait(); print(a.execute('SELECT n FROM t').fetchone()[0])
	PYTHON
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 run_shim /usr/bin/python3 fork.py
	expect 11
	run_plain any /usr/bin/python3 fork.py
	[[ $stderr == *'database is locked'* ]]
}

@test "transactions that have only ever read take no reservation any more, until one writes" {
	make_database
	read=('exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'exec a COMMIT')
	SQLPROD_REPORT=$scratch/report.json run_shim victim quiet 'open a t.db' 'repeat 20' "${read[@]}" 'end' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' \
		'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'repeat 3' "${read[@]}" 'end' 'close a'
	[[ $(report "$scratch/report.json" transactions begun) == 24 ]]
	[[ $(report "$scratch/report.json" transactions reserved) == 8 && $(report "$scratch/report.json" transactions learnt_to_read) == 16 ]]
}

@test "one that has read for longer than its reservation lasts, while another wrote, tells at once that others like it only read" {
	export SQLPROD_RESERVE=100
	read=('exec a BEGIN DEFERRED' 'exec a SELECT n FROM t')
	for writes in 1:1 0:2; do
		make_database_anew
		rm -f "$scratch/report.json" lapsed.*
		barrier_make lapsed
		SQLPROD_REPORT=$scratch/report.json start_shim reader victim quiet 'open a t.db' "${read[@]}" 'barrier lapsed' 'exec a COMMIT' "${read[@]}" 'exec a COMMIT' 'close a'
		reader=$started
		barrier_meet lapsed
		if [[ $writes == 1:* ]]; then run_shim victim 'open b t.db' 'exec b UPDATE t SET n=n+10' 'close b'; else sleep 0.2; fi
		barrier_leave lapsed
		finish "$reader" reader
		[[ $(report "$scratch/report.json" transactions reserved) == "${writes#*:}" ]]
		[[ $(report "$scratch/report.json" transactions learnt_to_read) == $((2 - ${writes#*:})) ]]
	done
}

@test "forked children know from each other which transactions only read: one writer waits for one of them, and not for each" {
	make_database
	cat >readers.py <<-'PYTHON'
		import os, sqlite3, sys, time
		parent = sqlite3.connect('t.db', isolation_level=None)
		parent.execute('UPDATE t SET n=0')
		children, said, over = [], os.pipe(), os.pipe()
		for i in range(4):
		    child = os.fork()
		    if not child:
		        os.close(over[1])
		        c = sqlite3.connect('t.db', isolation_level=None)
		        c.execute('BEGIN DEFERRED'); c.execute('SELECT n FROM t').fetchone(); os.write(said[1], b'.'); os.read(over[0], 1); c.execute('COMMIT')
		        os._exit(0)
		    children.append(child); os.read(said[0], 1)
		    began = time.monotonic(); parent.execute('UPDATE t SET n=n+1'); print(int(time.monotonic() - began > 2))
		os.close(over[1])
		for child in children: os.waitpid(child, 0)
	PYTHON
	export SQLPROD_RESERVE=4000
	run_shim any /usr/bin/python3 readers.py
	expect $'1\n0\n0\n0'
	SQLPROD_BEGIN_DEFERRED=keep run_shim any /usr/bin/python3 readers.py
	expect $'0\n0\n0\n0'
}

# How long a writer waits beside a reader that begins: long or short.
writer_waits() {
	local began=$EPOCHREALTIME
	"run_$run" victim 'open b t.db' 'busy_timeout b 60000' 'exec b UPDATE t SET n=n+1' 'close b'
	expect $'open 0\nbusy_timeout 0\nexec 0\nclose 0'
	waited+=" $((${EPOCHREALTIME/./} - ${began/./} > 2000000 ? 1 : 0))"
}

# A process that reads by that text and stays: its number, SQLPROD_RESERVE, what it does after it was let go.
start_reader() {
	local number=$1 reserve=$2
	shift 2
	rm -f "held$number".*
	barrier_make "held$number"
	SQLPROD_RESERVE=$reserve "start_$run" "reader$number" victim quiet 'open a t.db' 'busy_timeout a 60000' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' \
		"barrier held$number" "$@" 'close a'
	readers[number]=$started
	barrier_meet "held$number"
}

@test "beside one that reads by the same text for long a transaction of another process has time to write, and those after it as much" {
	for run in shim plain; do
		make_database_anew
		readers=() waited=''
		start_reader 1 300 'exec a COMMIT'
		writer_waits
		rm -f wrote.*
		barrier_make wrote
		start_reader 2 12000 'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'barrier wrote'
		"start_$run" writer victim 'open b t.db' 'busy_timeout b 60000' 'exec b UPDATE t SET n=n+1' 'close b'
		local writer=$started
		sleep 1.2
		barrier_leave held2
		barrier_meet wrote
		finish "$writer" writer
		expect $'open 0\nbusy_timeout 0\nexec 0\nclose 0'
		waited=''
		start_reader 3 4000 'exec a COMMIT'
		writer_waits
		[[ $waited == " $([[ $run == shim ]] && echo 1 || echo 0)" ]]
		barrier_leave wrote
		barrier_leave held1
		barrier_leave held3
		finish "${readers[2]}" reader2
		[[ $run$output == @(plain*'exec 5'*|shim*) && $run$output != shim*'exec 5'* ]]
		finish "${readers[1]}" reader1
		finish "${readers[3]}" reader3
		[[ $output != *'exec 5'* ]]
	done
}

@test "a transaction that fails as it had too little time to write tells the next one like it how much that needs, though its process has ended" {
	for run in shim plain; do
		make_database_anew
		readers=() waited=''
		start_reader 1 300 'exec a COMMIT'
		writer_waits
		start_reader 2 400 'exec a UPDATE t SET n=n+1'
		writer_waits
		sleep 1
		barrier_leave held2
		finish "${readers[2]}" reader2
		[[ $output == *'exec 5'* ]]
		start_reader 3 6000 'exec a UPDATE t SET n=n+1' 'exec a COMMIT'
		"start_$run" writer victim 'open b t.db' 'busy_timeout b 60000' 'exec b UPDATE t SET n=n+1' 'close b'
		local writer=$started
		sleep 2.2
		barrier_leave held3
		finish "${readers[3]}" reader3
		[[ $run$output == @(plain*'exec 5'*|shim*) && $run$output != shim*'exec 5'* ]]
		finish "$writer" writer
		barrier_leave held1
		finish "${readers[1]}" reader1
	done
}

@test "the more transactions of other processes read on by the same text, the shorter is the wait for the next one" {
	make_database
	readers=() waited='' run=shim
	for number in 1 2 3 4; do
		start_reader "$number" 300 'exec a COMMIT'
		writer_waits
	done
	waited=''
	start_reader 5 48000 'exec a COMMIT'
	writer_waits
	[[ $waited == ' 0' ]]
	for number in 1 2 3 4 5; do
		barrier_leave "held$number"
		finish "${readers[number]}" "reader$number"
		[[ $output != *'exec 5'* ]]
	done
}

@test "processes that did not fork from each other see which transactions outlast their reservation: a writer waits for one of them, and not for each" {
	export SQLPROD_RESERVE=4000
	for second in same other stopped wrote plain; do
		run=shim
		[[ $second != plain ]] || run=plain
		make_database_anew
		readers=() waited='' before=()
		[[ $second != wrote ]] || before=('exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT')
		for reader in 1 2; do
			rm -f "held$reader".*
			barrier_make "held$reader"
			text='SELECT n FROM t'
			[[ $reader$second != 2other ]] || text='SELECT n FROM t WHERE n>=0'
			steps=()
			((reader == 1)) || steps=("${before[@]}")
			"start_$run" "reader$reader" victim quiet 'open a t.db' "${steps[@]}" 'exec a BEGIN DEFERRED' "exec a $text" "barrier held$reader" 'exec a COMMIT' 'close a'
			readers+=("$started")
			barrier_meet "held$reader"
			writer_waits
			[[ $reader$second != 1stopped ]] || kill -STOP -- "-$started"
		done
		case $second in
			same) [[ $waited == ' 1 0' ]] ;;
			plain) [[ $waited == ' 0 0' ]] ;;
			*) [[ $waited == ' 1 1' ]] ;;
		esac
		kill -CONT -- "-${readers[0]}"
		for reader in 1 2; do
			barrier_leave "held$reader"
			finish "${readers[reader - 1]}" "reader$reader"
			[[ $output != *'exec 5'* ]]
		done
	done
}

@test "a process that has waited for several that read on tells those that come when they have ended, for a while: it waits less for the next one" {
	for run in other same later plain; do
		export SQLPROD_RESERVE=4000
		[[ $run != later ]] || SQLPROD_RESERVE=2500
		way=shim
		[[ $run != plain ]] || way=plain
		make_database_anew
		waits=() readers=()
		steps=()
		for i in 1 2 3; do
			for meeting in held before after; do
				rm -f "$meeting$i".*
				barrier_make "$meeting$i"
			done
			steps+=("barrier before$i" 'exec b UPDATE t SET n=n+1' "barrier after$i")
		done
		"start_$way" writer victim quiet 'open b t.db' 'busy_timeout b 60000' "${steps[@]}" 'close b'
		local writer=$started
		for i in 1 2 3; do
			text='SELECT n FROM t'
			[[ $run$i != other3 ]] || text='SELECT n FROM t WHERE n>=0'
			"start_$way" "reader$i" victim quiet 'open a t.db' 'exec a BEGIN DEFERRED' "exec a $text" "barrier held$i" 'exec a COMMIT' 'close a'
			readers[i]=$started
			barrier_meet "held$i"
			barrier_meet "before$i"
			began=$EPOCHREALTIME
			barrier_leave "before$i"
			barrier_meet "after$i"
			waits+=("$((${EPOCHREALTIME/./} - ${began/./} > 2000000 ? 1 : 0))")
			# the second one reads beside the first, the third after both
			if ((i == 2)); then
				for ended in 1 2; do
					barrier_leave "held$ended"
					finish "${readers[ended]}" "reader$ended"
				done
				[[ $run != later ]] || sleep 7.6
			fi
			barrier_leave "after$i"
		done
		barrier_leave held3
		finish "${readers[3]}" reader3
		finish "$writer" writer
		case $run in
			other | later) [[ ${waits[*]} == '1 0 1' ]] ;;
			same) [[ ${waits[*]} == '1 0 0' ]] ;;
			plain) [[ ${waits[*]} == '0 0 0' ]] ;;
		esac
	done
}

@test "transactions that begin like one which wrote reserve for good, and of others it is believed later that they only read" {
	make_database
	read=('exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'exec a COMMIT') other=('exec a BEGIN DEFERRED' 'exec a SELECT max(n) FROM t' 'exec a COMMIT')
	SQLPROD_REPORT=$scratch/report.json run_shim victim quiet 'open a t.db' 'repeat 20' "${read[@]}" 'end' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' \
		'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'repeat 40' "${read[@]}" 'end' 'repeat 40' "${other[@]}" 'end' 'close a'
	[[ $(report "$scratch/report.json" transactions begun) == 101 ]]
	[[ $(report "$scratch/report.json" transactions reserved) == 55 && $(report "$scratch/report.json" transactions learnt_to_read) == 46 ]]
}

# Where another database is attached, BEGIN is IMMEDIATE still.
@test "a process whose BEGIN IMMEDIATE kept others waiting and wrote nothing takes no lock from then on, kept statements included" {
	make_database
	for i in one two; do barrier_make "$i"; done
	SQLPROD_LOG_LEVEL=info SQLPROD_LOG=$scratch/log start_shim reader victim 'open a t.db' "exec a ATTACH 'u.db' AS u" 'prepare a s v2 -1 BEGIN' 'step s' 'reset s' 'barrier one' \
		'exec a COMMIT' 'step s' 'reset s' 'autocommit a' 'sh observer lock t.db' 'barrier two' 'exec a COMMIT' 'sql s' 'step s' 'exec a COMMIT' 'finalize s' 'close a'
	reader=$started
	barrier_meet one
	start_shim writer victim 'open b t.db' 'exec b UPDATE t SET n=n+10' 'close b'
	writer=$started
	wait_until_waits "$writer"
	barrier_leave one
	barrier_meet two
	finish "$writer" writer
	barrier_leave two
	finish "$reader" reader
	grep -qx free <<<"$output" && grep -qx 'autocommit 0' <<<"$output"
	[[ $output != *'step 5'* && $output == *'sql BEGIN '* && $output != *IMMEDIATE* ]]
	[[ $(grep -c 'wrote nothing: from now on BEGIN takes no lock' "$scratch/log") == 1 ]]
}

@test "without other programs that wait BEGIN goes on taking the lock, whatever the transactions do" {
	export SQLPROD_RESERVE=60000
	make_database
	for run in run_plain:free run_shim:held; do
		${run%:*} victim 'open a t.db' 'repeat 3' 'exec a BEGIN' 'exec a SELECT n FROM t' 'sh observer lock t.db' 'exec a COMMIT' 'end' 'close a'
		[[ $(grep -cx "${run#*:}" <<<"$output") -eq 3 ]]
	done
}

@test "BEGIN under a cursor with an old snapshot begins, and reads" {
	make_database
	observer query t.db 'INSERT INTO t VALUES(1),(2); CREATE TABLE log(x)'
	for run in run_plain run_shim; do
		$run victim 'open a t.db' 'prepare a s v2 -1 SELECT n FROM t' 'step s' 'sh observer query t.db "INSERT INTO log VALUES(1)"' \
			'exec a BEGIN' 'exec a SELECT count(*) FROM t' 'exec a COMMIT' 'step s' 'finalize s' 'close a'
		[[ $output != *'exec 5'* ]]
	done
}

@test "one thread with two connections does not wait for itself" {
	make_database
	script=('open a t.db' 'open b t.db' 'busy_timeout b 100' 'exec a BEGIN' 'exec b BEGIN' 'exec b ROLLBACK' 'exec a ROLLBACK' 'exec a BEGIN' 'exec a SELECT n FROM t'
		'exec b BEGIN' 'exec b UPDATE t SET n=n+1' 'exec b COMMIT' 'exec a COMMIT' 'close a' 'close b')
	for run in run_plain run_shim; do
		APP_TIMEOUT=20 $run victim "${script[@]}"
		[[ $output != *'exec 5'* ]]
	done
}

@test "a transaction that had to read without a reservation writes if the holder of the lock ends without a commit" {
	local run end
	export SQLPROD_RESERVE=3000
	for end in 'exec h ROLLBACK' '_exit 0' 'exec h COMMIT'; do
		for run in plain:5 shim:0; do
			[[ $end != *COMMIT ]] || run=${run%:*}:5
			make_database_anew
			start_plain holder victim 'open h t.db' 'exec h BEGIN IMMEDIATE' 'exec h UPDATE t SET n=n+10' 'sh touch held; until [ -e read ]; do sleep 0.02; done; sleep 0.5' "$end"
			until [[ -e held ]]; do sleep 0.02; done
			"run_${run%:*}" victim 'open a t.db' 'busy_timeout a 60000' 'exec a BEGIN' 'exec a SELECT n FROM t' 'sh touch read' 'exec a UPDATE t SET n=n+1' \
				'exec a ROLLBACK' 'close a'
			[[ $(grep -c '^exec [1-9]' <<<"$output") -eq $((${run#*:} ? 1 : 0)) ]] || fail "$run $end"
			finish "$started" holder
		done
	done
}

@test "of four transactions that read at once, and stay, none waits for much longer than one reservation" {
	for run in plain shim; do
		make_database_anew
		export SQLPROD_RESERVE=4000
		readers=() SECONDS=0
		for reader in 1 2 3 4; do
			rm -f "held$reader".*
			barrier_make "held$reader"
			"start_$run" "reader$reader" victim 'open a t.db' 'exec a BEGIN' 'exec a SELECT n FROM t' "barrier held$reader" 'exec a COMMIT' 'close a'
			readers+=("$started")
		done
		for reader in 1 2 3 4; do
			barrier_meet "held$reader"
		done
		((SECONDS < 8)) || fail "$SECONDS s"
		for reader in 1 2 3 4; do
			barrier_leave "held$reader"
			finish "${readers[reader - 1]}" "reader$reader"
			[[ $output != *'exec 5'* ]]
		done
	done
}

@test "transactions of one thread have a reservation together: the other one writes, too, once the first has only read" {
	export SQLPROD_RESERVE=20000
	for begin in BEGIN 'BEGIN DEFERRED'; do
		for run in plain:5 shim:0; do
			make_database_anew
			start_shim outside victim 'open c t.db' 'busy_timeout c 60000' 'sh until [ -e read ]; do sleep 0.02; done' 'exec c UPDATE t SET n=n+10' 'close c'
			"run_${run%:*}" victim 'open a t.db' 'open b t.db' "exec a $begin" 'exec a SELECT n FROM t' "exec b $begin" 'exec b SELECT n FROM t' 'sh touch read' \
				'exec a COMMIT' 'sh sleep 1' 'exec b UPDATE t SET n=n+1' 'exec b COMMIT' 'close a' 'close b'
			[[ $(grep -c '^exec 5' <<<"$output") -eq $((${run#*:} ? 1 : 0)) ]]
			finish "$started" outside
			[[ $output == *$'exec 0\nclose 0'* ]]
		done
		[[ $(observer query t.db 'SELECT n FROM t') == 11 ]]
	done
}

@test "a reservation that transactions of one thread have together ends with the last one, or as one of them writes" {
	export SQLPROD_RESERVE=60000
	for middle in 'exec b COMMIT' 'exec b ROLLBACK' 'exec a UPDATE t SET n=n+1'; do
		make_database_anew
		SECONDS=0
		run_shim victim 'open a t.db' 'open b t.db' 'exec a BEGIN' 'exec a SELECT n FROM t' 'exec b BEGIN' 'exec b SELECT n FROM t' "$middle" 'exec a COMMIT' \
			'sh LD_PRELOAD='"$preload"' victim "open c t.db" "exec c UPDATE t SET n=n+10" "close c"'
		[[ $output != *'exec 5'* && $SECONDS -lt 25 ]]
	done
}

@test "a transaction's reservation ends as another connection of its thread commits, which has not read by it" {
	export SQLPROD_RESERVE=60000
	for begin in BEGIN 'BEGIN DEFERRED'; do
		for middle in 'exec b UPDATE t SET n=n+1' $'exec b BEGIN IMMEDIATE\nexec b UPDATE t SET n=n+1\nexec b COMMIT'; do
			make_database_anew
			mapfile -t lines <<<"$middle"
			SECONDS=0
			run_shim victim 'open a t.db' 'open b t.db' "exec a $begin" 'exec a SELECT n FROM t' "${lines[@]}" \
				'sh LD_PRELOAD='"$preload"' victim "open c t.db" "exec c UPDATE t SET n=n+10" "close c"' 'exec a COMMIT'
			[[ $output != *'exec 5'* && $SECONDS -lt 25 ]]
			[[ $(observer query t.db 'SELECT n FROM t') == 11 ]]
		done
	done
}

@test "of two transactions of one thread that have a reservation together, one does not wait for the other one that writes" {
	export SQLPROD_RESERVE=60000
	for run in run_plain run_shim; do
		make_database_anew
		SECONDS=0
		"$run" victim 'open a t.db' 'open b t.db' 'busy_timeout b 100' 'exec a BEGIN' 'exec a SELECT n FROM t' 'exec b BEGIN' 'exec b SELECT n FROM t' \
			'exec a UPDATE t SET n=n+1' 'exec b UPDATE t SET n=n+1' 'exec a COMMIT' 'exec b UPDATE t SET n=n+1' 'exec b ROLLBACK' 'exec b UPDATE t SET n=n+1' 'close a' 'close b'
		[[ $(grep -c '^exec 5' <<<"$output") -eq 2 && $SECONDS -lt 20 && $(observer query t.db 'SELECT n FROM t') == 2 ]]
	done
}

# The partner still reads, and ends, while another process has the next one: that has the same word if it began in the same millisecond.
@test "a reservation that one of two transactions of a thread has ended by its write is not the other one's any more" {
	make_database
	cat >partners.py <<-'EOF'
		import os, sqlite3, time
		def connect(): return sqlite3.connect('t.db', isolation_level=None, timeout=60)
		def run(c, *statements):
		    for sql in statements: c.execute(sql).fetchall()
		def writer(pipe):
		    c, errors = connect(), 0
		    for i in range(100):
		        try: run(c, 'begin deferred', 'select n from t'); time.sleep(0.004); run(c, 'update t set n=n+1', 'commit')
		        except sqlite3.Error: errors += 1; c.in_transaction and c.rollback()
		    os.write(pipe, b'%d ' % errors); os._exit(0)
		ends, pipe = os.pipe()
		writers = []
		for i in range(2):
		    pid = os.fork()
		    pid or writer(pipe)
		    writers.append(pid)
		a, b, turn = connect(), connect(), 0
		while len(writers) > 0:
		    turn += 1
		    try:
		        # so that its reads are known to need a reservation
		        if turn % 8 == 0: run(b, 'begin deferred', 'select 2, n from t', 'update t set n=n+0', 'commit')
		        run(a, 'begin deferred', 'select 1, n from t'); run(b, 'begin deferred', 'select 2, n from t')
		        run(a, 'update t set n=n+0', 'commit' if turn % 2 else 'rollback'); time.sleep(0.002); run(b, 'commit')
		    except sqlite3.Error:
		        for c in a, b: c.in_transaction and c.rollback()
		    writers = [pid for pid in writers if os.waitpid(pid, os.WNOHANG)[0] == 0]
		print(sum(map(int, os.read(ends, 100).split())))
	EOF
	export SQLPROD_RESERVE=20000
	run_plain python3 partners.py
	((output > 0))
	run_shim python3 partners.py
	expect 0
}

# forked_beside BEGIN - a child that is forked in a transaction which has read writes by a connection of its own.
forked_beside() {
	cat >fork.py <<-'EOF'
		import os, sqlite3, sys, time
		def connect(): return sqlite3.connect('t.db', isolation_level=None, timeout=60)
		a = connect()
		a.execute(sys.argv[1]); a.execute('select n from t').fetchall()
		pid = os.fork()
		if pid == 0:
		    c = connect()
		    c.execute('update t set n=n+10')
		    os._exit(0)
		time.sleep(1)
		try: a.execute('update t set n=n+1'); a.execute('commit'); print('written')
		except sqlite3.Error as e: print(e); a.rollback()
		print(os.waitpid(pid, 0)[1])
	EOF
	for run in run_plain:'database is locked' run_shim:written; do
		make_database_anew
		"${run%%:*}" python3 fork.py "$1"
		expect "${run#*:}"$'\n0'
	done
}

@test "a forked child waits for the reservation of its parent's transaction" {
	export SQLPROD_RESERVE=20000
	forked_beside BEGIN
	forked_beside 'BEGIN DEFERRED'
}

@test "one thread does not wait for itself longer than it asked to where its other connection has the database attached" {
	for run in run_plain run_shim; do
		rm -f t.db*
		make_database
		SECONDS=0
		$run victim 'open a :memory:' "exec a ATTACH 't.db' AS x" 'open b t.db' 'busy_timeout b 300' 'exec a BEGIN IMMEDIATE' 'exec a UPDATE x.t SET n=n+1' \
			'exec b UPDATE t SET n=n+1' 'exec a COMMIT' 'exec b UPDATE t SET n=n+1' 'close a' 'close b'
		((SECONDS < 20))
		[[ $(grep -c 'exec 5' <<<"$output") -eq 1 && $(observer query t.db 'SELECT n FROM t') == 2 ]]
	done
}

@test "the floor under a timeout does not hold where one thread would wait for itself" {
	make_database
	for run in run_plain run_shim; do
		APP_TIMEOUT=20 $run victim 'open a t.db' 'open b t.db' 'busy_timeout b 20' 'exec a BEGIN IMMEDIATE' 'exec b UPDATE t SET n=n+1' 'exec a COMMIT' \
			'exec b UPDATE t SET n=n+1' 'close a' 'close b'
		[[ $(grep -c 'exec 5' <<<"$output") -eq 1 ]]
	done
}

@test "with a rollback journal a plain BEGIN beside a writer, or under a cursor, does not fail, and reads" {
	cat >beside.py <<-'EOF'
		import sqlite3, subprocess, sys
		WRITER = """
		import sqlite3, sys
		c = sqlite3.connect('a.db', isolation_level=None); c.execute('pragma journal_mode=delete')
		c.execute('begin immediate'); c.execute('insert into t values(9)'); print('writes', flush=True); sys.stdin.readline(); c.execute('commit')
		"""
		c = sqlite3.connect('a.db', isolation_level=None, timeout=0.2); c.execute('pragma journal_mode=delete')
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		writer = subprocess.Popen([sys.executable, '-c', WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True); writer.stdout.readline()
		def reads():
		    try: c.execute('begin'); print(c.execute('select count(*) from t').fetchone()[0]); c.execute('commit')
		    except sqlite3.Error as e: print(e)
		reads()
		cursor = c.execute('select x from t union all select 2'); cursor.fetchone(); reads(); cursor = None
		c.execute('pragma busy_timeout=0'); reads()
		try: c.execute('begin'); c.execute('insert into t values(2)'); print('wrote')
		except sqlite3.Error as e: print(e); c.execute('rollback')
		writer.communicate('\n'); reads()
		c.execute('begin'); c.execute('insert into t values(3)'); c.execute('commit'); reads()
	EOF
	for run in run_plain run_shim; do
		rm -f a.db*
		SQLPROD_BUSY_TIMEOUT=300 $run python3 beside.py
		expect $'1\n1\n1\ndatabase is locked\n2\n3'
	done
}

# Its own wait would be over after 8 seconds. With BEGIN IMMEDIATE by hand it is.
@test "with a rollback journal a plain BEGIN does not wait for another connection of its thread that has only begun" {
	export SQLPROD_JOURNAL_MODE=keep
	for run in 'run_plain BEGIN 0' 'run_shim BEGIN 0' 'run_plain BEGIN_IMMEDIATE 1'; do
		read -r run begin fails <<<"$run"
		rm -f t.db*
		observer query t.db 'CREATE TABLE t(n); INSERT INTO t VALUES(0)'
		SECONDS=0
		$run victim 'open a t.db' 'open b t.db' 'busy_timeout b 8000' "exec a ${begin/_/ }" "exec b ${begin/_/ }" 'exec b SELECT n FROM t' 'exec b COMMIT' \
			'exec a UPDATE t SET n=n+1' 'exec a COMMIT' 'exec b BEGIN' 'exec b UPDATE t SET n=n+1' 'exec b COMMIT' 'close a' 'close b'
		[[ $(grep -c '^exec 5' <<<"$output") -eq $fails && $((SECONDS < 8 ? 0 : 1)) -eq $fails && $(observer query t.db 'SELECT n FROM t') == 2 ]]
	done
}

@test "a rollback journal and a -shm of another format get no reservation, and the report says so" {
	observer query t.db 'CREATE TABLE t(n)'
	SQLPROD_JOURNAL_MODE=keep SQLPROD_REPORT=$scratch/report.json run_shim victim 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT count(*) FROM t' 'exec a COMMIT' 'close a'
	[[ $(report "$scratch/report.json" transactions reserved) == 0 ]]
}

@test "a connection that has only begun lets another one of its process write, and its transaction goes on" {
	export SQLPROD_RESERVE=60000
	make_database
	# a pool: one idles after BEGIN, another one works, and the first writes at last
	script=('open a t.db' 'open b t.db' 'exec a BEGIN' 'busy_timeout b 0' 'exec b UPDATE t SET n=n+1' 'autocommit a' 'exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1'
		'exec a COMMIT' 'exec a SELECT n FROM t' 'close a' 'close b')
	for run in run_plain run_shim; do
		observer query t.db 'UPDATE t SET n=0'
		APP_TIMEOUT=20 $run victim "${script[@]}"
		expect $'open 0\nopen 0\nexec 0\nbusy_timeout 0\nexec 0\nautocommit 0\n1\nexec 0\nexec 0\nexec 0\n2\nexec 0\nclose 0\nclose 0'
	done
	# from outside the lock is seen held all the while; an IMMEDIATE one is given back
	script=('exec a BEGIN' 'sh observer lock t.db' 'exec b UPDATE t SET n=n+1' 'sh observer lock t.db' 'close a' 'close b')
	run_shim victim 'open a t.db' 'open b t.db' "${script[@]}"
	[[ $(grep -cx held <<<"$output") -eq 2 ]]
	run_shim victim 'open a t.db' 'open b t.db' "exec a ATTACH 'u.db' AS u" "${script[@]}"
	[[ $(grep -cx held <<<"$output") -eq 1 && $(grep -cx free <<<"$output") -eq 1 ]]
}

@test "a connection that has written in its transaction keeps the lock, whatever it wrote" {
	make_database
	for use in 'exec a UPDATE t SET n=5' 'exec a CREATE TABLE u(x)' 'exec a PRAGMA user_version=7'; do
		observer query t.db 'UPDATE t SET n=0; DROP TABLE IF EXISTS u'
		APP_TIMEOUT=20 run_shim victim 'open a t.db' 'open b t.db' 'hooks a' 'exec a BEGIN' "$use" 'busy_timeout b 0' 'exec b UPDATE t SET n=n+1' 'sh observer lock t.db' \
			'exec a ROLLBACK' 'close a' 'close b'
		[[ $output == *'exec 5 database is locked'*held* ]]
		[[ $(observer query t.db 'SELECT n FROM t') == 0 ]]
	done
	# an IMMEDIATE one that has been used in any way, too
	for use in 'exec a SELECT n FROM t' 'exec a SAVEPOINT s' 'exec a UPDATE t SET n=5'; do
		observer query t.db 'UPDATE t SET n=0'
		APP_TIMEOUT=20 run_shim victim 'open a t.db' 'open b t.db' "exec a ATTACH 'u.db' AS u" 'exec a BEGIN' "$use" 'busy_timeout b 0' 'exec b UPDATE t SET n=n+1' \
			'sh observer lock t.db' 'exec a ROLLBACK' 'close a' 'close b'
		[[ $output == *'exec 5 database is locked'*held* ]]
	done
	# a kept statement could have run
	APP_TIMEOUT=20 run_shim victim 'open a t.db' 'open b t.db' 'prepare a s v2 -1 UPDATE t SET n=9' 'exec a BEGIN' 'step s' 'reset s' 'busy_timeout b 0' 'exec b UPDATE t SET n=n+1' \
		'exec a ROLLBACK' 'finalize s' 'exec a SELECT n FROM t' 'close a' 'close b'
	[[ $output == *'exec 5 database is locked'* ]]
	[[ $(observer query t.db 'SELECT n FROM t') == 0 ]]
}

@test "a transaction that begins as one that wrote before waits for a writer longer than a reservation lasts" {
	export SQLPROD_RESERVE=100
	writes=('exec a BEGIN' 'exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT')
	reads=('exec a BEGIN' 'exec a SELECT count(*) FROM t' 'exec a COMMIT')
	for run in plain shim; do
		rm -f t.db* begun.* held.*
		make_database
		barrier_make begun
		barrier_make held
		"start_$run" holder victim 'open b t.db' 'barrier begun' 'exec b BEGIN IMMEDIATE' 'exec b UPDATE t SET n=n+10' 'barrier held' 'sh sleep 1' 'exec b COMMIT' 'close b'
		holder=$started
		"start_$run" other victim 'open a t.db' 'busy_timeout a 30000' "${writes[@]}" \
			'sh echo go >begun.go; head -n 1 held.here >held.seen; echo go >held.go' "${reads[@]}" "${writes[@]}" 'close a'
		barrier_meet begun
		finish "$started" other
		if [[ $run == plain ]]; then
			[[ $output == *'exec 5'* ]]
		else
			[[ $output != *'exec 5'* ]]
		fi
		finish "$holder" holder
	done
}

@test "a transaction that outgrows its cache does not wait for itself where the -wal starts anew" {
	export SQLPROD_RESERVE=2000 SQLPROD_LOG_WAIT=300
	large='exec a WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM i WHERE i<3000) INSERT INTO t SELECT randomblob(500) FROM i'
	for victim in victim "$build/embedded/victim_gcc_O2"; do
		[[ $victim == victim || -x $victim ]] || continue
		for begin in BEGIN 'BEGIN DEFERRED' 'BEGIN IMMEDIATE' 'SAVEPOINT one'; do
			for first in 'exec a SELECT count(*) FROM t' 'exec a INSERT INTO t VALUES(1)'; do
				rm -f t.db*
				make_database
				run_shim "$victim" 'open a t.db' 'exec a PRAGMA cache_size=10' 'exec a INSERT INTO t VALUES(1)' \
					'exec a PRAGMA wal_checkpoint' "exec a $begin" "$first" "$large" 'exec a COMMIT' 'exec a SELECT count(*) FROM t' 'close a'
				[[ $output == *$'\n300'[23]$'\nexec 0\nclose 0' ]]
				expect_quiet
			done
		done
	done
}

@test "a transaction that begins with a statement which writes waits no longer than the busy timeout, again and again" {
	make_database
	barrier_make held
	start_plain holder victim 'open b t.db' 'exec b BEGIN IMMEDIATE' 'exec b UPDATE t SET n=n+10' 'barrier held' 'exec b COMMIT' 'close b'
	holder=$started
	barrier_meet held
	for begin in 'BEGIN DEFERRED' BEGIN; do
		add=("exec a $begin" 'exec a UPDATE t SET n=n+1' 'exec a ROLLBACK')
		# with timeouts of a second they are over long before the holder is
		for run in plain shim; do
			SQLPROD_BUSY_TIMEOUT=1000 SQLPROD_RESERVE=200 "run_$run" victim 'open a t.db' 'busy_timeout a 1000' "${add[@]}" "${add[@]}" "${add[@]}" 'close a'
			[[ $(grep -c '^exec 5 database is locked' <<<"$output") == 3 && $(observer lock t.db) == held ]]
		done
	done
	barrier_leave held
	finish "$holder" holder
	[[ $(observer query t.db 'SELECT n FROM t') == 10 ]]
}

@test "a transaction in a database that another connection has put into WAL mode since reserves it" {
	export SQLPROD_RESERVE=60000 SQLPROD_JOURNAL_MODE=keep
	for begin in 'BEGIN DEFERRED' 'SAVEPOINT s'; do
		for run in plain:5 shim:0; do
			rm -f t.db* read.*
			observer query t.db 'CREATE TABLE t(n); INSERT INTO t VALUES(0)'
			barrier_make read
			"start_${run%:*}" reader victim 'open a t.db' 'exec a SELECT n FROM t' 'sh observer query t.db "PRAGMA journal_mode=wal"' \
				"exec a $begin" 'exec a SELECT n FROM t' 'barrier read' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT'
			reader=$started
			barrier_meet read
			"start_${run%:*}" writer victim 'open b t.db' 'exec b UPDATE t SET n=n+10'
			writer=$started
			wait_until_waits "$writer"
			barrier_leave read
			finish "$reader" reader
			[[ $output == *$'\n0\nexec 0\n'"exec ${run#*:}"* ]]
			finish "$writer" writer
			expect $'open 0\nexec 0'
		done
	done
}

@test "one process that read on for long takes nothing from the reservation of the next one, which reads, and then writes" {
	export SQLPROD_RESERVE=2000
	for run in shim plain; do
		make_database_anew
		for meeting in held read; do
			rm -f "$meeting".*
			barrier_make "$meeting"
		done
		"start_$run" reader victim quiet 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'barrier held' 'exec a COMMIT' 'close a'
		reader=$started
		barrier_meet held
		"start_$run" writer victim quiet 'open b t.db' 'busy_timeout b 60000' 'exec b UPDATE t SET n=n+1' 'sh until [ -e ended ]; do sleep 0.02; done' \
			'exec b UPDATE t SET n=n+1' 'close b'
		writer=$started
		[[ $run == plain ]] || until [[ $(observer query t.db 'SELECT n FROM t') == 1 ]]; do sleep 0.05; done
		barrier_leave held
		finish "$reader" reader
		"start_$run" third victim quiet 'open a t.db' 'exec a BEGIN DEFERRED' 'exec a SELECT n FROM t' 'barrier read' 'exec a UPDATE t SET n=n+10' 'exec a COMMIT' 'close a'
		third=$started
		barrier_meet read
		touch ended
		sleep 0.9
		barrier_leave read
		finish "$third" third
		case $run in
			shim) [[ $output != *'exec 5'* ]] ;;
			plain) [[ $output == *'exec 5'* ]] ;;
		esac
		finish "$writer" writer
		rm ended
	done
}
