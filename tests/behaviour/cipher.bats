# SQLCipher: the key comes before anything is read or written, whatever way it comes.
load ../harness/harness

seed() {
	rm -f ./*.db*
	run_plain victim_cipher 'open a t.db' 'key a secret' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(5)'
}

is_encrypted() {
	[[ -s $1 && $(head -c 15 "$1" | tr '\0' x) != 'SQLite format 3' ]]
}

fresh_databases() {
	if [[ -n ${seeded-} ]]; then
		seed
	else
		rm -f ./*.db*
	fi
}

journal_mode() {
	run_plain victim_cipher "open a $1" "key a $2" 'exec a SELECT count(*) FROM sqlite_master' 'exec a PRAGMA journal_mode' >&2
	echo "${lines[-2]}"
}

@test "sqlite3_key_v2 works for a new and for an existing database" {
	expect_same victim_cipher 'open a t.db' 'key_v2 a main secret' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(5)' 'exec a BEGIN' \
		'exec a INSERT INTO t VALUES(6)' 'exec a COMMIT' 'close a'
	is_encrypted t.db
	[[ $(journal_mode t.db secret) == wal ]]
	seeded=yes expect_same victim_cipher 'open a t.db' 'key_v2 a main secret' 'exec a SELECT x FROM t' 'exec a INSERT INTO t VALUES(6)' 'close a'
	[[ $(journal_mode t.db secret) == wal ]]
	is_encrypted t.db
}

@test "rekeying works by every call, before and after the first use" {
	seeded=yes
	for change in 'rekey a other' "exec a PRAGMA rekey='other'"; do
		for use in 'exec a SELECT x FROM t' 'exec a PRAGMA user_version'; do
			expect_same victim_cipher 'open a t.db' 'key a secret' "$use" "$change" 'exec a SELECT x FROM t' 'exec a INSERT INTO t VALUES(6)' 'close a'
			is_encrypted t.db
			[[ $(journal_mode t.db other) == wal ]]
			run_plain victim_cipher 'open a t.db' 'key a secret' 'exec a SELECT x FROM t'
			expect_not_decrypted
		done
	done
}

@test "mmap_size stays 0 with SQLCipher 4, which would give a new database a salt of zeros" {
	expect_same victim_cipher 'open a t.db' 'key a secret' 'exec a PRAGMA mmap_size' 'exec a CREATE TABLE t(x)' 'exec a PRAGMA mmap_size' 'close a'
	SQLPROD_MMAP_SIZE=1000000 SQLPROD_REPORT=$scratch/report.json run_shim victim_cipher 'open a t.db' 'key a secret' 'exec a PRAGMA mmap_size' 'close a'
	expect_line 0
	[[ $(report "$scratch/report.json" settings mmap_size reason) == 'this SQLite encrypts, and maps nothing' ]]
}

@test "a wrong key fails as without the library, and changes nothing" {
	seeded=yes
	seed
	before=$(cksum <t.db)
	expect_same victim_cipher 'open a t.db' 'key a wrong' 'exec a SELECT x FROM t' 'exec a INSERT INTO t VALUES(6)' 'exec a BEGIN' 'exec a COMMIT' \
		'errcode a' 'close a' 'open b t.db' "exec b PRAGMA key='wrong'" 'exec b SELECT x FROM t' 'close b'
	expect_quiet
	run_plain victim_cipher 'open a t.db' 'key a secret' 'exec a SELECT x FROM t'
	expect_line 5
	seed
	before=$(cksum <t.db)
	run_shim victim_cipher 'open a t.db' 'key a wrong' 'exec a SELECT x FROM t' 'close a'
	[[ $(cksum <t.db) == "$before" ]]
}

# mounted KEY SQL… - victim_cipher on a mount of t.db alone, with these statements.
mounted() {
	local key=$1
	shift
	seed
	: >mount.db
	# shellcheck disable=SC2016 # the inner shell's
	run_app unshare --mount --propagation private bash -c 'mount --bind t.db mount.db && exec env LD_PRELOAD="$0" victim_cipher "$@"' \
		"$preloaded" 'open a mount.db' "key a $key" "${@/#/exec a }" 'errcode a' 'close a'
}

@test "an encrypted file that is itself a mount point does not get WAL, and a wrong key fails at the same call as without the library" {
	need_root
	work=('SELECT x FROM t' 'PRAGMA journal_mode' BEGIN 'INSERT INTO t VALUES(6)' COMMIT)
	for key in secret wrong; do
		preloaded='' mounted "$key" "${work[@]}"
		wanted=$output
		preloaded=$preload mounted "$key" "${work[@]}"
		expect "$wanted"
		expect_quiet
	done
	preloaded=$preload SQLPROD_REPORT=$scratch/report.json mounted secret "${work[@]}"
	expect_line 5
	[[ $(report "$scratch/report.json" settings journal_mode reason | tail -n 1) == 'the file is a mount of its own, '* ]]
}

@test "the right key works after a wrong one" {
	seeded=yes expect_same victim_cipher 'open a t.db' 'key a wrong' 'exec a SELECT x FROM t' 'close a' 'open a t.db' 'key a secret' 'exec a SELECT x FROM t' 'exec a SELECT 1' 'close a'
	[[ $(journal_mode t.db secret) == wal ]]
}

@test "a database attached with a key is encrypted, keeps its journal mode, and is locked by BEGIN" {
	for run in run_plain:free run_shim:held; do
		rm -f ./*.db*
		${run%:*} victim_cipher 'open a t.db' 'key a secret' 'exec a CREATE TABLE t(x)' "exec a ATTACH 'u.db' AS u KEY 'other'" \
			'exec a CREATE TABLE u.v(x); INSERT INTO u.v VALUES(7)' 'exec a BEGIN' 'exec a INSERT INTO u.v VALUES(8)' 'exec a COMMIT' \
			'exec a PRAGMA u.journal_mode' 'exec a SELECT x FROM u.v' 'exec a DETACH u' 'close a'
		expect $'open 0\nkey 0\nexec 0\nexec 0\nexec 0\nexec 0\nexec 0\nexec 0\ndelete\nexec 0\n7\n8\nexec 0\nexec 0\nclose 0'
		is_encrypted u.db
		run_plain victim_cipher 'open a u.db' 'key a other' 'exec a SELECT x FROM v'
		expect $'open 0\nkey 0\n7\n8\nexec 0'
	done
}

@test "an encrypted database is exported to a plain one, and back" {
	seeded=yes
	expect_same victim_cipher 'open a t.db' 'key a secret' "exec a ATTACH 'plain.db' AS p KEY ''" "exec a SELECT sqlcipher_export('p')" 'exec a DETACH p' \
		'close a' 'open b plain.db' "exec b ATTACH 'again.db' AS c KEY 'third'" "exec b SELECT sqlcipher_export('c')" 'exec b DETACH c' 'close b'
	[[ $(observer query plain.db 'SELECT x FROM t') == 5 ]]
	is_encrypted again.db
	run_plain victim_cipher 'open a again.db' 'key a third' 'exec a SELECT x FROM t'
	expect_line 5
}

@test "cipher PRAGMAs between the key and the first use take effect" {
	for how in 'PRAGMA kdf_iter=4000' 'PRAGMA cipher_page_size=4096' "PRAGMA cipher='aes-128-cbc'" 'PRAGMA cipher_use_hmac=OFF'; do
		expect_same victim_cipher 'open a t.db' "exec a PRAGMA key='secret'" "exec a $how" 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(5)' 'close a' \
			'open b t.db' "exec b PRAGMA key='secret'" "exec b $how" 'exec b SELECT x FROM t' 'exec b INSERT INTO t VALUES(6)' 'close b'
		expect_line 5
		is_encrypted t.db
		rm -f ./*.db*
	done
}
