# Databases opened in unusual ways: URIs, other VFSes, memory that connections share, WAL that can only be read, exclusive locks.
load ../harness/harness

work=('exec a CREATE TABLE IF NOT EXISTS w(x)' 'exec a BEGIN; INSERT INTO w VALUES(1); COMMIT' 'exec a BEGIN' 'exec a INSERT INTO w VALUES(2)'
	'exec a ROLLBACK' 'exec a SELECT count(*) FROM w' 'errcode a' 'close a')

@test "the modes of a URI have the same effect as without the library" {
	for uri in 'file:t.db?mode=ro' 'file:t.db?mode=rw' 'file:t.db?mode=rwc' 'file:t.db' 'file:t.db?psow=0' 'file:t.db?mode=memory' "file://$PWD/t.db" \
		'file:t%2edb'; do
		seed='CREATE TABLE t(x)' expect_same_quietly victim "open_v2 a $uri rw,create,uri" "${work[@]}"
		[[ $uri == *'mode=ro' || $uri == *memory || $(outside_pragma t.db journal_mode) == wal ]]
	done
	expect_same_quietly victim 'open_v2 a file:none.db?mode=rw rw,create,uri' 'errcode a' 'close a' 'sh ls'
}

@test "a database opened with nolock is not switched to WAL, even with locking_mode=EXCLUSIVE" {
	for first in '' 'exec a PRAGMA locking_mode=EXCLUSIVE'; do
		sqlite_has 3008005 || break # it knows no nolock
		seed='CREATE TABLE t(x)' expect_same_quietly victim 'open_v2 a file:t.db?nolock=1 rw,create,uri' ${first:+"$first"} \
			'exec a PRAGMA journal_mode' "${work[@]}"
		[[ $(outside_pragma t.db journal_mode) == delete ]]
	done
}

