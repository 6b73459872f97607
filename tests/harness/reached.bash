# reached.bash - what the suites share that try programs built in other ways than the victims: a short script, run without the library and
# with it, that shows whether the program was reached, and which way.

script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'sh observer lock t.db' 'exec a INSERT INTO t VALUES(1)'
	'exec a COMMIT' 'sh observer pragma t.db journal_mode' 'exec a PRAGMA busy_timeout' 'exec a PRAGMA synchronous'
	'exec a PRAGMA cache_size' 'exec a PRAGMA mmap_size' 'exec a PRAGMA temp_store' 'exec a PRAGMA journal_size_limit'
	'exec a PRAGMA foreign_keys' 'exec a SELECT count(*) FROM t' 'close a')

# values LOCK JOURNAL_MODE PRAGMA... - what the script prints.
values() {
	printf 'open 0\nexec 0\nexec 0\n%s\nexec 0\nexec 0\n%s\n' "$1" "$2"
	printf '%s\nexec 0\n' "${@:3}"
	printf '1\nexec 0\nclose 0'
}

defaults=$(values free delete 0 2 -2000 0 0 -1 0)

# reached WAY RUN RUN_WITH PROGRAM... - run by RUN it gets SQLite's defaults; run by RUN_WITH a second process is locked out after BEGIN,
# the settings read back, and the report, in $scratch/report.json, names that way ("interposition" or "embedded copy").
reached() {
	local way=$1 foreign_keys=1 begin=auto
	# A copy inside a program gets no foreign_keys: there a DROP TABLE cannot be watched.
	# … and its BEGIN takes no lock unless the operator wants it.
	[[ $way != 'embedded copy' ]] || foreign_keys=0 begin=immediate
	rm -f t.db* "$scratch/report.json"
	"$2" "${@:4}" "${script[@]}"
	expect "$defaults"
	rm -f t.db*
	SQLPROD_BEGIN=$begin SQLPROD_REPORT=$scratch/report.json "$3" "${@:4}" "${script[@]}"
	expect "$(values held wal 30000 1 -20000 134217728 2 67108864 "$foreign_keys")"
	expect_quiet
	[[ $(report "$scratch/report.json" reached) == "$way" ]]
	[[ $(report "$scratch/report.json" begins_rewritten) == 1 ]]
}
