# preflight.sh - what a database holds that foreign_keys=on would refuse. Reads only, and only for so long. Needs database.sh, holders.sh.
# shellcheck shell=sh

# For each look, and for all of them.
database_limit=5
preflight_seconds=5

# preflight FILE - records foreign_keys: state, and what was found.
preflight() (
	for tool in timeout date; do
		command -v $tool >/dev/null || exit 0
	done
	(database_tool_require) 2>/dev/null || exit 0
	# a name as hex digits, so that any name is one word
	tables=$(database_look "$1" "SELECT DISTINCT hex(m.name) FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type='table';" 2>/dev/null) || {
		record foreign_keys "not looked at: the database is busy, or this SQLite is older than 3.16"
		exit
	}
	[ -n "$tables" ] || exit 0
	before=$(preflight_changes "$1")
	preflight_parents "$1"
	end=$(($(date +%s) + preflight_seconds))
	checked=0
	for table in $tables; do
		[ "$(date +%s)" -lt "$end" ] || break
		preflight_table "$1" "$table"
		checked=$((checked + 1))
	done
	count=$(printf '%s\n' "$tables" | wc -l)
	if [ "$before" != "$(preflight_changes "$1")" ] && [ ! -s "$database_file-wal" ]; then
		record foreign_keys "changed while it was looked at: look again"
	elif [ "$checked" -lt "$count" ]; then
		record foreign_keys "looked at $checked of $count tables in $preflight_seconds seconds"
	else
		record foreign_keys "looked at $count tables"
	fi
)

# The change counter in the header.
preflight_changes() {
	database_number "$1" 24 4
}

# Tables that are named as parents and do not exist.
preflight_parents() {
	database_look "$1" "SELECT DISTINCT m.name || char(9) || f.\"table\" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type='table'
		AND NOT EXISTS (SELECT 1 FROM sqlite_master p WHERE p.type='table' AND p.name = f.\"table\" COLLATE NOCASE) LIMIT 20;" 2>/dev/null |
		while IFS='	' read -r child parent; do
			record advisory "$1: table $child refers to $parent, which does not exist: foreign_keys=on refuses each row of it but NULL. To mend it: create $parent, or SQLPROD_FOREIGN_KEYS=keep"
		done
}

# preflight_table FILE HEX - its orphans, or the mismatch that keeps SQLite from looking.
preflight_table() (
	name="CAST(x'$2' AS TEXT)"
	answer=$(database_look "$1" "SELECT count(*) || char(9) || $name || char(9) || coalesce(group_concat(DISTINCT parent), '') FROM pragma_foreign_key_check($name);" 2>&1)
	case $answer in
		*'foreign key mismatch'*)
			record advisory "$1: $(printf '%s\n' "$answer" | sed -n 's/.*\(foreign key mismatch - ".*" referencing ".*"\).*/\1/p'): the parent's columns are not its key and not UNIQUE, and foreign_keys=on refuses writes to both. To mend it: CREATE UNIQUE INDEX on them, or SQLPROD_FOREIGN_KEYS=keep"
			;;
		[1-9]*)
			printf '%s\n' "$answer" | while IFS='	' read -r count child parent; do
				record advisory "$1: $count rows of $child have no parent in $parent: they stay, but a change of their key is refused with foreign_keys=on. To mend it: PRAGMA foreign_key_check names them; or SQLPROD_FOREIGN_KEYS=keep"
			done
			;;
		0*) ;;
		*) record advisory "$1: a table was not looked at within $database_limit seconds, or the database was busy" note ;;
	esac
)
