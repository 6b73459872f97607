# Users who may read a database, but not write the folder it is in.
load ../harness/harness
load ../harness/moves

# As another user, without the shim.
reader() {
	timeout 30 setpriv --reuid=65534 --regid=65534 --clear-groups sqlite3 -readonly "$1" 'SELECT count(*) FROM t' 2>&1
}

# One more user of group 5000, without the shim.
other_member() {
	timeout 30 setpriv --reuid=6002 --regid=6002 --groups=5000 sqlite3 -cmd '.timeout 9000' pub/a.db 'INSERT INTO t VALUES(2)' 2>&1
}

public_folder() {
	[[ $(id -u) == 0 ]] || skip "needs root, to become another user"
	command -v setpriv >/dev/null || skip "needs setpriv"
	chmod 755 "$scratch" "$scratch/work"
	umask 022
	rm -rf pub
	mkdir pub
}

@test "a user who may only read the file can read it after the last close" {
	for run in run_plain run_shim; do
		public_folder
		$run victim 'open a pub/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'close a'
		[[ $(reader pub/a.db) == 1 ]] || fail "$run"
	done
	[[ $(stat -c '%a %s' pub/a.db-wal) == '644 0' && $(stat -c %a pub/a.db-shm) == 644 ]]
}

@test "the -wal and -shm that stay are readable like the file, even if its mode has changed" {
	public_folder
	umask 077
	run_shim victim 'open a pub/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'sh chmod 644 pub/a.db' 'close a'
	[[ $(reader pub/a.db) == 1 ]]
}

# By default SQLite cuts nothing off: without the library there is no -wal after the last close.
@test "the -wal that stays is empty with journal_size_limit=-1, and a backup that takes the place of the file is what it was" {
	local run limit pragma made=('exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a INSERT INTO t VALUES(1)' 'close a')
	for run in run_plain run_shim; do
		for limit in keep -1; do
			for pragma in 'SELECT 1' 'PRAGMA journal_size_limit=-1'; do
				public_folder
				SQLPROD_JOURNAL_SIZE_LIMIT=$limit $run victim 'open a pub/a.db' "exec a $pragma" "${made[@]}"
				[[ ! -s pub/a.db-wal && ($run == run_plain || -e pub/a.db-wal) ]] || fail "$run $limit $pragma: $(ls -l pub)"
				cp pub/a.db backup.db
				SQLPROD_JOURNAL_SIZE_LIMIT=$limit $run victim 'open a pub/a.db' "exec a $pragma" "${made[@]}" 'list opendir pub' 'unlink pub/a.db' '_exit 0'
				[[ ! -s pub/a.db-wal ]] || fail "$run $limit $pragma: $(ls -l pub)"
				cp backup.db pub/a.db
				[[ $(sqlite3 pub/a.db 'SELECT count(*) FROM t') == 1 ]] || fail "$run $limit $pragma"
			done
		done
	done
}

@test "readers without write permission see what the next program writes" {
	public_folder
	for rows in 1 2 3; do
		run_shim victim 'open a pub/a.db' 'exec a CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1)' 'close a'
		[[ $(reader pub/a.db) == "$rows" ]]
	done
}

@test "a connection that sends PRAGMAs alone, and is the last to close, leaves the file readable" {
	local statement
	public_folder
	for statement in 'PRAGMA synchronous=OFF' 'PRAGMA integrity_check' 'PRAGMA user_version=7' 'PRAGMA table_info(t)'; do
		run_shim victim 'open a pub/a.db' 'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a DELETE FROM t' 'exec a INSERT INTO t VALUES(1)' 'close a'
		run_shim victim 'open a pub/a.db' "exec a $statement" 'close a'
		[[ $(reader pub/a.db) == 1 ]] || fail "$statement"
	done
	# the twin: by itself SQLite deletes both
	run_plain victim 'open a pub/a.db' 'exec a PRAGMA integrity_check' 'close a'
	[[ $(ls pub) == a.db && $(reader pub/a.db) != 1 ]]
}

@test "a connection that chose WAL itself, and sends PRAGMAs alone, leaves no -wal and no -shm" {
	public_folder
	run_shim victim 'open a pub/a.db' 'exec a PRAGMA journal_mode=WAL' 'exec a PRAGMA user_version=7' 'close a'
	[[ $(ls pub) == a.db && $(outside_pragma pub/a.db journal_mode) == wal ]]
}

