# What keeps the recipe from a connection, or makes it dangerous, is reported once: by a warning, the report, or sqlprod check. Shared filesystems: storage.bats; encryption: cipher.bats; the WAL-reset race: command/check.bats; little space: disk_space.bats.
load ../harness/harness

work=('exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' 'close a')

# reported ARGUMENT… - victim, with a report.
reported() {
	rm -f "$scratch/report.json"
	SQLPROD_REPORT=$scratch/report.json run_shim "$@"
}

# reason SETTING
reason() {
	report "$scratch/report.json" settings "$1" reason
}

left() {
	report "$scratch/report.json" begins_not_upgraded
}

stand_on() {
	preload_also=$build/programs/fake_statfs.so
	export FAKE_STATFS_FOLDER=$PWD FAKE_STATFS_TYPE=$1 FAKE_MOUNTINFO=${2-/nowhere}
}

@test "an ordinary database gives no warning" {
	reported victim 'open a t.db' "${work[@]}"
	expect_quiet
	[[ $(reason journal_mode) == null && $(reason mmap_size) == null && $(left) == '{}' ]]
}

@test "a filesystem that cannot be determined gives one warning, and counts as local" {
	stand_on 0x1234567
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode' 'open b u.db' 'exec b PRAGMA journal_mode'
	expect $'open 0\nwal\nexec 0\nopen 0\nwal\nexec 0'
	expect_warnings 1 "sqlprod: the filesystem of $PWD/t.db cannot be determined *SQLPROD_JOURNAL_MODE=keep*SQLPROD_MMAP_SIZE=0"
	rm -f ./*.db*
	SQLPROD_JOURNAL_MODE=keep SQLPROD_MMAP_SIZE=0 run_shim victim 'open a t.db' "${work[@]}"
	expect_quiet
	stand_on 0xEF53
	run_shim victim 'open a t.db' "${work[@]}"
	expect_quiet
}

@test "a sandbox that refuses statfs gives one warning, and the filesystem counts as local" {
	run_app filter EPERM statfs,fstatfs LD_PRELOAD="$preload" victim 'open a t.db' "${work[@]}" 'open b u.db' 'exec b SELECT 1'
	expect_warnings 1 'sqlprod: the filesystem of * cannot be determined *'
	rm -f ./*.db*
	run_app filter EPERM statfs,fstatfs victim 'open a t.db' "${work[@]}"
	expect_quiet
}

# warns_of_attached OPEN - each BEGIN after it looks, and there is one warning for all.
warns_of_attached() {
	mkdir there
	observer query there/u.db 'CREATE TABLE w(x)'
	stand_on 0x6969
	export FAKE_STATFS_FOLDER=$PWD/there
	for begin in BEGIN 'BEGIN IMMEDIATE' 'BEGIN DEFERRED'; do
		run_shim victim "$1 a t.db" "exec a ATTACH 'there/u.db' AS u" "exec a $begin" 'exec a COMMIT' \
			"exec a ATTACH 'there/v.db' AS v" "exec a $begin" 'exec a COMMIT' 'exec a PRAGMA u.mmap_size' 'exec a PRAGMA u.journal_mode'
		expect "$1 0"$'\nexec 0\nexec 0\nexec 0\nexec 0\nexec 0\nexec 0\n0\nexec 0\ndelete\nexec 0'
		expect_warnings 1 "sqlprod: $PWD/there/u.db is attached, and on a shared filesystem (nfs at *): *PRAGMA journal_mode=DELETE"
	done
	unset FAKE_STATFS_FOLDER
	run_shim victim "$1 a t.db" "exec a ATTACH 'there/u.db' AS u" 'exec a BEGIN' 'exec a COMMIT'
	expect_quiet
}

@test "a database attached from a shared filesystem gives one warning" {
	warns_of_attached open
}

@test "a database attached from a shared filesystem gives one warning in a program with an embedded SQLite" {
	warns_of_attached open_hidden
}

@test "a read-only database gives no warning, in either journal mode" {
	for mode in delete wal; do
		observer query $mode.db "PRAGMA journal_mode=$mode; CREATE TABLE t(x)"
		reported victim "open_v2 a file:$mode.db?mode=ro rw,uri" 'exec a SELECT * FROM t' 'exec a BEGIN' 'exec a COMMIT' 'close a'
		expect_quiet
		[[ $(left) == *'the database is read-only'* ]]
	done
	[[ $(report "$scratch/report.json" settings journal_mode got) == wal ]]
	reported victim "open_v2 a file:delete.db?mode=ro rw,uri" 'exec a SELECT * FROM t' 'close a'
	[[ $(reason journal_mode) == 'the database is read-only' ]]
}

@test "a database without locks, or on a VFS without shared memory, gives no warning" {
	reported victim 'open_v2 a file:t.db?nolock=1 rw,create,uri' "${work[@]}"
	[[ $(reason journal_mode) == *nolock* ]]
	reported victim 'open_v2 a file:u.db?vfs=unix-none rw,create,uri' "${work[@]}"
	if sqlite_built OMIT_WAL; then
		[[ $(reason journal_mode) == 'this SQLite was built without WAL' ]]
	else
		[[ $(reason journal_mode) == 'the VFS has no shared memory, which WAL needs' ]]
	fi
	reported victim 'open_v2 a file:v.db?vfs=unix-excl rw,create,uri' "${work[@]}"
	sqlite_built OMIT_WAL || [[ $(reason journal_mode) == null ]]
}

@test "a SQLite built without WAL gives no warning" {
	reported victim 'open a t.db' "${work[@]}"
	if sqlite_built OMIT_WAL; then
		[[ $(reason journal_mode) == 'this SQLite was built without WAL' && $(reason synchronous) == 'only with WAL' ]]
	else
		[[ $(reason journal_mode) == null ]]
	fi
}

@test "a SQLite built without foreign keys gives no warning" {
	reported victim 'open a t.db' "${work[@]}"
	if sqlite_built OMIT_FOREIGN_KEY; then
		[[ $(reason foreign_keys) == 'this SQLite was built without foreign keys' && $(report "$scratch/report.json" settings foreign_keys got) == null ]]
	elif sqlite_has 3015000; then
		[[ $(reason foreign_keys) == null && $(report "$scratch/report.json" settings foreign_keys got) == on ]]
	else
		[[ $(reason foreign_keys) == 'before SQLite 3.15'* && $(report "$scratch/report.json" settings foreign_keys got) == off ]]
	fi
}

@test "a shared cache gives no warning" {
	reported victim 'open_v2 a t.db rw,create,shared' "${work[@]}"
	[[ $(left) == *'shared cache: no timeout waits for its locks'* ]]
}

@test "BEGIN does not fail on an old SQLite with a database attached read-only" {
	observer query u.db 'CREATE TABLE w(x)'
	reported victim 'open_v2 a file:t.db rw,create,uri' "exec a ATTACH 'file:u.db?mode=ro' AS u" "${work[@]}"
	if sqlite_has 3034000; then
		[[ $(left) == '{}' ]]
	else
		[[ $(left) == *'a database is attached read-only'* ]]
	fi
}

@test "limits too low for a WAL give no warning, and the report says why there is none" {
	reported bash -c 'ulimit -f 100000; exec victim "$@"' - 'open a t.db' "${work[@]}"
	[[ $(reason journal_mode) == 'the limit on the size of files (RLIMIT_FSIZE) leaves no room for a WAL' ]]
}

# without FUNCTION - the system's SQLite in ./lib, with that function hidden.
without() {
	mkdir -p lib
	python3 "$root/tests/harness/hide_symbol.py" "$(ldd "$build/programs/victim" | awk '/libsqlite3/ { print $3 }')" lib/libsqlite3.so.0 "$1"
}

@test "a SQLite without authorizers or without sqlite3_db_filename() gives no warning, and the report says what is missing" {
	without sqlite3_set_authorizer
	reported env LD_LIBRARY_PATH="$PWD/lib" victim 'open a t.db' "${work[@]}"
	expect_quiet
	[[ $(reason foreign_keys) == 'in a SQLite without authorizers DROP TABLE cannot be kept from deleting rows' ]]
	without sqlite3_db_filename
	reported env LD_LIBRARY_PATH="$PWD/lib" victim 'open a t.db' "${work[@]}"
	expect_quiet
	[[ $(reason journal_mode) == 'this SQLite has no sqlite3_db_filename(), '* && $(left) == *sqlite3_db_filename* ]]
}

@test "a program gets its own results whichever function, of those the library calls, its SQLite lacks" {
	mapfile -t functions < <(sed -n '/^#define SQLITE_CALLED/,/^$/s/^\tX(\([a-z0-9_]*\)).*/\1/p' "$root/shim/sqlite/sqlite.h")
	[[ ${#functions[@]} -gt 15 ]]
	for function in "${functions[@]}"; do
		# the victim's own
		! nm -u "$build/programs/victim" | grep -q " sqlite3_$function$" || continue
		without "sqlite3_$function"
		for run in run_plain run_shim; do
			rm -f t.db*
			SQLPROD_REPORT=$scratch/report.json $run env LD_LIBRARY_PATH="$PWD/lib" victim 'open a t.db' 'exec a CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT' \
				'exec a REPLACE INTO t VALUES(2)' 'exec a SELECT x FROM t' 'close a'
			expect $'open 0\nexec 0\nexec 0\n1\n2\nexec 0\nclose 0'
		done
	done
}
