# SQLite's WAL-reset race (sqlite.org/wal.html#walresetbug): what it costs without the library, and that it costs nothing with it.
load ../harness/harness

@test "a WAL that is restarted during another process's checkpoint loses no commit" {
	run_shim wal_reset t.db
	expect '56 committed, 56 there'
	[[ $(observer query t.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'56\nok' ]]
	run_plain wal_reset u.db
	if sh -c '. "$0"; sqlite_has_reset_race "$1"' "$root/scripts/sqlprod.d/advisories.sh" "$(sqlite3 :memory: 'SELECT sqlite_version()')"; then
		[[ $output != '56 committed, 56 there' ]]
	else
		expect '56 committed, 56 there'
	fi
}

@test "a WAL that is restarted during a checkpoint loses no commit with SQLPROD_BUSY_WAIT=sqlite either" {
	SQLPROD_BUSY_WAIT=sqlite run_shim wal_reset t.db
	expect '56 committed, 56 there'
}
