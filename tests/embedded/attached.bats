# What BEGIN locks in a program with SQLite inside, beside the write lock of the main database. Built by make embedded-programs.
load ../harness/harness

# By default BEGIN takes no lock here.
export SQLPROD_BEGIN
eval "$(declare -f setup | sed '1s/setup/setup_of_harness/')"
setup() {
	setup_of_harness
	SQLPROD_BEGIN=immediate
}

victim=$build/embedded/victim_gcc_O2

# of_report KEY… - the last connection's.
of_report() {
	report "$scratch/report.json" "$@" | tail -n 1
}

setup_databases() {
	observer query "$1" 'CREATE TABLE t(x)'
	observer query u.db 'CREATE TABLE u(x)'
	observer query v.db 'CREATE TABLE v(x)'
}

attached=("exec a ATTACH 'u.db' AS u" "exec a ATTACH 'v.db' AS 'a \"quoted'' name'" 'exec a BEGIN' 'sh observer lock t.db' 'sh observer lock u.db'
	'exec a INSERT INTO u VALUES(1)' 'exec a COMMIT' 'sh observer lock t.db' 'sh observer lock u.db' 'close a')
results() {
	printf 'open 0\nexec 0\nexec 0\nexec 0\n%s\nfree\nexec 0\nexec 0\nfree\nfree\nclose 0' "$1"
}

@test "with SQLPROD_BEGIN=immediate an embedded copy's BEGIN holds the write lock of the main database, and no other" {
	setup_databases t.db
	run_plain "$victim" 'open a t.db' "${attached[@]}"
	expect "$(results free)"
	SQLPROD_REPORT=$scratch/report.json run_shim "$victim" 'open a t.db' "${attached[@]}"
	expect "$(results held)"
	expect_quiet
	[[ $(of_report begins_rewritten) == 1 ]]
	# and gives it back where nothing was read
	run_shim "$victim" 'open a t.db' 'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' 'sh observer lock t.db' 'exec a BEGIN; ROLLBACK' 'sh observer lock t.db' 'close a'
	expect $'open 0\nexec 0\nheld\nexec 0\nfree\nexec 0\nfree\nclose 0'
}

@test "an embedded copy's BEGIN takes no lock, and reserves at the first read" {
	setup_databases t.db
	SQLPROD_BEGIN=auto SQLPROD_REPORT=$scratch/report.json run_shim "$victim" 'open a t.db' 'exec a BEGIN' 'sh observer lock t.db' 'exec a SELECT count(*) FROM t' \
		'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' 'close a'
	expect $'open 0\nexec 0\nfree\n0\nexec 0\nexec 0\nexec 0\nclose 0'
	[[ $(of_report begins_rewritten) == 0 && $(of_report begins_not_upgraded) == '{}' ]]
}

@test "a program's authorizer does not see how attached databases are locked" {
	setup_databases t.db
	script=('open a t.db' "exec a ATTACH 'u.db' AS u" 'authorizer a log' 'exec a BEGIN' 'exec a INSERT INTO u VALUES(1)' 'exec a COMMIT'
		'close a')
	run_plain "$victim" "${script[@]}"
	wanted=$output
	run_shim "$victim" "${script[@]}"
	expect "$wanted"
}

@test "BEGIN only reads an attached read-only database" {
	setup_databases t.db
	script=('open_v2 a t.db rw,uri' "exec a ATTACH 'file:u.db?mode=ro' AS u" 'exec a BEGIN' 'sh observer lock t.db' 'sh observer lock u.db'
		'exec a SELECT count(*) FROM u' 'exec a COMMIT' 'close a')
	run_plain "$victim" "${script[@]}"
	wanted=$(sed '0,/^free$/s//held/' <<<"$output")
	SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect "$wanted"
	[[ $(of_report begins_rewritten) == 1 ]]
}

@test "with SQLPROD_BEGIN=exclusive an embedded copy takes the write lock, and the report says if that is less than EXCLUSIVE" {
	script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'sh observer lock t.db' 'sh observer query t.db "SELECT count(*) FROM t"'
		'exec a COMMIT' 'close a')
	SQLPROD_BEGIN=exclusive SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect $'open 0\nexec 0\nexec 0\nheld\n0\nexec 0\nclose 0'
	[[ $(of_report begins_rewritten) == 1 && $(of_report begins_not_upgraded) == '{}' ]]
	rm -f t.db
	SQLPROD_BEGIN=exclusive SQLPROD_JOURNAL_MODE=delete SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect $'open 0\nexec 0\nexec 0\nfree\n0\nexec 0\nclose 0'
	[[ $(of_report begins_not_upgraded) == *'not in WAL mode'*1* ]]
}

