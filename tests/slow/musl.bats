# The second door with musl.
load ../harness

script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'sh outside lock t.db' 'exec a INSERT INTO t VALUES(1)'
	'exec a COMMIT' 'sh outside pragma t.db journal_mode' 'exec a PRAGMA busy_timeout' 'close a')

values() {
	printf 'open 0\nexec 0\nexec 0\n%s\nexec 0\nexec 0\n%s\n%s\nexec 0\nclose 0' "$@"
}

@test "a program of musl with SQLite inside is reached" {
	run_plain "$build/victim_inside" "${script[@]}"
	expect "$(values free delete 0)"
	rm -f t.db*
	SQLPROD_REPORT=$scratch/report.json run_shim "$build/victim_inside" "${script[@]}"
	expect "$(values held wal 30000)"
	expect_quiet
	[[ $(report "$scratch/report.json" reached) == 'embedded copy' ]]
}

@test "the library answers as a program, and needs musl's libc alone" {
	run_app "$shim" --version
	expect_quiet
	[[ $(readelf -d "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p') == libc.so ]]
}
