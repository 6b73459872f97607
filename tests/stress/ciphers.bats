# Encrypting SQLites that are newer than Debian's: SQLCipher 4, and SQLite3 Multiple Ciphers, whose VFS knows its files by their methods.
load ../harness/harness

# play MODULE SQL... - a program that runs it on one connection to c.db and prints what each answers.
play=("$build/ciphers/bin/python" "$root/tests/stress/ciphers.py")

# SQLite3 Multiple Ciphers comes inside of APSW, with a VFS of its own: there is no WAL by recipe.
opened_by_both() {
	local mode=wal
	[[ $1 == sqlcipher3 ]] || mode=delete
	for run in run_plain run_shim run_plain; do
		"$run" "${play[@]}" "$1" "PRAGMA key='k'" 'SELECT count(*) FROM t' 'PRAGMA integrity_check' 'PRAGMA journal_mode'
		expect "[('ok',)]"$'\n[(2,)]\n'"[('ok',)]"$'\n'"[('$mode',)]"
	done
}

@test "a new database, written with the library, is whole" {
	for module in sqlcipher3 apsw; do
		expect_same "${play[@]}" "$module" "PRAGMA key='k'" 'CREATE TABLE t(x)' 'INSERT INTO t VALUES(1)' 'BEGIN' 'INSERT INTO t VALUES(2)' 'COMMIT' 'SELECT count(*) FROM t'
		opened_by_both "$module"
	done
}

@test "a new SQLCipher database has a salt" {
	expect_same "${play[@]}" sqlcipher3 "PRAGMA key='k'" 'CREATE TABLE t(x)' 'INSERT INTO t VALUES(1)'
	[[ $(head -c 16 c.db | tr -d '\0' | wc -c) -gt 8 ]]
}

@test "a wrong key gives the same error, and the right one works" {
	for module in sqlcipher3 apsw; do
		rm -f c.db*
		run_plain "${play[@]}" "$module" "PRAGMA key='k'" 'CREATE TABLE t(x)' 'INSERT INTO t VALUES(1),(2)'
		run_plain "${play[@]}" "$module" "PRAGMA key='no'" 'SELECT count(*) FROM t'
		wanted=$output
		[[ $wanted == *'file is not a database'* ]]
		run_shim "${play[@]}" "$module" "PRAGMA key='no'" 'SELECT count(*) FROM t'
		expect "$wanted"
		run_shim "${play[@]}" "$module" "PRAGMA key='k'" 'SELECT count(*) FROM t' 'SELECT 1'
		opened_by_both "$module"
	done
}

@test "rekeying and SQLCipher's compatibility modes work" {
	expect_same "${play[@]}" sqlcipher3 "PRAGMA key='old'" 'PRAGMA cipher_compatibility=3' 'CREATE TABLE t(x)' 'INSERT INTO t VALUES(1),(2)'
	run_shim "${play[@]}" sqlcipher3 "PRAGMA key='old'" 'PRAGMA cipher_compatibility=3' 'SELECT count(*) FROM t' "PRAGMA rekey='k'" 'SELECT count(*) FROM t'
	run_shim "${play[@]}" sqlcipher3 "PRAGMA key='k'" 'PRAGMA cipher_migrate' 'SELECT count(*) FROM t'
	opened_by_both sqlcipher3
	expect_same "${play[@]}" apsw "PRAGMA key='old'" 'CREATE TABLE t(x)' 'INSERT INTO t VALUES(1),(2)' "PRAGMA rekey='k'" 'SELECT count(*) FROM t'
	run_shim "${play[@]}" apsw "PRAGMA key='k'" 'SELECT count(*) FROM t'
	opened_by_both apsw
}
