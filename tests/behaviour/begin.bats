# Plain BEGIN takes the write lock at once; nothing else that says BEGIN is touched.
load ../harness/harness

# The program sends $1 by API $2 (exec, get_table, or one of prepare) and then looks from outside whether it holds the write lock.
# It expects $3: held or free.
expect_lock() {
	local begin=$1 api=$2 wanted=$3
	rm -f t.db*
	observer query t.db 'CREATE TABLE t(x)'
	case $api in
		exec | get_table) run_app_with_shim victim 'open a t.db' "$api a $begin" 'sh observer lock t.db' ;;
		*) run_app_with_shim victim 'open a t.db' "prepare a s $api $begin" 'step s' 'sh observer lock t.db' 'finalize s' ;;
	esac
	expect_line "$wanted" || {
		fail "after $api $begin"
		return 1
	}
}

run_app_with_shim() {
	if [[ ${plain-} ]]; then run_plain "$@"; else run_shim "$@"; fi
}

forms=('BEGIN' 'begin' 'BEGIN;' 'BEGIN ' 'BEGIN TRANSACTION' 'BEGIN TRANSACTION;' 'begin transaction work'
	'Begin Transaction "a name";'
	';;begin' '/*x*/begin--y' '\n\t BEGIN\n' '-- first\nBEGIN' '/**/ ; /**/BEGIN/* */TRANSACTION/**/;' 'BEGIN;-- and no more')

@test "every legal form of plain BEGIN takes the write lock" {
	for form in "${forms[@]}"; do
		expect_lock "$form" exec held
		expect_lock "-1 $form" v2 held
		expect_lock "length $form" 16_v2 held
	done
}

@test "without the library no form of plain BEGIN takes the write lock" {
	plain=yes
	for form in "${forms[@]}"; do
		expect_lock "$form" exec free
	done
}

@test "BEGIN takes the write lock through every call" {
	expect_lock BEGIN get_table held
	for api in v1 v2 v3 16 16_v2 16_v3 'v2!' '16_v2!'; do
		for bytes in -1 length length+NUL; do
			expect_lock "$bytes BEGIN" "$api" held
		done
	done
	plain=yes
	for api in v1 v2 v3 16 16_v2 16_v3; do
		expect_lock "-1 BEGIN" "$api" free
	done
}

@test "nByte cuts the text where SQLite would" {
	for run in run_plain run_shim; do
		$run victim 'open a t.db' 'prepare a s v2 5 BEGIN nonsense' 'step s' 'autocommit a' 'finalize s' 'exec a ROLLBACK' \
			'prepare a s v2 9 SELECT 12345' 'step s' 'finalize s' 'prepare a s 16_v2 10 BEGIN nonsense' 'step s' \
			'finalize s' \
			'prepare a s v2 4 BEGIN' 'prepare a s v2 0 BEGIN' 'prepare a s v2 14 BEGIN\0nonsense'
		expect $'open 0\nprepare 0 tail 5\nstep 101\nautocommit 0\nfinalize 0\nexec 0\nprepare 0 tail 9\n12\nstep 100\nfinalize 0
prepare 0 tail 10\nstep 101\nfinalize 0\nprepare 1 tail '"$(sqlite_has 3015000 && echo 4 || echo 0)"$' empty\nprepare 0 tail 0 empty\nprepare 0 tail 5'
	done
}

@test "the tail points into the program's own text, to the byte" {
	texts=("${forms[@]}" 'BEGIN; SELECT 1' 'BEGIN;SELECT 1;' ' BEGIN ; ' 'BEGIN;;' ';BEGIN;x' 'BEGIN TRANSACTION; COMMIT' 'BEGIN/* ; */;y'
		'BEGIN nonsense sense' 'BEGIN IMMEDIATE; z' 'SELECT 1; BEGIN' '' ' ' ';' '-- only' 'BEGIN -- é\n; é'
		'BEGIN TRANSACTION "é;€𝄞"; x')
	script=('open a t.db')
	for text in "${texts[@]}"; do
		for api in v1 v2 v3 16 16_v2 16_v3; do
			script+=("prepare a s $api -1 $text" 'finalize s' "prepare a s $api length $text" 'finalize s'
				"prepare a s $api length+NUL $text" 'finalize s')
		done
	done
	run_plain victim "${script[@]}"
	wanted=$output
	run_shim victim "${script[@]}"
	expect "$wanted"
}

