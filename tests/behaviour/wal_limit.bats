# A -wal that keeps its limit beside readers that overlap, and beside writers that are always there.
load ../harness/harness

# Readers whose reads overlap, of $reads_for seconds each (1), and a writer that pauses after each commit; the length of the -wal at its
# longest, in KiB, the number of commits, of reads, and of errors.
readers_and_writer() {
	cat >scene.py <<-'END'
		import os, sqlite3, sys, threading, time

		reads_for = float(os.environ["READS_FOR"])
		seconds, readers, endless = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""
		end = time.monotonic() + seconds
		commits, reads, errors = [], [], []
		reading, written = threading.Event(), threading.Event()

		def connect():
		    connection = sqlite3.connect("t.db", timeout=60, isolation_level=None)
		    connection.execute("PRAGMA journal_mode=WAL")
		    connection.execute("PRAGMA synchronous=NORMAL")
		    connection.execute("PRAGMA journal_size_limit=8388608")
		    return connection

		def read(begin):
		    connection = connect()
		    time.sleep(begin)
		    if endless == "after":
		        written.wait()
		    while time.monotonic() < end:
		        try:
		            cursor = connection.execute("SELECT a FROM t")
		            cursor.fetchone()
		            reading.set()
		            time.sleep(max(0, end - time.monotonic()) if endless else reads_for)
		            cursor.close()
		            reads.append(1)
		        except sqlite3.Error as error:
		            errors.append(error)

		def write():
		    connection = connect()
		    if endless == "before":
		        reading.wait()
		    while time.monotonic() < end:
		        try:
		            connection.execute("INSERT INTO t VALUES(randomblob(12000))")
		            written.set()
		            commits.append(1)
		        except sqlite3.Error as error:
		            errors.append(error)
		        time.sleep(0.002)

		connection = connect()
		connection.execute("CREATE TABLE t(a)")
		connection.execute("INSERT INTO t VALUES(1), (2), (3)")  # a statement that has more rows keeps its snapshot
		connection.close()
		threads = [threading.Thread(target=read, args=(reads_for * i / readers,)) for i in range(readers)] + [threading.Thread(target=write)]
		for thread in threads:
		    thread.start()
		longest = 0
		while time.monotonic() < end:
		    try:
		        longest = max(longest, os.stat("t.db-wal").st_size)
		    except OSError:
		        pass
		    time.sleep(0.01)
		for thread in threads:
		    thread.join()
		print(longest // 1024, len(commits), len(reads), len(errors), *errors)
	END
	READS_FOR=${reads_for:-1} SQLPROD_JOURNAL_SIZE_LIMIT=${limit:-8M} "$1" python3 scene.py "${@:2}"
	read -r longest commits reads errors _ <<<"$output"
}

@test "beside overlapping readers of a second the -wal stays below twice its limit, and nobody is refused" {
	in_memory
	readers_and_writer run_shim 12 3
	[[ $errors == 0 && $reads -gt 3 && $commits -gt 100 && $longest -lt 16384 ]]
	rm -f t.db*
	readers_and_writer run_plain 12 3
	[[ $errors == 0 && ($commits -lt 1500 || $longest -gt 16384) ]]
}

# A commit is 20 KB. Where the machine lets readers of 10 ms take longer, none waits for them for a while.
@test "beside overlapping readers of 10 ms the -wal is started anew, long before its limit" {
	in_memory
	reads_for=0.01 limit=64M
	for run in run_shim run_plain; do
		wanted=$([[ $run == run_shim ]] && echo 1 || echo 0)
		for ((i = 0, anew = 2; i < 5 && anew != wanted; i++)); do
			rm -f t.db*
			readers_and_writer $run 5 6
			[[ $errors == 0 ]]
			anew=$((longest < 12 * commits))
		done
		[[ $anew == "$wanted" ]] || fail "$run"
	done
}

# One that begins before there is a commit in the -wal reads the database alone: then nothing can be copied there.
@test "a reader that stays is named once, whether it began before the first commit or after, and its writer goes on" {
	in_memory
	for begins in before after; do
		rm -f t.db*
		# so short a limit is passed at once, on a slow machine too
		limit=1M readers_and_writer run_shim 22 1 "$begins"
		[[ $errors == 0 && $longest -gt 2048 ]]
		[[ $(grep -c 'has been reading in one transaction for' <<<"$stderr") == 1 ]]
		[[ $stderr == *"t.db-wal has grown to "*" MiB, past its limit, and cannot be started anew: pid "*" (python3) has been reading in one transaction for "*" s. End that transaction"* ]]
		rm -f t.db*
		readers_and_writer run_plain 6 1 "$begins"
		[[ $errors == 0 && -z $stderr ]]
	done
}

@test "the -wal is started anew beside eight writers that never pause" {
	in_memory
	script=('open z t.db' 'exec z PRAGMA journal_mode=WAL; CREATE TABLE t(x)' 'threads 8' quiet 'open %t t.db' 'busy_timeout %t 60000' 'repeat 500'
		'exec %t INSERT INTO t VALUES(randomblob(3000))' 'end' 'close %t' 'end' 'sh observer query t.db "SELECT count(*) FROM t"' 'sh stat -c %s t.db-wal' 'close z')
	for settings in SQLPROD_SYNCHRONOUS=normal SQLPROD_SYNCHRONOUS=full; do
		# where others want the processors a checkpoint may stand still while the -wal grows: three runs at most
		for _ in 1 2 3; do
			rm -f t.db*
			# on a disk whose checkpoints take time
			preload_also=$build/programs/disk.so run_shim env "$settings" DISK_SLEEP=1000 victim "${script[@]}"
			expect_line 4000
			longest=$(grep -xE '[0-9]{7,}' <<<"$output")
			((longest >= 20000000)) || break
		done
		# 4000 commits of two pages are 50 MB
		((longest < 20000000))
	done
}

# reads_beside_checkpoint RUN SECONDS STEP... - a reader makes the steps, the barrier begun among them, while a checkpoint holds the write lock, so long at the least
# after the reader waits: as after a commit of more than 2000 pages. It makes the second sync of the -wal.
reads_beside_checkpoint() {
	local run=$1 held=$2 meeting reader writer
	rm -rf t.db* first
	observer query t.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(n); INSERT INTO t VALUES(1); CREATE TABLE u(x)'
	for meeting in begun checkpoint; do
		rm -f "$meeting".*
		barrier_make "$meeting"
	done
	"start_$run" reader victim 'open a t.db' 'exec a SELECT 1 FROM t' "${@:3}" 'close a'
	reader=$started
	barrier_meet begun
	preload_also=$build/programs/disk.so "start_$run" writer env DISK_AT_SYNC="cd $PWD && ! mkdir first 2>/dev/null && mv checkpoint.here checkpoint.first 2>/dev/null || exit 0;
		echo >checkpoint.first; read go <checkpoint.go" LD_PRELOAD="$([[ $run == plain ]] || echo "$preload:")$build/programs/disk.so" \
		victim 'open b t.db' 'exec b PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint' 'exec b INSERT INTO u SELECT zeroblob(4000) FROM (WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM c WHERE i<2500) SELECT i FROM c)' 'close b'
	writer=$started
	until [[ -e checkpoint.first ]]; do sleep 0.01; done
	head -n 1 checkpoint.first >/dev/null
	[[ $run == plain || $(observer lock t.db) == held ]]
	barrier_leave begun
	[[ $run == plain ]] || wait_until_waits "$reader"
	sleep "$held"
	barrier_leave checkpoint
	finish "$writer" writer
	finish "$reader" reader
	[[ $output != *'exec 5'* ]] || fail "$run $held: $output"
	[[ $(observer query t.db 'SELECT n, (SELECT count(*) FROM u) FROM t') == '2|2500' ]]
}

# It waits before its first read; where the disk needs longer than a reservation lasts it reads, and waits as it writes.
@test "a transaction that begins beside a checkpoint which holds the write lock reads, and then writes" {
	for run in shim plain; do
		for held in 0 1.5; do
			reads_beside_checkpoint "$run" "$held" 'exec a BEGIN' 'barrier begun' 'exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT'
			expect $'open 0\n1\nexec 0\nexec 0\n1\nexec 0\nexec 0\nexec 0\nclose 0'
		done
	done
}

@test "a statement that is stepped row by row does not let a write fail beside a checkpoint which holds the write lock" {
	for run in shim plain; do
		for held in 0 1.5; do
			reads_beside_checkpoint "$run" "$held" 'barrier begun' 'prepare a rows v2 length SELECT n FROM t UNION ALL SELECT 7' 'step rows' 'exec a UPDATE t SET n=n+1' 'finalize rows'
		done
	done
}

@test "a transaction that reads beside a checkpoint of its own process writes" {
	for run in shim plain; do
		rm -rf t.db* first
		observer query t.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(n); INSERT INTO t VALUES(1); CREATE TABLE u(x)'
		# the second sync of the -wal takes 1.5 s
		preload_also=$build/programs/disk.so "run_$run" env DISK_AT_SYNC="cd $PWD && [ -e large ] || exit 0; mkdir first 2>/dev/null && exit 0; mkdir second 2>/dev/null && sleep 1.5" \
			LD_PRELOAD="$([[ $run == plain ]] && echo "${SANITIZER_RUNTIME:+$SANITIZER_RUNTIME:}" || echo "$preload:")$build/programs/disk.so" python3 -c 'import os, sqlite3, threading, time
def write():
    db = sqlite3.connect("t.db", isolation_level=None)
    db.execute("PRAGMA synchronous=NORMAL")
    open("large", "w").close()
    db.execute("INSERT INTO u SELECT zeroblob(4000) FROM (WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM c WHERE i<2500) SELECT i FROM c)")
db = sqlite3.connect("t.db", isolation_level=None)
db.execute("SELECT 1 FROM t").fetchall()
writer = threading.Thread(target=write)
writer.start()
while not os.path.exists("second"):
    time.sleep(0.01)
db.execute("BEGIN")
db.execute("SELECT n FROM t").fetchall()
db.execute("UPDATE t SET n=n+1")
db.execute("COMMIT")
writer.join()'
		[[ $(observer query t.db 'SELECT n, (SELECT count(*) FROM u) FROM t') == '2|2500' ]]
		rmdir first second
		rm large
	done
}

# What it has begun to copy stays in the -shm.
@test "a write beside a checkpoint of the program's that waits for a reader fails at once, also where one before it was killed" {
	for run in plain shim; do
		rm -rf t.db* begun.*
		barrier_make begun
		observer query t.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(n); INSERT INTO t VALUES(1)'
		# keeps the -shm, and then an old snapshot
		start_plain reader victim 'open a t.db' 'exec a PRAGMA wal_autocheckpoint=0' 'exec a INSERT INTO t VALUES(2)' \
			'exec a CREATE TABLE u AS SELECT zeroblob(4000) FROM (WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM c WHERE i<1500) SELECT i FROM c)' \
			'barrier begun' 'exec a BEGIN' 'exec a SELECT n FROM t' 'open b t.db' 'exec b PRAGMA wal_autocheckpoint=0' 'exec b INSERT INTO t VALUES(3)' \
			'barrier begun' 'close b' 'close a'
		reader=$started
		barrier_meet begun
		run env LD_PRELOAD="${SANITIZER_RUNTIME:+$SANITIZER_RUNTIME:}$build/programs/disk.so" DISK_AT_SYNC='kill -9 $PPID' sqlite3 t.db 'PRAGMA wal_checkpoint'
		[[ $status == 137 ]]
		barrier_leave begun
		barrier_meet begun
		# less than the library's wait: that would end with the row written
		start_plain checkpoint sqlite3 t.db '.timeout 10000' 'PRAGMA wal_checkpoint(FULL)'
		checkpoint=$started
		until [[ $(observer lock t.db) == held ]]; do sleep 0.01; done
		"run_$run" victim 'open c t.db' 'exec c BEGIN' 'exec c SELECT count(*) FROM t' 'exec c UPDATE t SET n=n+1'
		expect $'open 0\nexec 0\n3\nexec 0\nexec 5 database is locked'
		barrier_leave begun
		finish "$reader" reader
		finish "$checkpoint" checkpoint
	done
}

@test "a program that sets wal_autocheckpoint itself is left alone" {
	in_memory
	for run in run_shim run_plain; do
		rm -f t.db*
		$run victim 'open a t.db' 'exec a PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=100000; PRAGMA wal_autocheckpoint=0; CREATE TABLE t(x)' quiet 'repeat 300' \
			'exec a INSERT INTO t VALUES(randomblob(9000))' 'end' 'sh stat -c %s t.db-wal'
		size=${lines[-1]}
		[[ $size -gt 3000000 && -z $stderr ]]
	done
}

# SQLite makes no checkpoint after a commit beside a statement that runs, nor after one that is made by a reset.
@test "a program's own checkpoints after commits beside its cursor, or by a reset, are not refused, while another process reads on" {
	reads='SELECT rowid FROM t' writes='exec a INSERT INTO t VALUES(1)'
	for run in run_plain run_shim run_plain run_shim; do
		rm -f t.db* held.*
		observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1), (2)' >/dev/null
		barrier_make held
		start_plain reader victim quiet 'open a t.db' 'exec a BEGIN' 'exec a SELECT x FROM t' 'barrier held' 'exec a COMMIT' 'close a'
		barrier_meet held
		$run victim 'open a t.db' 'exec a INSERT INTO t VALUES(zeroblob(20000000))' "prepare a s v2 -1 $reads" 'repeat 100' 'step s' \
			"$writes" 'reset s' 'exec a PRAGMA wal_checkpoint' 'end' 'finalize s' 'close a'
		[[ $(grep -c '^0|' <<<"$output") -eq 100 ]]
		barrier_leave held
		finish "$started" reader
		[[ $run == run_plain ]] || reads='INSERT INTO t VALUES(1) RETURNING x' writes='autocommit a'
	done
}

@test "a thread does not wait, as it begins to read, for a read of its own that goes on by another connection" {
	for run in run_plain run_shim; do
		rm -f n.db*
		observer query n.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
		$run python3 - <<-'EOF'
			import mmap, sqlite3, struct, time
			a, b = (sqlite3.connect('n.db', isolation_level=None) for _ in range(2))
			for x in (1, 2): a.execute('INSERT INTO t VALUES(?)', (x,))
			b.execute('SELECT x FROM t').fetchall()
			reading = a.execute('SELECT x FROM t')
			reading.fetchone()
			file = open('n.db-shm', 'r+b')
			shm = mmap.mmap(file.fileno(), 0)
			for state in (1, 4):
			    until = int(time.monotonic() * 1000) + 2500
			    shm[132:136] = struct.pack('<I', until & 0xfffffff0 | state)
			    began = time.monotonic()
			    b.execute('SELECT x FROM t').fetchall()
			    print('waited', time.monotonic() - began > 1)
		EOF
		expect $'waited False\nwaited False'
	done
}
