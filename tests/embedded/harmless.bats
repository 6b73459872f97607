# A program with SQLite inside sees nothing of embedded copies but the settings. Built by make embedded-programs.
load ../harness/harness

victim=$build/embedded/victim_gcc_O2
guest=$build/embedded/guest
plugins=("$build/embedded/plugin_O0.so" "$build/embedded/plugin_O2.so" "$build/embedded/plugin_Os.so")

# What the recipe changes in what a program sees, where the operator has BEGIN take the write lock: by default it takes none here.
locks='s/^free$/held/; '
recipe=$locks's/^delete$/wal/; s/^journal_mode=delete$/journal_mode=wal/; s/^timeout=[0-9]*$/timeout=30000/'

# twin SED COMMAND… - prints the same with the library as without, but for what the sed script changes.
twin() {
	local wanted by_default
	rm -rf ./*
	run_plain "${@:2}"
	wanted=$(sed "$1" <<<"$output")
	by_default=$(sed "${1#"$locks"}" <<<"$output")
	[[ -z $stderr ]]
	rm -rf ./*
	SQLPROD_BEGIN=immediate SQLPROD_REPORT=$scratch/report.json run_shim "${@:2}"
	expect "$wanted"
	expect_quiet
	[[ -z ${not_by_default-} ]] || return 0
	# by default it takes no lock, and the library does not see the ends of statements
	rm -rf ./*
	run_shim "${@:2}"
	expect "$by_default"
	expect_quiet
}

# of_report KEY… - the last connection's.
of_report() {
	report "$scratch/report.json" "$@" | tail -n 1
}

scene() {
	twin "${2-$recipe}" "$guest" "$1" t.db "${@:3}"
}

@test "connections after sqlite3_shutdown and sqlite3_config are reached" {
	scene shutdown
}

@test "connections after sqlite3_reset_auto_extension are reached" {
	scene reset
}

@test "a file opened while SQLite's own mutex is held, as in a signal handler, causes no deadlock" {
	scene held
}

@test "a program's own file, opened as SQLite opens one, does not make SQLite begin before sqlite3_config" {
	scene config
}

@test "a program's trace callback sees its own statements and no others, and BEGIN is upgraded" {
	scene trace "$recipe"
	[[ $(of_report begins_rewritten) == 3 ]]
}

@test "a trace callback set before the library sees the connection keeps WAL off, and the report says so" {
	for name in trace_new trace_legacy; do
		rm -f t.db*
		scene "$name" ''
		[[ $(of_report settings journal_mode reason) == *'took the trace callback'* ]]
		[[ $(of_report begins_not_upgraded) == *'took the trace callback'* ]]
	done
}

@test "busy handler, authorizer and trace set by the program's own sqlite3_auto_extension stay" {
	scene extension 's/^free$/held/; s/^timeout=77$/timeout=30000/'
}

@test "an open that fails after it was noticed leaves no record" {
	scene failing_extension
}

@test "an authorizer is called for the program's statements and none of the library's, in an embedded copy" {
	# the PRAGMA that sets a timeout has answered before we see it
	scene authorizer "$locks"
}

@test "a connection may be closed before its statements" {
	scene zombie
}

@test "result codes, messages, changes and rowids are the program's own" {
	scene errors ''
}

@test "connections may be opened inside an SQL function" {
	scene nested
}

@test "one connection may be used by four threads" {
	scene shared ''
}

@test "sixteen threads may race for the first connections of three copies" {
	run_plain "$guest" race t.db "${plugins[@]}"
	wanted=$(sed "$recipe; s/^0$/30000/" <<<"$output" | sort)
	rm ./*.db*
	run_shim "$guest" race t.db "${plugins[@]}"
	[[ $(sort <<<"$output") == "$wanted" ]]
	expect_quiet
}

@test "plugins unloaded and loaded again at the same addresses are reached" {
	scene reload "$recipe; s/^-2000$/-20000/" "${plugins[@]}"
}

@test "other builds loaded under the same name, one after the other, are reached" {
	for plugin in "${plugins[@]}" "${plugins[@]}"; do
		ln -sf "$plugin" "$scratch/plugin.so"
		SQLPROD_BEGIN=immediate SQLPROD_REPORT=$scratch/report.json run_shim host "$scratch/plugin.so" -- 'open a t.db' \
			'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a BEGIN' 'sh observer lock t.db' 'close a'
		expect $'open 0\nexec 0\nexec 0\nheld\nclose 0'
	done
}

@test "no memory is made executable, under PR_SET_MDWE or a filter that forbids it" {
	scene write_xor_execute
}

@test "copies in two plugins and the system's library stay apart" {
	script=()
	for i in 1 2 3; do
		script+=("$i open a $i.db" "$i exec a CREATE TABLE t(x)")
	done
	for i in 1 2 3; do
		script+=("$i exec a BEGIN" "$i sh observer lock $i.db" "$i exec a PRAGMA journal_mode" "$i exec a PRAGMA cache_size")
	done
	# the system's library is interposed, where BEGIN takes the lock
	not_by_default=1
	twin "$recipe; s/^-2000$/-20000/" host "${plugins[0]}" "${plugins[2]}" "$build/programs/victim.so" -- "${script[@]}" '1 close a' \
		'2 close a' '3 close a'
	[[ $(report "$scratch/report.json" reached | sort | uniq -c | xargs) == '2 embedded copy 1 interposition' ]]
}

@test "open() and openat() keep result, errno, mode, umask, flags and folder, in signal handlers too" {
	twin '' "$build/embedded/opener"
}

@test "a library's constructor may open files before ours runs" {
	preload_also=$build/embedded/opener_early.so
	run_shim "$build/embedded/opener"
	expect_line 'early 1 1'
	expect_quiet
}

@test "VACUUM and VACUUM INTO work in an embedded copy" {
	twin "$recipe" "$victim" 'open a t.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1),(2)' 'exec a VACUUM' \
		"exec a VACUUM INTO 'copy.db'" 'exec a DELETE FROM t' 'exec a VACUUM' 'exec a PRAGMA journal_mode' 'close a' \
		'open b copy.db' 'exec b SELECT count(*) FROM t' 'close b' 'open a t.db' 'exec a VACUUM' 'close a'
}

@test "read-only and immutable databases are only read, by an embedded copy" {
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	cp t.db "$scratch/kept.db"
	for how in 'open_v2 a t.db ro' 'open_v2 a file:t.db?immutable=1 ro,uri' 'open_v2 a file:t.db?mode=ro rw,uri'; do
		twin '' bash -c 'cp "$0/kept.db" t.db; exec "$@"' "$scratch" "$victim" "$how" 'exec a BEGIN' 'exec a SELECT * FROM t' \
			'exec a COMMIT' 'exec a INSERT INTO t VALUES(2)' 'exec a PRAGMA journal_mode' 'close a'
		cmp t.db "$scratch/kept.db"
	done
}

@test "an in-memory database is not changed, in an embedded copy" {
	twin '' "$victim" 'open a :memory:' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' \
		'exec a PRAGMA journal_mode' 'exec a SELECT * FROM t' 'close a'
	twin '' "$victim" 'open_v2 a file:m?mode=memory&cache=shared rw,create,uri' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' \
		'exec a COMMIT' 'exec a PRAGMA journal_mode' 'close a'
}

@test "page_size, auto_vacuum and encoding set first take effect in an embedded copy" {
	twin "$recipe" "$victim" 'open a t.db' 'exec a PRAGMA page_size=8192' 'exec a PRAGMA auto_vacuum=2' \
		'exec a PRAGMA encoding="UTF-16le"' 'exec a SELECT count(*) FROM sqlite_master' 'exec a CREATE TABLE t(x)' \
		'exec a PRAGMA page_size' 'exec a PRAGMA auto_vacuum' 'exec a PRAGMA encoding' 'exec a PRAGMA journal_mode' 'close a'
}

@test "in an embedded copy a program's own busy handler stays, and its timeout is raised to the recipe's" {
	observer query t.db 'CREATE TABLE t(x)'
	SQLPROD_BEGIN=immediate run_shim "$victim" 'open a t.db' 'busy_handler a on' 'exec a PRAGMA busy_timeout' 'open b t.db' 'exec b BEGIN' \
		'exec a INSERT INTO t VALUES(1)' 'handler_calls a' 'exec b COMMIT' 'busy_timeout a 0' 'exec a SELECT 1' \
		'exec a PRAGMA busy_timeout' 'busy_timeout a 60000' 'exec a SELECT 1' 'exec a PRAGMA busy_timeout' 'close b' 'close a'
	expect $'open 0\nbusy_handler 0\n0\nexec 0\nopen 0\nexec 0\nexec 5 database is locked\nhandler_calls 4\nexec 0\nbusy_timeout 0\n1\nexec 0
30000\nexec 0\nbusy_timeout 0\n1\nexec 0\n60000\nexec 0\nclose 0\nclose 0'
}

@test "a child of fork works with connections of its own, in an embedded copy" {
	twin "$recipe" "$victim" 'open a t.db' 'exec a CREATE TABLE t(x)' 'fork' 'open b t.db' 'exec b BEGIN' 'sh observer lock t.db' \
		'exec b INSERT INTO t VALUES(1)' 'exec b COMMIT' 'close b' 'end' 'exec a SELECT count(*) FROM t' 'close a'
}

@test "a program that ignores the result of BEGIN loses nothing" {
	twin '' "$victim" 'open a t.db' 'open b t.db' 'exec b CREATE TABLE IF NOT EXISTS t(x)' 'exec b BEGIN IMMEDIATE' \
		'busy_handler a on' 'exec a BEGIN' 'autocommit a' 'exec b COMMIT' 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' \
		'autocommit a' 'exec a SELECT count(*) FROM t' 'close a' 'close b'
}

@test "in an embedded copy a BEGIN is upgraded each time it is stepped, and savepoints are not changed" {
	twin "$recipe" "$victim" 'open a t.db' 'exec a CREATE TABLE t(x)' 'prepare a s v3 -1 BEGIN' 'step s' 'sh observer lock t.db' \
		'reset s' 'exec a COMMIT' 'step s' 'sh observer lock t.db' 'reset s' 'exec a SAVEPOINT one' \
		'exec a INSERT INTO t VALUES(1)' 'exec a ROLLBACK TO one' 'exec a RELEASE one' 'exec a COMMIT' 'finalize s' \
		'exec a SELECT count(*) FROM t' 'close a'
}

@test "in an embedded copy, checkpoints of a program that has turned off SQLite's by a function do not fail beside a reader" {
	for way in plain shim; do
		rm -f t.db* held.*
		observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)'
		barrier_make held
		start_plain reader victim quiet 'open a t.db' 'exec a BEGIN' 'exec a SELECT x FROM t' 'barrier held' 'exec a COMMIT' 'close a'
		barrier_meet held
		"run_$way" "$guest" own_checkpoints t.db
		expect 'failed 0'
		barrier_leave held
		finish "$started" reader
	done
}

@test "functions and collations may have any name, in an embedded copy" {
	twin "$recipe" "$victim" 'open a t.db' 'function a' "exec a SELECT victim('open b u.db')" 'exec b CREATE TABLE t(x)' \
		'exec b PRAGMA journal_mode' 'close b' 'close a'
}

@test "SQLPROD=off and SQLPROD_EMBEDDED=off leave everything alone" {
	for off in SQLPROD=off SQLPROD_EMBEDDED=off; do
		rm -f t.db*
		run_plain env "$off" LD_PRELOAD="$preload" SQLPROD_REPORT="$scratch/report.json" "$guest" reset t.db
		expect $'free\ntimeout=0\nfree\ntimeout=0\nfree\ntimeout=0'
		[[ ! -e $scratch/report.json ]]
	done
}

@test "another library whose open() calls ours does not hide the embedded copy" {
	preload="$build/embedded/interposer.so:$preload" twin "$recipe" "$victim" 'open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' \
		'sh observer lock t.db' 'exec a COMMIT' 'exec a PRAGMA journal_mode' 'close a'
}

# SQLite asks for a file's inode with a mutex held that a checkpoint needs.
@test "an embedded copy opens its database twice where another library's stat() calls ours" {
	for victim in "$victim" victim; do
		for run in run_plain run_shim; do
			rm -f t.db*
			preload="$build/embedded/interposer.so:$preload" APP_TIMEOUT=20 $run "$victim" 'open a t.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' \
				'open b t.db' 'exec b SELECT x FROM t' 'close b' 'open b u.db' "prepare b p v2 -1 ATTACH 't.db' AS x" 'step p' 'finalize p' 'exec b SELECT x FROM x.t' \
				'close b' 'close a'
			expect_quiet
			[[ $output == *$'open 0\n1\nexec 0\nclose 0\n'*$'\n1\nexec 0\nclose 0\nclose 0' ]] || fail "$run $victim"
		done
	done
}

@test "in a shared cache a connection can read after the one that opened the file was closed" {
	local first=('open_v2 a t.db rw,create,shared' 'exec a PRAGMA journal_mode=wal' 'exec a CREATE TABLE t(x)')
	local reads=('exec b SELECT count(*) FROM t' 'close a' 'exec b INSERT INTO t VALUES(1)' 'exec b SELECT count(*) FROM t' 'close b')
	twin '' "$victim" "${first[@]}" 'open_v2 b t.db rw,shared' "${reads[@]}"
	expect_line 1
	twin '' "$victim" "${first[@]}" 'open_v2 b u.db rw,create,shared' "exec b ATTACH 't.db' AS t" "${reads[@]}"
	expect_line 1
}

@test "a module that exports its SQLite is still seen after a callback left by longjmp" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	for run in run_plain:free run_shim:held; do
		${run%:*} host "$build/embedded/module.so" -- 'open a t.db' 'exec_left a SELECT 1' 'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' \
			'exec_left a VALUES(1)' 'open b t.db' 'exec b BEGIN' 'sh observer lock t.db' 'close b'
		[[ $(grep -cx "${run#*:}" <<<"$output") -eq 2 ]]
	done
}

@test "a transaction stays one transaction after sqlite3_interrupt() while its write lock is taken" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	begin=('open a t.db' 'prepare a s v2 -1 VALUES(1),(2),(3)' 'step s' 'interrupt a' 'exec a BEGIN')
	end=('step s' 'finalize s' 'exec a INSERT INTO t VALUES(7)' 'exec a ROLLBACK' 'exec a SELECT count(*) FROM t' 'exec a DELETE FROM t')
	# without the library it is the next statement that is interrupted, and one that writes takes the transaction with it
	for next in '' 'exec a INSERT INTO t VALUES(8)'; do
		run_plain "$victim" "${begin[@]}" "$next" "${end[@]}"
		wanted=$output
		run_shim "$victim" "${begin[@]}" "$next" "${end[@]}"
		expect "$wanted"
		expect_line 'step 9'
	done
}

@test "a database in WAL mode whose write version was set back by hand is used as without the library" {
	for version in '\01' '\03'; do
		rm -f t.db*
		observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)' >/dev/null
		printf %b "$version" | dd of=t.db bs=1 seek=18 conv=notrunc status=none
		cp t.db seed.db
		use=('open a t.db' 'exec a SELECT x FROM t' 'exec a INSERT INTO t VALUES(2)' 'exec a SELECT x FROM t' 'close a')
		run_plain "$victim" "${use[@]}"
		wanted=$output
		cp seed.db t.db
		run_shim "$victim" "${use[@]}"
		expect "$wanted"
	done
}

@test "a file that a SQLite of the system has in WAL mode by recipe is used by an embedded copy in turn, without a wait, and the other way round" {
	turns=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' '2 open b t.db' '2 exec b SELECT count(*) FROM t'
		'2 exec b INSERT INTO t VALUES(2)' 'exec a SELECT count(*) FROM t' 'exec a INSERT INTO t VALUES(3)' '2 exec b SELECT count(*) FROM t' '2 close b'
		'exec a SELECT count(*) FROM t' 'exec a INSERT INTO t VALUES(4)' 'close a')
	for order in "$build/programs/victim.so ${plugins[1]}" "${plugins[1]} $build/programs/victim.so"; do
		rm -f t.db*
		run_plain host "${order% *}" "${order#* }" -- "${turns[@]}"
		wanted=$output
		rm -f t.db*
		run_shim host "${order% *}" "${order#* }" -- "${turns[@]}"
		expect "$wanted"
		expect_warnings 1 '*DANGER*two copies of SQLite*t.db*'
		[[ $(observer query t.db 'SELECT count(*) FROM t; PRAGMA integrity_check; PRAGMA journal_mode' | xargs) == '4 ok delete' ]]
	done
}
