# check_file.sh - describes a database file.
# shellcheck shell=sh

check_file() {
	library_require
	! $sqlprod_integrity || database_tool_require
	check_is_file "$@" || exit
	status=0
	for file; do
		if ! file_require "$file" 2>/dev/null; then
			file_require "$file"
			file_status=$?
		elif $sqlprod_json; then
			records=$(file_records "$file")
			file_status=$?
			printf '%s\n' "$records" | records_document
		else
			records=$(file_records "$file")
			file_status=$?
			printf '%s\n' "$records" | records_show
		fi
		[ "$status" -ne 0 ] || status=$file_status
	done
	exit "$status"
}

# check_is_file FILE ... - "sqlprod check python3 app.py" is meant as a command: ends with 2, and says how.
check_is_file() (
	part executable
	if [ -e "$1" ]; then
		[ -f "$1" ] && [ -x "$1" ] && [ -s "$1" ] && ! database_has_magic "$1" || exit 0
	else
		executable_find "$1" >/dev/null 2>&1 || exit 0
	fi
	fail 2 "check: $1 is a program, no database: to run it and see, sqlprod check -- $*"
)

file_require() (
	database_require "$1" || exit
	! $sqlprod_integrity || database_neighbours_require "$1"
)

file_records() {
	database_resolve "$1"
	record database "$database_file"
	record size "$(file_size "$1")"
	file_status=0
	mode=empty
	if [ -s "$1" ]; then
		mode=$(database_journal_mode "$1")
		record journal_mode "$mode"
		page_size=$(database_number "$1" 16 2)
		[ "$page_size" -ne 1 ] || page_size=65536
		record page_size "$page_size"
	else
		record journal_mode "none yet: the file is empty"
	fi
	for suffix in wal shm journal; do
		[ ! -e "$database_file-$suffix" ] || record "${suffix}_size" "$(file_size "$database_file-$suffix")"
	done
	file_storage "$1"
	[ "$mode" = empty ] || file_version "$1" "$mode"
	if [ "$mode" != empty ] && file_has_readers; then
		record readers "others may read it, but not write its folder: in WAL mode -wal and -shm stay after the last close, until sqlprod revert"
	fi
	record temp_store "sorts of a SELECT are in memory, unless SQLPROD_TEMP_STORE=file; VACUUM, CREATE INDEX, REINDEX and ALTER use files"
	if $sqlprod_integrity && [ "$mode" != empty ]; then
		file_integrity "$1" || file_status=$?
	fi
	file_advise "$1" "$mode"
	[ "$mode" = empty ] || file_preflight "$1"
	return "$file_status"
}

# Do the modes let all users read the file, and not write its folder? As shim/locking/wal_readers.c asks.
file_has_readers() {
	folder=${database_file%/*}
	[ -n "$(find "$database_file" -prune -perm -004)" ] || return 1
	[ -n "$(find "${folder:-/}" -prune ! -perm -002)" ] || return 1
	while [ -n "$folder" ]; do
		[ -n "$(find "$folder" -prune -perm -001)" ] || return 1
		folder=${folder%/*}
	done
}

file_storage() {
	storage=$(storage_of "$1")
	type=$(stat -Lfc %T -- "$1" 2>/dev/null)
	case $storage in
		shared*) record filesystem "$(printf '%s' "$storage" | cut -f 2)" shared ;;
		*) record filesystem "${type:-unknown}" local ;;
	esac
}

file_version() {
	version=$(database_version "$1")
	[ -z "$version" ] || record written_by "$version"
}

# What integrity_check says: 9 if it finds damage, 8 if it cannot look because the database is busy.
file_integrity() {
	if answer=$(database_ask "$1" 'PRAGMA query_only=1; PRAGMA integrity_check;' 2>&1); then
		record integrity "$(printf '%s\n' "$answer" | sed -n 1p)"
		[ "$answer" = ok ] || return 9
	else
		record integrity "$(printf '%s\n' "$answer" | sed -n 's/.*[Ee]rror[^:]*: //p' | sed -n 1p)"
		case $answer in
			*'is locked'*) return 8 ;;
			*readonly* | *'unable to open'*) return 5 ;;
			*'not a database'*) return 6 ;;
			*malformed*) return 9 ;;
			*) return 13 ;;
		esac
	fi
}

file_advise() {
	wal=false
	[ "$2" != wal ] || wal=true
	advise_storage "$1" $wal
	[ ! -s "$database_file-wal" ] || file_advise_wal "$1"
	names=$(file_names "$1")
	[ "$names" -eq 1 ] || record advisory "$1 has $names names (hard links): a program that opens it by another name does not see its -wal or -journal, and transactions are lost"
	if $wal; then
		version=$(database_version "$1")
		[ -z "$version" ] || advise_version "$version" "that wrote to it last" false
	fi
	# a text alone, as the program that uses it may be checkpointing
	if $wal && [ -s "$database_file-wal" ]; then
		record advisory "$1-wal holds rows that $1 may not have yet: copy them by sqlprod backup, not by cp; before a backup is copied back by hand, $1-wal must go, or use sqlprod restore"
	fi
	for moved in "$database_file"-wal.moved-*; do
		[ ! -s "$moved" ] || record advisory "$moved exists: transactions of a file that was at $1 before. Delete it if they are not needed"
	done
	[ ! -s "$database_file-journal" ] || record advisory "$1-journal exists: a transaction is running, or was interrupted and will be rolled back"
}

# A -wal beyond the recipe's limit or the database's own size, and the reader that keeps it so: its mark is the last frame that it may see.
file_advise_wal() (
	part holders
	part wal
	size=$(file_size "$database_file-wal")
	limit=67108864
	if [ "$size" -gt "$limit" ]; then
		than="the recipe's limit of 64 MiB"
	elif [ "$size" -gt 4194304 ] && [ "$size" -gt "$(file_size "$database_file")" ]; then
		than="the database"
	else
		exit
	fi
	pin=$(wal_pin "$database_file")
	if [ -n "$pin" ]; then
		record advisory "$1-wal has $(size_of "$size"), more than $than: $pin reads an old snapshot, so that it cannot be written into the database. To mend it: end that process's transaction"
	elif [ -n "$(holders_of "$database_file")" ]; then
		record advisory "$1-wal has $(size_of "$size"), more than $than, and no reader keeps it so. To mend it: sqlite3 $1 'PRAGMA wal_checkpoint(TRUNCATE)'; journal_size_limit (recipe: 64 MiB) cuts it back after a checkpoint"
	else
		record advisory "$1-wal has $(size_of "$size"), more than $than, and no process has the database open: a program was killed, or left it to others. To mend it: open and close it once, sqlprod sqlite3 $1 .tables"
	fi
)

size_of() {
	awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'
}

# What foreign_keys=on would meet: mismatches, missing parents and orphans, for 5 seconds at most.
file_preflight() (
	part holders
	part preflight
	preflight "$1"
)