@test "no -wal and -shm stay if no other user can read the file, or all can write its folder" {
	public_folder
	run_shim victim 'open a pub/a.db' 'exec a CREATE TABLE t(x)' 'sh chmod 600 pub/a.db' 'close a'
	[[ $(ls pub) == a.db ]]
	chmod 777 pub
	run_shim victim 'open a pub/b.db' 'exec a CREATE TABLE t(x)' 'close a'
	[[ $(echo pub/*) == 'pub/a.db pub/b.db' ]]
	chmod 755 pub
	chmod 700 "$scratch"
	run_shim victim 'open a pub/c.db' 'exec a CREATE TABLE t(x)' 'close a'
	[[ $(echo pub/*) == 'pub/a.db pub/b.db pub/c.db' ]]
}

@test "a program that leaves WAL leaves no -wal or -shm" {
	public_folder
	run_shim victim 'open a pub/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'exec a PRAGMA journal_mode=DELETE' 'close a'
	[[ $(ls pub) == a.db && $(outside_pragma pub/a.db journal_mode) == delete ]]
}

@test "a file that its process closes and then renames takes the -wal and -shm that stay with it" {
	public_folder
	renamed_after_the_close victim
}

@test "a file that is renamed while its process has it open can be read after the close" {
	public_folder
	renamed_before_the_close victim
}

@test "a new database that its process moves over the old one can be read, and leaves nothing by its first name" {
	public_folder
	made_anew_and_renamed victim
}

@test "two closed databases that are exchanged can both be read" {
	public_folder
	exchanged_after_the_close victim
}

@test "a file that its process closes and then deletes leaves no -wal and no -shm" {
	public_folder
	deleted_after_the_close victim
}

@test "a program that has listed a folder can delete, or move, each file in it" {
	public_folder
	listed_and_cleared victim
}

@test "a program that has listed a folder, and takes the database alone away, leaves no -wal and no -shm" {
	public_folder
	listed_and_left victim
	listed_and_made_again victim
}

@test "a program that clears a folder finds each file in it, though a child that it forks meanwhile ends" {
	cat >clear.py <<-'EOF'
		import os, signal, sqlite3, sys
		c = sqlite3.connect('pub/a.db')
		c.execute('create table t(x)')
		c.close()
		# what is left goes at a fork, but where a handler may be running
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
		for name in sorted(os.listdir('pub')):
		    os.unlink('pub/' + name)
		    pid = os.fork()
		    if not pid:
		        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
		        sys.exit()
		    os.waitpid(pid, 0)
		print(os.listdir('pub'))
	EOF
	for run in run_plain run_shim; do
		public_folder
		$run python3 clear.py
		expect '[]'
	done
}

@test "a -wal that another process has written to stays when its database is deleted" {
	public_folder
	barrier_make held
	start_shim deleter victim "${made[@]}" 'close a' 'barrier held' 'unlink a.db'
	deleter=$started
	barrier_meet held
	run_shim any victim 'open a a.db' 'exec a INSERT INTO t VALUES(2)' 'sh kill -9 $PPID'
	[[ -s a.db-wal ]]
	barrier_leave held
	finish "$deleter" deleter
	[[ ! -e a.db && -s a.db-wal ]]
}

@test "check says that the files stay, and revert ends it" {
	public_folder
	run_shim victim 'open a pub/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'close a'
	run_plain "$build/sqlprod" check pub/a.db
	[[ $output == *$'\nreaders\tothers may read it'*'sqlprod revert'* ]]
	run_plain "$build/sqlprod" revert pub/a.db
	[[ $(echo pub/*) == pub/a.db && $(reader pub/a.db) == 1 ]]
	chmod 600 pub/a.db
	run_plain "$build/sqlprod" check pub/a.db
	[[ $output != *readers* ]]
}

# As is one whom the group may write, where the -wal and -shm have another group.
@test "a user who may write the file, but neither its folder nor its -shm, can read it in transactions" {
	for run in run_plain run_shim; do
		public_folder
		$run victim 'open a pub/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'close a'
		chmod 666 pub/a.db
		for text in 'BEGIN; SELECT count(*) FROM t; COMMIT' 'SAVEPOINT a; SELECT count(*) FROM t; RELEASE a' \
			'BEGIN; CREATE TEMP TABLE k(x); INSERT INTO k VALUES(5); SELECT count(*) FROM t, k; COMMIT'; do
			$run setpriv --reuid=65534 --regid=65534 --clear-groups "$build/programs/victim" 'open a pub/a.db' "exec a $text" \
				'prepare a s v2 -1 BEGIN' 'step s' 'exec a SELECT count(*) FROM t' 'exec a COMMIT'
			[[ $output == $'open 0\n1\nexec 0\nprepare 0 '*$'\nstep 101\n1\nexec 0\nexec 0' ]] || fail "$run $text: $output"
		done
	done
}

# give_py - makes a database, gives it away by one function of libc while it is open, and has that user write to it.
give_py() {
	cat >give.py <<-'EOF'
		import ctypes, os, sqlite3, subprocess, sys
		way = sys.argv[1]
		os.umask(0o022)
		c = sqlite3.connect('a.db', isolation_level=None)
		if len(sys.argv) > 2: c.execute('pragma journal_mode=wal')
		c.execute('create table t(x)'); c.execute('insert into t values(1)')
		libc = ctypes.CDLL(None); os.symlink('work/a.db', '../link'); folder = os.open('.', os.O_RDONLY)
		fd = next(int(n) for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + n) and os.readlink('/proc/self/fd/' + n).endswith('a.db'))
		{'chmod': lambda: libc.chmod(b'a.db', 0o666), 'link': lambda: libc.chmod(b'../link', 0o666), 'fchmod': lambda: libc.fchmod(fd, 0o666),
		 'fchmodat': lambda: libc.fchmodat(folder, b'a.db', 0o666, 0), 'chown': lambda: libc.chown(b'a.db', 65534, 65534),
		 'lchown': lambda: libc.lchown(b'a.db', 65534, 65534), 'fchown': lambda: libc.fchown(fd, 65534, 65534),
		 'other': lambda: (subprocess.run(['chmod', '666', 'a.db']), c.execute('update t set x=1')),
		 'fchownat': lambda: libc.fchownat(-100, b'a.db', 65534, 65534, 0), 'empty': lambda: libc.fchownat(fd, b'', 65534, 65534, 0x1000)}[way]()
		environment = {k: v for k, v in os.environ.items() if k != 'LD_PRELOAD'}
		print(subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'sqlite3', 'a.db', 'insert into t values(2)'],
		                     env=environment, capture_output=True, text=True).stderr)
		print(c.execute('select count(*) from t').fetchone()[0])
		c.close()
	EOF
}

@test "a database that its process gives to another user while it is open can be written by that one" {
	public_folder
	chmod 1777 "$scratch/work"
	give_py
	for way in chmod link fchmod fchmodat chown lchown fchown fchownat empty other; do
		for run in run_plain run_shim; do
			rm -f a.db* ../link
			$run python3 give.py "$way"
			[[ $output == $'\n2' ]] || fail "$run $way"
		done
	done
	# and with WAL by hand it cannot
	rm -f a.db* ../link
	run_plain python3 give.py chmod wal
	[[ $output == *readonly* ]]
}

# The folder is the group's, and gives it to no file in it (no setgid bit): what a user makes there is of the user's own first group.
@test "users who share a database by a second group of theirs can write it, while another one has it open, and after" {
	public_folder
	cat >member.py <<-'EOF'
		import os, sqlite3, sys
		os.setgroups([5000]); os.setresgid(6001, 6001, 6001); os.setresuid(6001, 6001, 6001)
		c = sqlite3.connect('pub/a.db', isolation_level=None)
		c.execute('select count(*) from t' if sys.argv[1] == 'reads' else 'insert into t values(1)').fetchall()
		with open('ready.here', 'w') as here:
		    print('here', file=here)
		with open('ready.go') as go:
		    go.readline()
		print(c.execute('select count(*) from t where x=2').fetchone()[0])
	EOF
	for what in reads writes; do
		for run in plain shim; do
			public_folder
			rm -f ready.*
			barrier_make ready
			chmod 666 ready.*
			observer query pub/a.db 'CREATE TABLE t(x)' >/dev/null
			chown 6001:5000 pub/a.db
			chgrp 5000 pub
			chmod 664 pub/a.db
			chmod 775 pub
			"start_$run" member python3 member.py $what
			barrier_meet ready
			[[ -z $(other_member) ]] || fail "$run $what"
			barrier_leave ready
			finish "$started" member
			expect 1
			[[ -z $(other_member) && $(observer query pub/a.db 'SELECT count(*) FROM t WHERE x=2') == 2 ]] || fail "$run $what, after"
		done
	done
}

# As when root makes it, and gives the file alone to the service that is to use it.
@test "a database that is given to another user after its last close can be written by that one, who owns the folder" {
	local run
	public_folder
	cat >owner.py <<-'EOF'
		import os, sqlite3
		os.setgroups([]); os.setresgid(6001, 6001, 6001); os.setresuid(6001, 6001, 6001)
		c = sqlite3.connect('pub/a.db', isolation_level=None)
		c.execute('insert into t values(2)')
		print(c.execute('select count(*) from t').fetchone()[0])
		c.close()
	EOF
	for run in run_plain run_shim; do
		public_folder
		chown 6001 pub
		$run victim 'open a pub/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'close a'
		[[ $run == run_plain || -e pub/a.db-wal ]]
		chown 6001:6001 pub/a.db
		$run python3 owner.py
		[[ $output == 2 && $(observer query pub/a.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'2\nok' ]] || fail "$run"
	done
	# while somebody reads it, nothing is taken from under it
	run_shim victim 'open a pub/a.db' 'exec a BEGIN; SELECT x FROM t' 'sh chown 0:0 pub/a.db-wal pub/a.db-shm; python3 owner.py' 'exec a SELECT count(*) FROM t' 'close a'
	[[ $output == *'sh 1'* && $stderr == *readonly* && -s pub/a.db-shm ]] || fail 'in use'
}
