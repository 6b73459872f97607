# The program keeps working, and sees nothing of the library but its effects.
load ../harness/harness

@test "the library writes nothing to standard output, and nothing to standard error without need" {
	script=('open a t.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'exec a BEGIN; UPDATE t SET x=2; COMMIT'
		'get_table a SELECT x FROM t' 'exec a nonsense' 'close a')
	run_plain victim "${script[@]}"
	wanted=$output
	rm t.db
	run_shim victim "${script[@]}"
	expect "$wanted"
	expect_quiet
}

@test "signals, threads and descriptors are the same as without the library" {
	script=('self SigCgt' 'self SigIgn' 'self SigBlk' 'self Threads' 'descriptors' 'open a :memory:'
		'exec a CREATE TABLE t(x)' 'self SigCgt' 'self SigBlk' 'self Threads' 'descriptors' 'close a' 'descriptors')
	run_plain victim "${script[@]}"
	wanted=$output
	run_shim victim "${script[@]}"
	expect "$wanted"
}

@test "no descriptor is left open by a database, a report or a log" {
	export SQLPROD_LOG_LEVEL=debug SQLPROD_LOG=$scratch/log SQLPROD_REPORT=$scratch/report.json
	run_plain victim 'open a t.db' 'exec a PRAGMA journal_mode=wal' 'exec a CREATE TABLE t(x)' 'close a' 'open a t.db' \
		'exec a SELECT * FROM t' 'descriptors' 'close a' 'descriptors'
	wanted=$(grep descriptors <<<"$output")
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode=wal' 'exec a CREATE TABLE t(x)' 'close a' 'open a t.db' \
		'exec a SELECT * FROM t' 'descriptors' 'close a' 'descriptors'
	[[ $(grep descriptors <<<"$output") == "$wanted" ]]
}

@test "the program's POSIX locks survive whatever the library does with the same file" {
	for run in run_plain run_shim; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE t(x)'
		SQLPROD_JOURNAL_MODE=keep SQLPROD_REPORT=$scratch/report.json $run victim 'open a t.db' \
			'exec a BEGIN IMMEDIATE' 'open b t.db' 'exec b PRAGMA cache_size' 'exec b SELECT * FROM t' 'close b' \
			'open_v2 c t.db ro' 'exec c SELECT * FROM t' 'close c' 'sh observer lock t.db' 'exec a COMMIT'
		expect_line held
	done
}

@test "a program's exit status, crash and output arrive unchanged" {
	run_shim 7 victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'exit 7'
	run_shim 9 victim 'open a t.db' '_exit 9'
	run_shim 137 victim 'open a t.db' 'exec a BEGIN' 'sh kill -KILL $PPID'
	[[ $(outside_lock t.db) == free ]]
}

@test "a program that overwrites its environment keeps its settings" {
	SQLPROD_JOURNAL_MODE=truncate run_shim victim 'setenv SQLPROD_JOURNAL_MODE xxxxxxxx' \
		'setenv HOME yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy' 'open a t.db' 'exec a SELECT 1' \
		'exec a PRAGMA journal_mode'
	expect_line truncate
}

@test "each warning comes once, whatever the number of connections and threads" {
	SQLPROD_BUSY_TIMEOUT=soon SQLPROD_CACHE_SIZE=big run_shim victim quiet 'threads 8' 'repeat 5' 'open a%t t.db' \
		'exec a%t SELECT 1' 'close a%t' 'end' 'end'
	expect_warnings 2
}

@test "a program that never opens a database gives no warning about bad settings" {
	SQLPROD_BUSY_TIMEOUT=soon run_shim echo word
	expect word
	expect_quiet
}

