# SQLite's WAL-reset race (sqlite.org/wal.html#walresetbug): what it costs without the library, and that it costs nothing with it.
load ../harness/harness

# Ubuntu 26.04 has the fix in its 3.46.1 since October 2026, as its changelog says (LP: #2171337).
mended_by_distribution() {
	local version
	version=$(dpkg-query -W -f '${Version}' libsqlite3-0 2>/dev/null) && [[ $version == 3.46.1-9ubuntu* ]] &&
		dpkg --compare-versions "$version" ge 3.46.1-9ubuntu0.4
}

@test "a WAL that is restarted during another process's checkpoint loses no commit" {
	run_shim wal_reset t.db
	expect '56 committed, 56 there'
	[[ $(observer query t.db 'SELECT count(*) FROM t; PRAGMA integrity_check') == $'56\nok' ]]
	run_plain wal_reset u.db
	if sh -c '. "$0"; sqlite_has_reset_race "$1"' "$root/scripts/sqlprod.d/advisories.sh" "$(sqlite3 :memory: 'SELECT sqlite_version()')"; then
		[[ $output != '56 committed, 56 there' ]] || mended_by_distribution
	else
		expect '56 committed, 56 there'
	fi
}

@test "a WAL that is restarted during a checkpoint loses no commit with SQLPROD_BUSY_WAIT=sqlite either" {
	SQLPROD_BUSY_WAIT=sqlite run_shim wal_reset t.db
	expect '56 committed, 56 there'
}
