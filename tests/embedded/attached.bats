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

@test "in an embedded copy a transaction in a database that another connection has put into WAL mode since reserves it" {
	export SQLPROD_RESERVE=60000 SQLPROD_JOURNAL_MODE=keep
	SQLPROD_BEGIN=auto
	for begin in BEGIN 'BEGIN DEFERRED' 'SAVEPOINT s'; do
		for run in plain:5 shim:0; do
			rm -f t.db* read.*
			observer query t.db 'CREATE TABLE t(n); INSERT INTO t VALUES(0)'
			barrier_make read
			"start_${run%:*}" reader "$victim" 'open a t.db' 'exec a SELECT n FROM t' 'sh observer query t.db "PRAGMA journal_mode=wal"' \
				"exec a $begin" 'exec a SELECT n FROM t' 'barrier read' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT'
			reader=$started
			barrier_meet read
			"start_${run%:*}" writer victim 'open b t.db' 'exec b UPDATE t SET n=n+10'
			writer=$started
			wait_until_waits "$writer"
			barrier_leave read
			finish "$reader" reader
			[[ $output == *$'\n0\nexec 0\n'"exec ${run#*:}"* ]]
			finish "$writer" writer
			expect $'open 0\nexec 0'
		done
	done
}

# For what is attached and in WAL mode. The copy is found when it opens a file: a main database in memory comes second.
two_databases() {
	rm -f ./*
	observer query a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(n); INSERT INTO t VALUES(0)' >/dev/null
	observer query b.db 'PRAGMA journal_mode=wal; CREATE TABLE u(n); INSERT INTO u VALUES(0)' >/dev/null
}

# attaches MAIN - the lines that open it and attach both.
attaches() {
	both=('open f f.db' "open a $1" "exec a ATTACH 'a.db' AS x" "exec a ATTACH 'b.db' AS y")
}

numbers() {
	echo "$(observer query a.db 'SELECT n FROM t') $(observer query b.db 'SELECT n FROM u')"
}

@test "in an embedded copy a transaction that reads what is attached, and then writes it, does not fail" {
	export SQLPROD_RESERVE=60000
	SQLPROD_BEGIN=auto
	for main in main.db :memory:; do
		attaches "$main"
		for begin in BEGIN 'BEGIN DEFERRED' 'SAVEPOINT s'; do
			for run in plain:5 shim:0; do
				two_databases
				barrier_make read
				"start_${run%:*}" reader "$victim" "${both[@]}" "exec a $begin" 'exec a SELECT n FROM t' 'barrier read' 'exec a UPDATE t SET n=n+1' 'exec a COMMIT'
				reader=$started
				barrier_meet read
				"start_${run%:*}" writer victim 'open c a.db' 'exec c UPDATE t SET n=n+10'
				writer=$started
				wait_until_waits "$writer"
				barrier_leave read
				finish "$reader" reader
				[[ $output == *$'\n'"exec ${run#*:}"* ]]
				finish "$writer" writer
				expect $'open 0\nexec 0'
				[[ $(numbers) == "$([[ $run == plain:5 ]] && echo 10 || echo 11) 0" ]]
			done
		done
	done
}

@test "in embedded copies two transactions that write two attached databases, each in its own order, wait for each other, and none fails" {
	export SQLPROD_RESERVE=60000
	SQLPROD_BEGIN=auto
	one=('exec a SELECT n FROM t' 'exec a UPDATE t SET n=n+1')
	other=('exec a SELECT n FROM u' 'exec a UPDATE u SET n=n+1')
	attaches main.db
	ln -s "$victim" "$scratch/victim"
	for run in plain shim; do
		two_databases
		barrier_make half
		"start_$run" left "$victim" "${both[@]}" 'exec a BEGIN' "${one[@]}" 'barrier half' "${other[@]}" 'exec a COMMIT'
		left=$started
		barrier_meet half
		"start_$run" right "$scratch/victim" "${both[@]}" 'exec a BEGIN' "${other[@]}" "${one[@]}" 'exec a COMMIT'
		right=$started
		wait_until_waits "$right"
		barrier_leave half
		finish "$left" left
		all=$output
		finish "$right" right
		all+=$output
		if [[ $run == plain ]]; then
			[[ $all == *'exec 5'* ]]
		else
			[[ $all != *'exec 5'* && $(numbers) == '2 2' ]]
		fi
	done
}

@test "in an embedded copy nobody waits for a transaction that only read what is attached for longer than a reservation" {
	export SQLPROD_RESERVE=100
	SQLPROD_BEGIN=auto
	for main in main.db :memory:; do
		attaches "$main"
		for run in plain shim; do
			two_databases
			barrier_make idles
			"start_$run" idler "$victim" "${both[@]}" 'exec a BEGIN; SELECT n FROM t' 'barrier idles' 'exec a COMMIT; SELECT n FROM t'
			idler=$started
			barrier_meet idles
			SECONDS=0
			"run_$run" victim 'open c a.db' 'busy_timeout c 20000' 'exec c UPDATE t SET n=n+1'
			expect $'open 0\nbusy_timeout 0\nexec 0'
			((SECONDS < 15))
			barrier_leave idles
			finish "$idler" idler
			[[ $output == *$'\n0\nexec 0\n1\nexec 0' ]]
		done
	done
}

@test "in an embedded copy an attached database that leaves WAL mode keeps what others have committed since it was read" {
	for run in run_plain:0,2 run_shim:0,1,2; do
		two_databases
		${run%:*} "$victim" 'open a main.db' "exec a ATTACH 'a.db' AS x" 'exec a SELECT n FROM t' 'sh observer query a.db "INSERT INTO t VALUES(1)"' \
			'exec a PRAGMA x.journal_mode=DELETE' 'exec a INSERT INTO t VALUES(2)' 'close a'
		[[ $(observer query a.db 'SELECT group_concat(n) FROM t') == "${run#*:}" ]] || fail "$run"
	done
}

@test "in an embedded copy an attached file that is renamed has its rows under its new name" {
	for way in "exec a ATTACH 'a.db' AS x" "exec a /* so */ attach 'a.db' AS x" "prepare a s v2 -1 ATTACH 'a.db' AS x:step s:finalize s" "prepare a q v2 -1 PRAGMA database_list:step q:exec a ATTACH 'a.db' AS x:finalize q"; do
		for run in run_plain:0 run_shim:0,2; do
			two_databases
			IFS=: read -ra attach <<<"$way"
			${run%:*} "$victim" 'open a main.db' 'exec a SELECT 1' "${attach[@]}" 'exec a INSERT INTO t VALUES(2)' 'rename a.db c.db' 'close a'
			[[ $(observer query c.db 'SELECT group_concat(n) FROM t') == "${run#*:}" ]] || fail "$run"
		done
	done
}

@test "in an embedded copy a file that is attached after a statement ran inside of another one has its rows under its new name" {
	nested="exec a INSERT INTO own SELECT victim('exec a SELECT 1')"
	for run in run_plain:0 run_shim:0,2; do
		two_databases
		observer query main.db 'PRAGMA journal_mode=wal; CREATE TABLE own(x)' >/dev/null
		SQLPROD_BEGIN=auto ${run%:*} "$victim" 'open a main.db' 'exec a SELECT 1' 'function a' 'exec a BEGIN' "$nested" "$nested" "exec a ATTACH 'a.db' AS x" "$nested" \
			'exec a COMMIT' 'exec a INSERT INTO t VALUES(2)' 'rename a.db c.db' 'close a'
		[[ $(observer query c.db 'SELECT group_concat(n) FROM t') == "${run#*:}" ]] || fail "$run: $output"
	done
}