@test "a program that gets the library from /etc/ld.so.preload prints nothing new" {
	loader=$(readelf -l "$build/programs/victim" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	seed='CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE)'
	script=('open a t.db' 'prepare a s v1 -1 SELECT 1' 'exec a REPLACE INTO p VALUES(1)' 'exec a DROP TABLE c' 'finalize s'
		'exec a PRAGMA journal_mode' 'close a')
	for run in 'env LD_PRELOAD' "$loader --preload"; do
		rm -f t.db*
		observer query t.db "$seed"
		if [[ $run == env* ]]; then
			run_shim victim "${script[@]}"
			[[ $stderr == *foreign_keys* ]]
		else
			# ld.so frees nothing of what it made for itself
			# shellcheck disable=SC2086 # two words
			ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 run_plain $run "${preload//:/ }" "$build/programs/victim" "${script[@]}"
			expect_quiet
		fi
		expect_line wal
	done
}

@test "a program that closed its standard error gets no warning into a file of its own" {
	printf 'unharmed\n' >precious
	SQLPROD_BUSY_TIMEOUT=soon run_shim victim 'close_fd 2' 'open_fd precious' 'open a t.db' 'exec a SELECT 1'
	expect $'open_fd 2\nopen 0\n1\nexec 0'
	[[ $(<precious) == unharmed ]]
}

@test "a full disk under the log costs the line and nothing else" {
	[[ -c /dev/full ]]
	SQLPROD_LOG=/dev/full SQLPROD_LOG_LEVEL=debug SQLPROD_REPORT=/dev/full run_shim victim 'open a t.db' \
		'exec a CREATE TABLE t(x)' 'close a'
	expect $'open 0\nexec 0\nclose 0'
}

@test "WAL stays in the file without the library, and can be undone" {
	run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'close a'
	[[ $(outside_pragma t.db journal_mode) == wal ]]
	run_plain victim 'open a t.db' 'exec a INSERT INTO t VALUES(1)' 'exec a PRAGMA journal_mode=delete' \
		'exec a SELECT count(*) FROM t' 'close a'
	expect $'open 0\nexec 0\ndelete\nexec 0\n1\nexec 0\nclose 0'
}

@test "misuse of handles is answered as SQLite answers it" {
	for run in run_plain run_shim; do
		$run victim 'exec null SELECT 1' 'get_table null SELECT 1' 'prepare null s v2 -1 BEGIN' \
			'prepare null u 16 -1 BEGIN' 'close_v2 null'
		expect $'exec 21\nget_table 21\nprepare 21 tail NULL\nprepare 21 tail NULL\nclose_v2 0'
	done
}

@test "a handle whose memory is in use again is answered as SQLite answers it" {
	for run in run_plain run_shim; do
		$run victim 'stale a' 'exec a SELECT 1' 'get_table a SELECT 1' 'prepare a s v2 -1 BEGIN' 'prepare a s v1 -1 BEGIN' \
			'prepare a u 16 -1 BEGIN' 'close_v2 a'
		expect $'exec 21\nget_table 21\nprepare 21 tail NULL\nprepare 21 tail NULL\nprepare 21 tail NULL\nclose_v2 21'
	done
}

@test "the program's hooks see its own commits" {
	seed='PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	for hooks in 'hooks a' 'hooks a wal'; do
		expect_same victim 'open a t.db' "$hooks" 'exec a SELECT x FROM t' 'exec a INSERT INTO t VALUES(1)' \
			'exec a BEGIN; INSERT INTO t VALUES(2); ROLLBACK' 'exec a BEGIN; INSERT INTO t VALUES(3); COMMIT' 'exec a DROP TABLE t' 'close a'
	done
}

@test "our switch to WAL does not call the program's commit hook" {
	seed='CREATE TABLE t(x)'
	expect_same victim 'open a t.db' 'hooks a' 'exec a SELECT x FROM t' 'exec a INSERT INTO t VALUES(1)' 'close a'
	[[ $(outside_pragma t.db journal_mode) == wal ]]
}

@test "calls with null pointers where SQLite allows them are answered as SQLite answers them" {
	expect_same victim 'open a NULL' 'exec_bare a ' 'exec_bare a SELECT 1; BEGIN' 'autocommit a' 'exec_bare a nonsense' \
		'errmsg a' 'close a' \
		'open b t.db' 'exec_bare b ' 'exec_bare b CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT' \
		'exec b SELECT x FROM t' 'close b'
}

@test "blanks between the statements of one text are what SQLite takes for blanks there" {
	for blank in '\x0b' '\n\x0b\x0c' ' \x0b \x0b' ';\x0b' '\xc2\xa0' '\xef\xbb\xbf' '\x0b'; do
		expect_same victim 'open a t.db' "exec a CREATE TABLE t(x);${blank}BEGIN;${blank}INSERT INTO t VALUES(1);${blank}COMMIT;$blank" \
			"exec a ${blank}SELECT count(*) FROM t" "get_table a SELECT 1;${blank}SELECT 2;$blank" 'autocommit a' 'close a'
	done
}

@test "the VFSes unix-dotfile, unix-excl and unix-none work as without the library" {
	for vfs in unix-excl unix-dotfile unix-none; do
		expect_same victim "open_v2 a file:t.db?vfs=$vfs rw,create,uri" 'exec a CREATE TABLE t(x)' \
			'exec a BEGIN; INSERT INTO t VALUES(1); COMMIT' 'exec a SELECT x FROM t' \
			'exec a BEGIN' 'exec a INSERT INTO t VALUES(2)' 'exec a ROLLBACK' 'exec a SELECT count(*) FROM t' \
			'exec a VACUUM' 'errcode a' 'close a'
		[[ $(observer query t.db 'PRAGMA integrity_check') == ok ]]
		expect_quiet
	done
}

@test "the last connection to close removes -wal and -shm, as SQLite does" {
	run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'open b t.db' \
		'exec b BEGIN; INSERT INTO t VALUES(1); COMMIT' 'close a' 'close b' 'sh ls'
	expect_line t.db
	[[ $output != *t.db-* ]]
	run_shim sh -c 'victim "open a t.db" "exec a INSERT INTO t VALUES(2)" "sh ls" "close a"; ls'
	[[ ${lines[-1]} == t.db ]]
}

@test "a running statement is not disturbed by what the library does for another statement" {
	seed='CREATE TABLE t(x); INSERT INTO t VALUES(1),(2),(3); CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE)'
	for api in v1 v2; do
		expect_same victim 'open a t.db' "prepare a s $api -1 SELECT x FROM t" 'step s' \
			'exec a REPLACE INTO p VALUES(1)' 'step s' 'exec a BEGIN' 'exec a CREATE TABLE d(x)' \
			'exec a DROP TABLE d' 'exec a COMMIT' 'step s' 'step s' 'finalize s' 'close a'
	done
}

@test "statements prepared by sqlite3_prepare stay valid" {
	seed='CREATE TABLE t(x); INSERT INTO t VALUES(1); CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE)'
	expect_same victim 'open a t.db' 'prepare a s v1 -1 SELECT x FROM t' 'prepare a i v1 -1 INSERT INTO t VALUES(2)' \
		'exec a SELECT 1' 'exec a INSERT INTO t VALUES(5)' 'step s' 'reset s' 'step i' 'reset i' \
		'exec a REPLACE INTO p VALUES(1)' 'step s' 'reset s' 'step i' 'reset i' 'prepare a d v1 -1 DROP TABLE c' \
		'step s' 'reset s' 'step i' 'reset i' 'finalize d' 'step i' 'reset i'
}
