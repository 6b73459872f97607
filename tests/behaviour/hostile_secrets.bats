# Nothing that a program keeps in its database, or opens it with, is seen in log, report or warnings, at any level.
load ../harness/harness

# Python and bash free little at their end: leaks are looked for elsewhere.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

canary=Zeisig-4711

setup_log_and_report() {
	export SQLPROD_LOG=$scratch/log SQLPROD_LOG_LEVEL=debug SQLPROD_REPORT=$scratch/report.json
}

# expect_silence - both were written to, and neither they nor standard error know the canary, or a word of SQL around it.
expect_silence() {
	[[ -s $SQLPROD_LOG && -s $SQLPROD_REPORT ]]
	! grep -aiE "$canary|4711|hexkey|VALUES|ATTACH" "$SQLPROD_LOG" "$SQLPROD_REPORT" "$scratch/stderr" || fail "shows a secret"
}

@test "log and report hold no SQL text, by whatever call, accepted or refused" {
	setup_log_and_report
	script=('open a t.db' "exec a PRAGMA foreign_keys=on" "exec a CREATE TABLE \"$canary\"(x DEFAULT '$canary' CHECK(x<>'4711'))")
	for sql in "INSERT INTO \"$canary\" VALUES('$canary')" "SELECT '$canary' FROM nothing" "$canary" "BEGIN -- $canary" "BEGIN $canary" \
		"/* $canary */ ROLLBACK" "PRAGMA journal_mode='$canary'" "PRAGMA busy_timeout='$canary'" "PRAGMA $canary=$canary" \
		"REPLACE INTO \"$canary\" VALUES('4711')" "ATTACH '$canary.db' AS \"$canary\"" "DROP TABLE \"$canary\"" \
		"CREATE TABLE \"$canary\"(x REFERENCES \"$canary\" ON DELETE CASCADE)" "SELECT 'x"; do
		script+=("exec a $sql" "get_table a $sql" "exec_bare a $sql")
		for api in v1 v2 v3 16 16_v2; do
			script+=("prepare a s $api -1 $sql" 'step s' 'finalize s')
		done
	done
	run_shim victim "${script[@]}" 'close a'
	expect_silence
}

@test "log and report hold no value that is bound to a statement or computed by it" {
	setup_log_and_report
	run_shim python3 -c '
import sqlite3, sys
db = sqlite3.connect("t.db")
db.execute("CREATE TABLE t(x)")
db.execute("INSERT INTO t VALUES(?)", (sys.argv[1],))
db.execute("REPLACE INTO t VALUES(:x)", {"x": sys.argv[1]})
db.commit()
print(db.execute("SELECT x||:x FROM t WHERE x=:x", {"x": sys.argv[1]}).fetchall())
db.close()' "$canary"
	expect_silence
}

@test "log and report hold no key of a database, however it is given" {
	setup_log_and_report
	for key in "PRAGMA key='$canary'" "PRAGMA key=\"x'47114711471147114711471147114711471147114711471147114711471147ab'\"" \
		"PRAGMA cipher_page_size=8192; PRAGMA key='$canary'; PRAGMA rekey='$canary'"; do
		rm -f t.db* u.db*
		run_shim victim_cipher 'open a t.db' "exec a $key" 'exec a CREATE TABLE t(x)' "exec a ATTACH 'u.db' AS u KEY '$canary'" \
			'exec a BEGIN; CREATE TABLE u.t(x); COMMIT' 'close a' 'open b t.db' 'exec b SELECT * FROM t' "exec b $key; SELECT * FROM t" \
			"prepare b s v2 -1 $key" 'finalize s' "get_table b $key" 'close b'
		expect_silence
	done
	rm -f t.db*
	run_shim victim_cipher 'open a t.db' "key a $canary" 'exec a CREATE TABLE t(x)' 'close a'
	expect_silence
}

@test "log and report hold the path of a URI, not its parameters" {
	setup_log_and_report
	for name in "file:t.db?key=$canary" "file:$PWD/t.db?hexkey=4711&cache=private" "file:t.db?vfs=unix&password=$canary#4711" \
		"file://localhost$PWD/t.db?$canary" "file:memory-4711?mode=memory&key=$canary"; do
		run_shim victim "open_v2 a $name rw,create,uri" 'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a BEGIN; COMMIT' 'close a'
	done
	run_shim any victim "open_v2 a file:t.db?vfs=$canary rw,create,uri" "open_v2 a file:nowhere/t.db?key=$canary ro,uri"
	expect_silence
	[[ $(jq -r .database "$SQLPROD_REPORT" | sort | uniq -c | awk '{ print $1, $2 }') == $'1 \n4 '"$PWD/t.db" ]]
}

@test "log and report hold nothing of the environment but the names of unknown SQLPROD_ variables" {
	setup_log_and_report
	HOME=$canary PASSWORD=$canary SQLPROD_PASSWORD=$canary SQLPROD_DATABASES="*,$canary" SQLPROD_SKIP_PROGRAMS=$canary \
		run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'close a'
	expect_silence
	grep -q 'SQLPROD_PASSWORD is not a setting' "$SQLPROD_LOG"
}