# With an exclusive lock SQLite would give it WAL, and then refuse the database to the next one, who has none.
@test "a database on a VFS without shared memory is not switched to WAL, even if the operator sets it" {
	sqlite_has 3007017
	refusal='the VFS has no shared memory, which WAL needs'
	! sqlite_built OMIT_WAL || refusal='this SQLite was built without WAL'
	for vfs in unix-none unix-dotfile; do
		for lock in NORMAL EXCLUSIVE; do
			for mode in wal ''; do
				rm -rf ./*.db*
				export ${mode:+SQLPROD_JOURNAL_MODE=$mode}
				SQLPROD_REPORT=$scratch/report.json run_shim victim "open_v2 a file:t.db?vfs=$vfs rw,create,uri" "exec a PRAGMA locking_mode=$lock" \
					"${work[@]}"
				expect_quiet
				[[ $(tail -n 1 "$scratch/report.json") == *'"journal_mode":{"wanted":"wal","got":"delete"'*"$refusal"* ]]
				unset SQLPROD_JOURNAL_MODE
				run_plain victim "open_v2 a file:t.db?vfs=$vfs rw,uri" 'exec a SELECT count(*) FROM w'
				expect $'open_v2 0\n1\nexec 0'
			done
		done
	done
}

@test "without the library, WAL on a VFS without shared memory locks other processes out" {
	run_plain victim 'open_v2 a file:t.db?vfs=unix-none rw,create,uri' 'exec a PRAGMA locking_mode=EXCLUSIVE' 'exec a PRAGMA journal_mode=wal' \
		'exec a CREATE TABLE w(x)' 'close a' 'open_v2 b file:t.db?vfs=unix-none rw,uri' 'exec b SELECT count(*) FROM w'
	[[ ${lines[-1]} == 'exec 14 unable to open database file' ]]
}

@test "a database on unix-excl gets WAL, and other processes can open it afterwards" {
	run_shim victim 'open_v2 a file:t.db?vfs=unix-excl rw,create,uri' 'exec a CREATE TABLE w(x)' 'exec a PRAGMA journal_mode' 'exec a BEGIN' \
		'exec a INSERT INTO w VALUES(1)' 'exec a COMMIT' 'sh observer lock t.db' 'close a'
	expect_line wal
	expect_line held
	run_plain victim 'open a t.db' 'exec a SELECT count(*) FROM w'
	expect_line 1
}

@test "a VFS of the program's own keeps its file's methods, and its rollback journal unless the operator sets WAL" {
	script=('vfs own' 'open_v2 a file:t.db?vfs=own rw,create,uri' 'exec a CREATE TABLE w(x)' 'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT'
		'methods a' 'close a')
	for run in run_plain:free run_shim:held; do
		rm -f t.db*
		${run%:*} victim "${script[@]}"
		expect_line "${run#*:}"
		expect_line 'methods own'
	done
	if sqlite_has 3012000; then
		[[ $(outside_pragma t.db journal_mode) == delete ]]
	fi
	SQLPROD_JOURNAL_MODE=wal run_shim victim "${script[@]}"
	expect_line held
	expect_line 'methods own'
	[[ $(outside_pragma t.db journal_mode) == wal ]]
}

# Nobody but the process has such a database, and of two readers in one thread the second must not wait for the first.
@test "a database that a VFS of the program's own keeps elsewhere than in a file is left alone" {
	for name in t.db /nowhere/t.db; do
		script=(vfs_elsewhere "open_v2 a file:$name?vfs=elsewhere rw,create,uri" "open_v2 b file:$name?vfs=elsewhere rw,uri" 'exec a CREATE TABLE w(x)'
			'exec a BEGIN' 'exec a SELECT count(*) FROM w' 'sh observer lock t.db' 'exec b BEGIN' 'exec b SELECT count(*) FROM w' 'exec b COMMIT' 'exec a COMMIT'
			'exec a PRAGMA journal_mode' 'exec a PRAGMA busy_timeout' 'exec b PRAGMA foreign_keys' 'exec b PRAGMA cache_size' 'close b' 'close a' 'sh ls')
		expect_same_quietly victim "${script[@]}"
		expect_line free
		rm -f t.db*
		SQLPROD_REPORT=$scratch/report.json run_shim victim "${script[@]}"
		[[ $(report "$scratch/report.json" left_alone | sort -u) == 'its VFS does not keep it in a file of that name' ]]
		rm -f t.db*
	done
}

@test "a shared in-memory database is not changed" {
	for uri in 'file:m?mode=memory&cache=shared' 'file::memory:?cache=shared' 'file:/m?vfs=memdb'; do
		[[ $uri != *memdb ]] || sqlite_has 3036000 || continue
		expect_same_quietly victim "open_v2 a $uri rw,create,uri" "open_v2 b $uri rw,create,uri" 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' \
			'exec b SELECT x FROM t' 'exec a PRAGMA journal_mode' 'exec b BEGIN' 'exec b INSERT INTO t VALUES(2)' 'exec b COMMIT' \
			'exec a SELECT count(*) FROM t' 'exec a PRAGMA synchronous' 'close a' 'exec b SELECT count(*) FROM t' 'close b' 'sh ls'
		expect_same_quietly victim "open_v2 a $uri rw,create,uri" 'exec a PRAGMA locking_mode=EXCLUSIVE' 'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode'
	done
}

@test "a database with a shared cache gets WAL, and its BEGINs are not rewritten" {
	for share in 'open_v2 a file:t.db?cache=shared rw,create,uri/open_v2 b file:t.db?cache=shared rw,create,uri' \
		'open_v2 a t.db rw,create,shared/open_v2 b t.db rw,create,shared' 'shared_cache on/open a t.db/open b t.db'; do
		mapfile -t opens <<<"${share//\/open/$'\n'open}"
		expect_same_quietly victim "${opens[@]}" 'exec a CREATE TABLE t(x)' 'exec b INSERT INTO t VALUES(1)' 'exec a BEGIN' 'sh observer lock t.db' \
			'exec b BEGIN' 'exec a SELECT count(*) FROM t' 'exec b SELECT count(*) FROM t' 'exec a COMMIT' 'exec b INSERT INTO t VALUES(2)' \
			'exec b COMMIT' 'exec a SELECT count(*) FROM t' 'close a' 'close b'
		[[ $(outside_pragma t.db journal_mode) == wal ]]
	done
}

@test "a WAL database that is open elsewhere is read without write permission on file and folder" {
	need_root
	chmod 755 "$scratch" "$PWD"
	for run in run_plain run_shim; do
		rm -f ./*.db*
		observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)' >/dev/null
		barrier_make held
		start_plain holder victim 'open a t.db' 'exec a SELECT x FROM t' 'exec a INSERT INTO t VALUES(2)' 'barrier held'
		holder=$started
		barrier_meet held
		$run victim 'setuid 65534' 'open_v2 a t.db ro' 'exec a SELECT count(*) FROM t' 'exec a PRAGMA journal_mode' 'exec a BEGIN' \
			'exec a SELECT count(*) FROM t' 'exec a COMMIT' 'errcode a' 'open b t.db' 'exec b SELECT count(*) FROM t' 'exec b INSERT INTO t VALUES(3)' 'close b' 'close a'
		[[ $run == run_shim ]] || wanted=$output
		expect "$wanted"
		expect_quiet
		barrier_leave held
		finish "$holder" holder
		rm -f ./*.here ./*.go
	done
	if sqlite_has 3022000; then
		expect_line 2
	else
		expect_line 'exec 14 unable to open database file'
	fi
}

@test "a WAL database without -wal and -shm is read if its folder is writable, or as immutable" {
	for opened in 'open_v2 a t.db ro' 'open_v2 a file:t.db?mode=ro rw,uri' 'open_v2 a file:t.db?immutable=1 rw,uri'; do
		[[ $opened != *immutable* ]] || sqlite_has 3008005 || continue
		seed='PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)' expect_same_quietly victim "$opened" 'exec a SELECT x FROM t' \
			'exec a PRAGMA journal_mode' 'exec a BEGIN' 'exec a COMMIT' 'exec a INSERT INTO t VALUES(2)' 'close a' 'sh ls'
	done
}

@test "locking_mode=EXCLUSIVE, set first by the program, works with WAL and can be reset to NORMAL" {
	for seed in '' 'CREATE TABLE t(x)' 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'; do
		for lock in locking_mode=EXCLUSIVE 'main.locking_mode = exclusive'; do
			# without the library a database that is in WAL mode already keeps the lock
			[[ $seed != PRAGMA* ]] || again=locking_mode
			script=('open a t.db' "exec a PRAGMA $lock" 'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)'
				'exec a COMMIT' 'sh observer lock t.db' "exec a PRAGMA ${again:-locking_mode=NORMAL}" 'exec a SELECT count(*) FROM t')
			[[ -n ${again-} ]] || script+=('sh observer query t.db "SELECT count(*) FROM t"')
			expect_same_quietly victim "${script[@]}" 'close a'
			[[ $(outside_pragma t.db journal_mode) == wal ]]
		done
	done
}

# two_names COMMAND… - victims that alternately use one file under two names, run by COMMAND; checks the rows at the end.
two_names() {
	rm -f ./*.db*
	observer query t.db 'CREATE TABLE w(x)'
	ln t.db u.db
	"$@" victim 'open a t.db' 'exec a INSERT INTO w VALUES(1)' \
		"sh victim 'open b u.db' 'exec b INSERT INTO w VALUES(2)' 'close b'" 'exec a INSERT INTO w VALUES(3)' 'close a'
	[[ $(observer query t.db 'PRAGMA integrity_check; SELECT count(*) FROM w' | xargs) == "ok $rows" ]]
}

@test "a file with two hard links does not get WAL, which would lose rows" {
	rows=3
	two_names run_plain
	for wanted in '' wal; do
		export ${wanted:+SQLPROD_JOURNAL_MODE=$wanted}
		rm -f "$scratch/report.json"
		SQLPROD_REPORT=$scratch/report.json two_names run_shim
		expect_quiet
		[[ $(report "$scratch/report.json" settings journal_mode reason | uniq) == 'the file has several names, '* ]]
	done
	rm u.db
	run_shim victim 'open a t.db' 'exec a SELECT count(*) FROM w' 'exec a PRAGMA journal_mode'
	expect $'open 0\n3\nexec 0\nwal\nexec 0'
}

@test "WAL set by hand loses a row of a file with two hard links" {
	rm -f ./*.db*
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE w(x)'
	ln t.db u.db
	run_plain victim 'open a t.db' 'exec a INSERT INTO w VALUES(1)' \
		"sh victim 'open b u.db' 'exec b INSERT INTO w VALUES(2)' 'close b'" 'exec a INSERT INTO w VALUES(3)' 'close a'
	[[ $(observer query t.db 'SELECT count(*) FROM w') -lt 3 ]]
}

@test "a file that is in WAL mode by recipe, and opened by a second name while it is open by the first, loses no row" {
	sqlite_has 3012000 || skip 'before 3.12 a file has no shim: its locks are not known'
	for link in before after; do
		first=('open a t.db' 'exec a CREATE TABLE w(x)' 'exec a INSERT INTO w VALUES(1)')
		[[ $link == after ]] || first+=('close a' 'sh ln t.db u.db' 'open a t.db' 'exec a SELECT count(*) FROM w')
		[[ $link == before ]] || first+=('sh ln t.db u.db')
		script=("${first[@]}" 'open b u.db' 'exec b SELECT count(*) FROM w' 'exec b INSERT INTO w VALUES(2)' 'exec a INSERT INTO w VALUES(3)'
			'exec b SELECT count(*) FROM w' 'close a' 'exec b INSERT INTO w VALUES(4)' 'close b')
		rm -f ./*.db*
		run_plain victim "${script[@]}"
		wanted=$output
		rm -f ./*.db*
		run_shim victim "${script[@]}"
		expect "$wanted"
		expect_quiet
		for name in t.db u.db; do
			[[ $(observer query $name 'PRAGMA integrity_check; SELECT count(*) FROM w' | xargs) == 'ok 4' ]]
		done
	done
}

@test "a symbolic link that SQLite follows does not count as a second name" {
	observer query t.db 'CREATE TABLE w(x)'
	ln -s t.db link.db
	run_shim victim 'open a link.db' 'exec a SELECT count(*) FROM w' 'exec a PRAGMA journal_mode'
	if sqlite_has 3010000; then
		expect $'open 0\n0\nexec 0\nwal\nexec 0'
	else
		expect $'open 0\n0\nexec 0\ndelete\nexec 0'
	fi
}

# mounted_twice PRELOAD - two victims that alternately use one file under its path and a mount of it; the second is never preloaded.
mounted_twice() {
	rm -f ./*.db*
	observer query t.db 'CREATE TABLE w(x)'
	: >u.db
	# shellcheck disable=SC2016 # the inner shell's
	run_app unshare --mount --propagation private bash -c 'mount --bind t.db u.db && exec env LD_PRELOAD="$0" "$@"' "$1" \
		victim 'open a u.db' 'exec a INSERT INTO w VALUES(1)' "sh victim 'open b t.db' 'exec b INSERT INTO w VALUES(2)' 'close b'" \
		'exec a INSERT INTO w VALUES(3)' 'close a'
	[[ $(observer query t.db 'PRAGMA integrity_check; SELECT count(*) FROM w' | xargs) == 'ok 3' ]]
}

@test "a bind-mounted single file (docker -v FILE:FILE) does not get WAL, as its -wal would be in another folder" {
	need_root
	mounted_twice ''
	SQLPROD_REPORT=$scratch/report.json mounted_twice "$preload"
	expect_quiet
	[[ $(report "$scratch/report.json" settings journal_mode reason) == 'the file is a mount of its own, '* ]]
}
