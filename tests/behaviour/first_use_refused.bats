# Databases that take none of it, or not yet: read-only, no database at all, in memory, encrypted.
load ../harness/harness

# Each test makes what it needs, and none of it may change.
fresh_databases() {
	:
}

@test "a read-only connection reads, and does not change the file" {
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	before=$(cksum t.db)
	opens=('open_v2 a t.db ro' 'open_v2 a file:t.db?mode=ro rw,uri')
	! sqlite_has 3008005 || opens+=('open_v2 a file:t.db?immutable=1 rw,uri')
	for open in "${opens[@]}"; do
		expect_same victim "$open" 'errcode a' 'exec a SELECT x FROM t' 'errcode a' 'exec a PRAGMA journal_mode' \
			'exec a INSERT INTO t VALUES(2)' 'errmsg a' 'exec a BEGIN' 'exec a COMMIT'
		expect_quiet
		[[ $(cksum t.db) == "$before" ]]
	done
}

@test "a file without write permission is read" {
	need_root
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	chmod 755 "$scratch" "$PWD"
	expect_same victim 'setuid 65534' 'open a t.db' 'errcode a' 'exec a SELECT x FROM t' 'exec a BEGIN' \
		'exec a INSERT INTO t VALUES(2)' 'exec a COMMIT' 'errcode a'
	expect_quiet
}

@test "a writable file in a folder without write permission gets the same results as without the library" {
	need_root
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	chmod 755 "$scratch" "$PWD"
	chmod 666 t.db
	expect_same victim 'setuid 65534' 'open a t.db' 'errcode a' 'exec a SELECT x FROM t' 'exec a BEGIN' \
		'exec a SELECT x FROM t' 'exec a COMMIT' 'exec a INSERT INTO t VALUES(2)' 'errcode a'
	expect_quiet
}

@test "a WAL database in a folder without write permission fails as without the library" {
	need_root
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	chmod 755 "$scratch" "$PWD"
	expect_same victim 'setuid 65534' 'open_v2 a t.db ro' 'exec a SELECT count(*) FROM t' 'errcode a' 'errmsg a'
}

@test "a failed open fails as without the library" {
	mkdir folder.db
	expect_same victim 'open a nowhere/t.db' 'errcode a' 'errmsg a' 'exec a SELECT 1' 'exec a BEGIN' 'busy_timeout a 5' \
		'busy_handler a on' 'close a' \
		'open_v2 a t.db rw' 'errcode a' 'prepare a s v2 -1 BEGIN' 'close_v2 a' 'open16 a nowhere/t.db' 'close a' \
		'open a folder.db' 'exec a SELECT 1' 'close a'
	expect_quiet
}

@test "a file that is no database fails at the same call with the same code" {
	head -c 8192 /dev/zero | tr '\0' x >t.db
	expect_same victim 'open a t.db' 'errcode a' 'errmsg a' 'busy_timeout a 5' 'errcode a' \
		'exec a PRAGMA user_version=1' 'exec a SELECT 1' 'exec a BEGIN' 'errcode a' 'exec a CREATE TABLE t(x)' \
		'errcode a' 'close a'
	expect_quiet
}

@test "an in-memory or temporary database works as before" {
	for file in ':memory:' ''; do
		expect_same victim "open a $file" 'exec a PRAGMA journal_mode' \
			'exec a CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT' 'exec a PRAGMA synchronous' \
			'exec a SELECT x FROM t' 'exec a PRAGMA page_size' 'errcode a'
		expect_quiet
	done
}

@test "a keyed database is set up after its key, and stays encrypted" {
	for run in run_plain:delete run_shim:wal; do
		rm -f t.db*
		${run%:*} victim_cipher 'open a t.db' 'key a secret' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(5)' \
			'exec a PRAGMA journal_mode'
		expect_line "${run#*:}"
		[[ $(head -c 15 t.db) != 'SQLite format 3' ]]
		${run%:*} victim_cipher 'open a t.db' 'key a secret' 'exec a SELECT x FROM t'
		expect $'open 0\nkey 0\n5\nexec 0'
		${run%:*} victim_cipher 'open a t.db' "exec a PRAGMA key='secret'" 'exec a SELECT x FROM t' 'exec a BEGIN' \
			'exec a INSERT INTO t VALUES(6)' 'exec a COMMIT'
		expect_line 5
		expect_line 'exec 0'
		[[ $output != *'exec 26'* ]]
	done
}

@test "a new database keyed by PRAGMA as its first statement is encrypted from its first byte" {
	for text in "PRAGMA key='secret'" "PRAGMA main.key = 'secret';" "pragma hexkey='736563726574'"; do
		for run in run_plain run_shim; do
			rm -f t.db*
			$run victim_cipher 'open a t.db' "exec a $text" 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(5)'
			[[ $(head -c 15 t.db) != 'SQLite format 3' ]]
			run_plain victim_cipher 'open a t.db' 'key a secret' 'exec a SELECT x FROM t'
			expect_line 5
		done
	done
}

@test "a database that is used before its key is given behaves as without the library" {
	run_plain victim_cipher 'open a seed.db' 'key a secret' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(5)'
	for run in run_plain run_shim; do
		cp seed.db t.db
		$run victim_cipher 'open a t.db' 'exec a SELECT x FROM t' 'key a secret' 'exec a SELECT x FROM t' \
			'exec a INSERT INTO t VALUES(6)' 'exec a SELECT count(*) FROM t'
		expect_not_decrypted
		expect_line 5
		expect_line 2
	done
}
