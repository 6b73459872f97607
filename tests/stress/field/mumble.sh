# Mumble's server, which becomes another user: its database made, a password set, in each of its own journal modes.
mkdir db
chown mumble-server: db
for mode in 0 1 2; do
	printf 'database=%s/db/m%s.sqlite\nsqlite_wal=%s\nlogfile=\nport=0\n' "$PWD" $mode $mode >m.ini
	for do in '-supw first' '-supw second' -disablesu; do
		# shellcheck disable=SC2086 # an option and its value
		$with murmurd -ini m.ini $do 2>&1 | grep -iE 'locked|readonly|<F>'
	done
	sqlite3 -readonly db/m$mode.sqlite "SELECT count(*) FROM users; SELECT count(*), count(DISTINCT keystring) FROM meta"
done
