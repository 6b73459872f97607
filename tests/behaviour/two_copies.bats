# Two copies of the library in one process, and two copies of SQLite with one file.
load ../harness/harness

two_setup() {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's runtime calls our hooks before it is ready for two"
	mkdir "$scratch/two"
	cp "$shim" "$scratch/two/libsqlprod.so"
	two=$scratch/two/libsqlprod.so
}

script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' 'exec a SELECT count(*) FROM t' 'exec a PRAGMA journal_mode'
	'exec a PRAGMA busy_timeout' 'close a')

# The warning names both, and is one.
expect_both_named() {
	expect_warnings 1 "*$1*$2*"
}

@test "of two copies of the library in LD_PRELOAD the first serves the program, and one warning names both" {
	two_setup
	run_shim victim "${script[@]}"
	wanted=$output
	for order in "$shim:$two" "$two:$shim"; do
		rm -f t.db*
		run_app env LD_PRELOAD="$order" victim "${script[@]}"
		expect "$wanted"
		expect_both_named "${order#*:}" "${order%:*}"
	done
}

@test "a program that loads its SQLite out of the global scope is served where the library is loaded twice" {
	two_setup
	run_shim host "$build/programs/victim.so" -- "${script[@]}"
	wanted=$output
	rm -f t.db*
	run_app env LD_PRELOAD="$shim:$two" host "$build/programs/victim.so" -- "${script[@]}"
	expect "$wanted"
	expect_both_named "$two" "$shim"
	rm -f ./*.db*
	run_shim scenes found hooks
	wanted=$output
	rm -f ./*.db*
	run_app env LD_PRELOAD="$shim:$two" scenes found hooks
	expect "$wanted"
}

@test "a program without SQLite runs where the library is loaded twice, and is told nothing" {
	two_setup
	run_plain sh -c 'exec 3<>lock; echo done'
	wanted=$output
	run_app env LD_PRELOAD="$shim:$two" sh -c 'exec 3<>lock; echo done'
	expect "$wanted"
	expect_quiet
}

@test "a link to the library beside it is the same copy, which serves and does not warn" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer's runtime has to come first"
	ln -s "$shim" "$scratch/linked.so"
	run_shim victim "${script[@]}"
	wanted=$output
	rm -f t.db*
	run_app env LD_PRELOAD="$scratch/linked.so:$shim" victim "${script[@]}"
	expect "$wanted"
	expect_quiet
}

@test "three copies of the library serve once" {
	two_setup
	cp "$shim" "$scratch/third.so"
	run_shim victim "${script[@]}"
	wanted=$output
	rm -f t.db*
	SQLPROD_REPORT=$scratch/report.json run_app env LD_PRELOAD="$shim:$two:$scratch/third.so" victim "${script[@]}"
	expect "$wanted"
	[[ $(wc -l <"$scratch/report.json") -eq 1 ]]
}

@test "a copy of the library that the program loads by dlopen does nothing" {
	two_setup
	for mode in 1 257; do
		rm -f ./*.db*
		run_app env LD_PRELOAD="$shim" python3 -c "
import ctypes, sqlite3
a = sqlite3.connect('a.db'); a.execute('create table t(x)')
ctypes.CDLL('$two', $mode)
b = sqlite3.connect('a.db'); print(b.execute('pragma journal_mode').fetchone()[0], b.execute('pragma busy_timeout').fetchone()[0])
open('lock', 'w').close()"
		expect 'wal 30000'
	done
}

@test "a file that two copies of SQLite have open gets one warning, and neither WAL nor mmap" {
	both=('open a t.db' '2 open b t.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' '2 exec b SELECT count(*) FROM t' 'exec a PRAGMA journal_mode'
		'2 close b' 'close a')
	run_plain host "$build/programs/victim.so" "$build/programs/victim_copy.so" -- "${both[@]}"
	wanted=$output
	rm -f t.db*
	SQLPROD_REPORT=$scratch/report.json run_shim host "$build/programs/victim.so" "$build/programs/victim_copy.so" -- "${both[@]}"
	expect "$wanted"
	expect_warnings 1 '*DANGER*two copies of SQLite*t.db*'
	[[ $(report "$scratch/report.json" settings journal_mode reason | head -n 1) == *'another copy of SQLite'* ]]
}

@test "two files in two copies of SQLite get WAL, and no warning" {
	SQLPROD_REPORT=$scratch/report.json run_shim host "$build/programs/victim.so" "$build/programs/victim_copy.so" -- 'open a t.db' '2 open b u.db' \
		'exec a CREATE TABLE t(x)' '2 exec b CREATE TABLE t(x)' 'exec a PRAGMA journal_mode' '2 exec b PRAGMA journal_mode' '2 close b' 'close a'
	[[ $(grep -cx wal <<<"$output") -eq 2 ]]
	expect_quiet
}

@test "a database in WAL mode is read by one copy of SQLite after the other, without loss" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	turns=('open a t.db' '2 open b t.db' 'exec a INSERT INTO t VALUES(2)' 'close a' '2 exec b INSERT INTO t VALUES(3)' '2 close b')
	run_shim host "$build/programs/victim.so" "$build/programs/victim_copy.so" -- "${turns[@]}"
	[[ $output != *exec\ [1-9]* ]]
	expect_warnings 1 '*DANGER*two copies of SQLite*'
	[[ $(observer query t.db 'SELECT count(*) FROM t; PRAGMA integrity_check' | xargs) == '3 ok' ]]
}

@test "a file that one copy of SQLite has in WAL mode by recipe is used by the other in turn, without a wait" {
	sqlite_has 3012000 || skip 'before 3.12 a file has no shim: its locks are not known'
	turns=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' '2 open b t.db' '2 exec b SELECT count(*) FROM t'
		'2 exec b INSERT INTO t VALUES(2)' 'exec a SELECT count(*) FROM t' 'exec a INSERT INTO t VALUES(3)' '2 exec b SELECT count(*) FROM t' '2 close b'
		'exec a SELECT count(*) FROM t' 'exec a INSERT INTO t VALUES(4)' 'close a')
	for order in 'victim.so victim_copy.so' 'victim_copy.so victim.so'; do
		rm -f t.db*
		run_plain host "$build/programs/${order% *}" "$build/programs/${order#* }" -- "${turns[@]}"
		wanted=$output
		rm -f t.db*
		SQLPROD_REPORT=$scratch/report.json run_shim host "$build/programs/${order% *}" "$build/programs/${order#* }" -- "${turns[@]}"
		expect "$wanted"
		expect_warnings 1 '*DANGER*two copies of SQLite*t.db*'
		[[ $(observer query t.db 'SELECT count(*) FROM t; PRAGMA integrity_check; PRAGMA journal_mode' | xargs) == '4 ok delete' ]]
	done
}

@test "a file in WAL mode that its copy of SQLite is using, or has open twice, is not taken out of it" {
	for use in 'exec a BEGIN; INSERT INTO t VALUES(2)' 'open c t.db'; do
		rm -f t.db*
		run_shim host "$build/programs/victim.so" "$build/programs/victim_copy.so" -- 'open a t.db' 'exec a CREATE TABLE t(x)' \
			'exec a INSERT INTO t VALUES(1)' "$use" '2 open b t.db' '2 close b' 'exec a PRAGMA journal_mode'
		[[ $output == *wal* ]]
	done
}