@test "a statement that was rewritten shows a text that is no shorter than the program's" {
	script=('open a t.db')
	for text in 'BEGIN' 'BEGIN TRANSACTION' 'BEGIN TRANSACTION a_long_name_for_it' '/* begin */ BEGIN ;'; do
		script+=("prepare a s v2 -1 $text" 'sql s' 'finalize s')
	done
	run_plain victim "${script[@]}"
	plain_lines=("${lines[@]}")
	# by default the text stays the program's own
	run_shim victim "${script[@]}"
	expect "$(printf '%s\n' "${plain_lines[@]}")"
	SQLPROD_BEGIN=immediate run_shim victim "${script[@]}"
	for i in "${!plain_lines[@]}"; do
		((${#lines[i]} >= ${#plain_lines[i]}))
	done
	[[ $output == *IMMEDIATE* ]]
}

# SQLITE_DBCONFIG_ENABLE_COMMENTS (3.49) may forbid them.
@test "no comment is added to a statement that is rewritten" {
	script=('open a t.db' 'exec a PRAGMA journal_mode=DELETE' 'prepare a s v2 -1 BEGIN' 'sql s' 'finalize s' 'prepare a s v2 -1 BEGIN TRANSACTION;' 'sql s' 'finalize s')
	run_plain victim "${script[@]}"
	[[ $output == *BEGIN* && $output != *IMMEDIATE* ]]
	run_shim victim "${script[@]}"
	[[ $(grep -c IMMEDIATE <<<"$output") == 2 && $output != */\** && $output != *--* ]]
}

@test "each BEGIN in a text of many statements takes the lock" {
	export SQLPROD_RESERVE=60000
	observer query t.db 'CREATE TABLE t(x)'
	text="BEGIN; SELECT victim('sh observer lock t.db'); COMMIT; SELECT victim('sh observer lock t.db'); BEGIN; SELECT victim('sh observer lock t.db')"
	for api in exec get_table; do
		run_shim victim 'open a t.db' 'function a' "$api a $text" 'exec a COMMIT; BEGIN' 'sh observer lock t.db'
		[[ $(grep -E 'held|free' <<<"$output" | xargs) == 'held free held held' ]]
		run_plain victim 'open a t.db' 'function a' "$api a $text" 'exec a COMMIT; BEGIN' 'sh observer lock t.db'
		[[ $(grep -E 'held|free' <<<"$output" | xargs) == 'free free free free' ]]
	done
}

@test "exec does with a text of many statements exactly what SQLite does" {
	script=('open a t.db'
		"exec a BEGIN; CREATE TABLE t(x); INSERT INTO t VALUES('BEGIN;'),('x'); COMMIT; SELECT x FROM t; BEGIN"
		'exec a SELECT 1; BEGIN; SELECT 2' 'exec a ROLLBACK; nonsense; BEGIN' 'autocommit a' 'exec a  ;; ' 'exec a '
		'exec a -- nothing'
		'exec a BEGIN; COMMIT; SELECT 3; SELECT 4; -- end'
		'exec a SELECT 5;BEGIN;INSERT INTO t VALUES(6);ROLLBACK;SELECT count(*) FROM t'
		'exec a BEGIN nonsense here' 'exec a BEGIN; BEGIN' 'autocommit a'
		'get_table a ROLLBACK; SELECT 7, NULL; SELECT 8, 9'
		'get_table a BEGIN; SELECT 10; COMMIT; nonsense' 'errmsg a' 'errcode a' 'statements a' 'changes a')
	run_plain victim "${script[@]}"
	wanted=$output
	rm -f t.db*
	run_shim victim "${script[@]}"
	expect "$wanted"
}

@test "BEGIN inside triggers, strings, comments, names and EXPLAIN is left alone" {
	export SQLPROD_RESERVE=60000
	script=('open a t.db' 'exec a CREATE TABLE t(x); CREATE TABLE "begin"(y)'
		'exec a CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO "begin" VALUES(new.x); END;'
		"exec a INSERT INTO t VALUES('BEGIN')"
		'exec a SELECT y AS "begin" FROM "begin" -- BEGIN' 'exec a /* BEGIN */ SELECT [y] FROM `begin`'
		"exec a SELECT 'BEGIN; BEGIN', '; BEGIN', \";BEGIN;\"" 'exec a EXPLAIN QUERY PLAN BEGIN'
		'exec a SELECT sql FROM sqlite_schema'
		'prepare a s v2 -1 EXPLAIN BEGIN' 'sql s' 'step s' 'sh observer lock t.db' 'finalize s' 'autocommit a')
	run_plain victim "${script[@]}"
	wanted=$output
	rm -f t.db*
	run_shim victim "${script[@]}"
	expect "$wanted"
	expect_line free
}

@test "a BEGIN with IMMEDIATE, EXCLUSIVE or DEFERRED, and a SAVEPOINT, are not changed" {
	script=('open a t.db')
	for text in 'BEGIN IMMEDIATE' 'BEGIN EXCLUSIVE TRANSACTION' 'BEGIN DEFERRED' 'BEGIN DEFERRED TRANSACTION'; do
		script+=("prepare a s v2 -1 $text" 'sql s' 'finalize s')
	done
	run_plain victim "${script[@]}"
	wanted=$output
	run_shim victim "${script[@]}"
	expect "$wanted"
	expect_lock 'BEGIN DEFERRED' exec free
	expect_lock 'SAVEPOINT one' exec free
}

@test "the operator decides what BEGIN and BEGIN DEFERRED become" {
	export SQLPROD_BEGIN=keep
	expect_lock BEGIN exec free
	expect_lock '-1 BEGIN' 16_v2 free
	export SQLPROD_BEGIN=exclusive
	expect_lock BEGIN exec held
	run_shim victim 'open a t.db' 'prepare a s v2 -1 BEGIN' 'sql s' 'finalize s'
	[[ $output == *EXCLUSIVE* ]]
	export SQLPROD_BEGIN=keep SQLPROD_BEGIN_DEFERRED=immediate
	expect_lock BEGIN exec free
	for form in 'BEGIN DEFERRED' 'begin deferred transaction' ';/**/Begin/**/Deferred/**/Transaction x;'; do
		expect_lock "$form" exec held
		expect_lock "length $form" v2 held
		expect_lock "length $form" 16_v3 held
	done
}

@test "a BEGIN that was prepared once takes the lock each time it is stepped" {
	export SQLPROD_RESERVE=60000
	for run in run_plain:free run_shim:held; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE t(x)'
		${run%:*} victim 'open a t.db' 'prepare a s v3 -1 BEGIN' 'prepare a c v3 -1 COMMIT' 'repeat 3' 'step s' \
			'sh observer lock t.db' \
			'reset s' 'step c' 'reset c' 'end' 'finalize s' 'finalize c'
		[[ $(grep -cx "${run#*:}" <<<"$output") -eq 3 ]]
	done
}

@test "a transaction that reads before it writes no longer fails when another writer came between" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	script=('open a t.db' 'exec a BEGIN' 'exec a SELECT count(*) FROM t'
		'sh observer query t.db "INSERT INTO t VALUES(1)" 2>&1 | grep -o locked'
		'exec a INSERT INTO t VALUES(2)' 'exec a COMMIT')
	run_plain victim "${script[@]}"
	expect_line 'exec 5 database is locked'
	run_shim victim "${script[@]}"
	expect_line locked
	[[ $output != *'exec 5'* ]]
}

@test "a BEGIN that meets a held lock succeeds as it does without the shim, and the program finds the lock held when it writes" {
	export SQLPROD_BUSY_TIMEOUT=0
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	script=('open a t.db' 'open b t.db' 'exec a BEGIN IMMEDIATE' 'exec b BEGIN' 'autocommit b' 'exec b SELECT count(*) FROM t'
		'exec b INSERT INTO t VALUES(1)' 'exec a COMMIT' 'exec b COMMIT' 'exec b BEGIN; INSERT INTO t VALUES(1); COMMIT')
	for run in run_plain run_shim; do
		observer query t.db 'DELETE FROM t'
		$run victim "${script[@]}"
		expect $'open 0\nopen 0\nexec 0\nexec 0\nautocommit 0\n0\nexec 0\nexec 5 database is locked\nexec 0\nexec 0\nexec 0'
	done
	# what the operator spells out is what holds
	SQLPROD_BEGIN=immediate run_shim victim 'open a t.db' 'open b t.db' 'exec a BEGIN' 'exec b BEGIN' 'autocommit b'
	expect $'open 0\nopen 0\nexec 0\nexec 5 database is locked\nautocommit 1'
}

@test "VACUUM works, by every call and into a file" {
	into="VACUUM INTO 'copy.db'"
	sqlite_has 3027000 || into="VACUUM; ATTACH 'copy.db' AS c; CREATE TABLE c.t(x); DETACH c"
	for run in run_plain run_shim; do
		rm -f ./*.db*
		$run victim 'open a t.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(100000)); DELETE FROM t' \
			'exec a VACUUM' \
			'prepare a s v2 -1 VACUUM' 'step s' 'finalize s' "exec a $into" 'exec a BEGIN' \
			'exec a VACUUM' 'exec a COMMIT' 'exec a PRAGMA page_count'
		expect $'open 0\nexec 0\nexec 0\nprepare 0 tail 6\nstep 101\nfinalize 0\nexec 0\nexec 0\nexec 1 cannot VACUUM from within a transaction\nexec 0\n2\nexec 0'
		[[ $(observer query copy.db 'SELECT count(*) FROM t') == 0 ]]
	done
}

@test "VACUUM works on a SQLite without sqlite3_stmt_busy()" {
	script=('open a t.db' 'exec a CREATE TABLE t(x)' 'prepare a s v2 -1 VACUUM' 'step s' 'finalize s' 'exec a BEGIN' 'close a')
	SQLPROD_REPORT=$scratch/report.json run_shim victim "${script[@]}"
	expect $'open 0\nexec 0\nprepare 0 tail 6\nstep 101\nfinalize 0\nexec 0\nclose 0'
	rm -f t.db*
	python3 "$root/tests/harness/hide_symbol.py" "$(report "$scratch/report.json" sqlite library)" libsqlite3.so.0 sqlite3_stmt_busy
	! nm -D libsqlite3.so.0 | grep -q ' T sqlite3_stmt_busy' || fail "not hidden"
	LD_LIBRARY_PATH=$PWD SQLPROD_REPORT=$scratch/hidden.json run_shim victim "${script[@]}"
	expect $'open 0\nexec 0\nprepare 0 tail 6\nstep 101\nfinalize 0\nexec 0\nclose 0'
	[[ $(report "$scratch/hidden.json" sqlite library) == "$PWD/libsqlite3.so.0" ]]
	[[ $(report "$scratch/hidden.json" begins_rewritten) == 1 ]]
}

@test "BEGIN is left alone while query_only is on, and rewritten again after" {
	export SQLPROD_RESERVE=60000
	observer query t.db 'CREATE TABLE t(x)'
	for on in 'PRAGMA query_only=1' 'pragma main.Query_Only(yes)' "PRAGMA query_only='on'"; do
		for run in run_plain:free run_shim:held; do
			${run%:*} victim 'open a t.db' "exec a $on" 'exec a BEGIN' 'sh observer lock t.db' \
				'exec a SELECT count(*) FROM t' 'exec a COMMIT' \
				'exec a PRAGMA query_only=0' 'exec a BEGIN' 'sh observer lock t.db' \
				'exec a INSERT INTO t VALUES(1); ROLLBACK'
			while_on=free
			sqlite_has 3008000 || while_on=${run#*:} # no such PRAGMA
			expect $'open 0\nexec 0\nexec 0\n'"$while_on"$'\n0\nexec 0\nexec 0\nexec 0\nexec 0\n'"${run#*:}"$'\nexec 0'
		done
	done
}

@test "query_only is seen within one text of many statements" {
	for call in exec get_table; do
		for run in run_plain run_shim; do
			$run victim 'open a t.db' "$call a PRAGMA query_only=1; BEGIN; SELECT 1; COMMIT; PRAGMA query_only=0; BEGIN" 'autocommit a'
			expect_line "$call 0"
			expect_line 'autocommit 0'
		done
	done
}

@test "a BEGIN that is executed again and again fails inside a transaction with SQLite's own code and message" {
	observer query t.db 'CREATE TABLE t(x)'
	script=('open a t.db' 'exec a INSERT INTO t VALUES(1)')
	for text in BEGIN 'BEGIN ; ' 'begin transaction' BEGIN; do
		script+=("exec a $text" 'autocommit a' "exec a $text" 'errmsg a' 'errcode a' 'exec_bare a BEGIN' 'exec a COMMIT' 'errmsg a' 'exec a COMMIT')
	done
	script+=('close a')
	run_plain victim "${script[@]}"
	expect_line 'exec 1 cannot start a transaction within a transaction'
	plain=$output
	run_shim victim "${script[@]}"
	[[ $output == "$plain" ]]
}