@test "in an embedded copy BEGIN is not upgraded if one file is attached under two names, as the connection would wait for itself" {
	setup_databases t.db
	for run in run_plain run_shim; do
		APP_TIMEOUT=20 SQLPROD_REPORT=$scratch/report.json $run "$victim" 'open a t.db' "exec a ATTACH 't.db' AS again" \
			'exec a BEGIN; SELECT count(*) FROM again.t' 'exec a INSERT INTO again.t VALUES(1)' 'exec a ROLLBACK' 'close a'
		expect $'open 0\nexec 0\n0\nexec 0\nexec 0\nexec 0\nclose 0'
	done
	[[ $(report "$scratch/report.json" begins_not_upgraded) == *'two names'*1* ]]
}

@test "in an embedded copy a SAVEPOINT that begins a transaction is counted when it has run, others are not" {
	setup_databases t.db
	script=('open a t.db' 'prepare a s v2 -1 SAVEPOINT one' 'exec a BEGIN' 'step s' 'exec a COMMIT' 'reset s' 'step s' 'sh observer lock t.db' 'reset s'
		'exec a SELECT count(*) FROM t' 'step s' 'finalize s' 'exec a COMMIT' 'exec a SAVEPOINT two; RELEASE two' 'close a')
	run_plain "$victim" "${script[@]}"
	wanted=$output
	SQLPROD_BEGIN_DEFERRED=keep SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect "$wanted"
	[[ $(of_report begins_rewritten) == 1 && $(of_report begins_not_upgraded) == *'SAVEPOINT outside of a transaction'*': 2'* ]]
}

@test "in an embedded copy BEGIN is not upgraded on a cache shared through ATTACH" {
	setup_databases t.db
	script=('shared_cache on' 'open a t.db' 'open b u.db' "exec b ATTACH 't.db' AS t" 'exec a BEGIN' 'exec b BEGIN' 'exec a INSERT INTO t VALUES(1)'
		'exec b INSERT INTO u VALUES(1)' 'exec a COMMIT' 'exec b COMMIT' 'close b' 'close a')
	run_plain "$victim" "${script[@]}"
	wanted=$output
	SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect "$wanted"
	[[ $(report "$scratch/report.json" begins_not_upgraded | grep -c 'shared cache.*1') -eq 2 ]]
}

@test "in an embedded copy with SQLPROD_BEGIN_DEFERRED=immediate a SAVEPOINT that begins a transaction has the write lock once it has run" {
	setup_databases t.db
	script=('open a t.db' 'prepare a s v2 -1 SAVEPOINT one' 'step s' 'sh observer lock t.db' 'reset s' 'exec a SAVEPOINT two; INSERT INTO t VALUES(1); ROLLBACK TO two'
		'exec a RELEASE one' 'sh observer lock t.db' 'exec a SELECT count(*) FROM t' 'step s' 'sh observer lock t.db' 'finalize s' 'exec a ROLLBACK' 'close a')
	run_plain "$victim" "${script[@]}"
	wanted=$(awk '/^free$/ { print ++n == 2 ? $0 : "held"; next } { print }' <<<"$output")
	SQLPROD_BEGIN_DEFERRED=immediate SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
	expect "$wanted"
	[[ $(of_report begins_rewritten) == 2 && $(of_report begins_not_upgraded) == '{}' ]]
}

@test "with SQLPROD_BEGIN=immediate or exclusive a database in memory that has a file attached begins, and the report says that nothing is locked" {
	observer query u.db 'PRAGMA journal_mode=wal; CREATE TABLE u(x)' >/dev/null
	# the copy is found when it opens a file
	script=('open f f.db' 'open a :memory:' "exec a ATTACH 'u.db' AS u" 'exec a BEGIN' 'exec a INSERT INTO u VALUES(1)' 'exec a COMMIT' 'close a')
	run_plain "$victim" "${script[@]}"
	wanted=$output
	for SQLPROD_BEGIN in immediate exclusive; do
		rm -f "$scratch/report.json"
		SQLPROD_REPORT=$scratch/report.json run_shim "$victim" "${script[@]}"
		expect "$wanted"
		[[ $(report "$scratch/report.json" begins_not_upgraded | head -n 1) == *'in-memory'*1* ]]
	done
}

@test "in an embedded copy a file that is attached can be opened by itself too, without a warning" {
	observer query u.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
	for run in run_plain run_shim; do
		$run "$victim" 'open a t.db' "exec a ATTACH 'u.db' AS u" 'exec a INSERT INTO u.t VALUES(1)' 'open b u.db' 'exec b INSERT INTO t VALUES(2)' \
			'exec a SELECT count(*) % 2 FROM u.t' 'close b' 'close a'
		expect $'open 0\nexec 0\nexec 0\nopen 0\nexec 0\n0\nexec 0\nclose 0\nclose 0'
		expect_quiet
	done
}
