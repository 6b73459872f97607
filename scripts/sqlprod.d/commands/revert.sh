# sqlprod revert - takes database files back to a rollback journal.
# shellcheck shell=sh

revert_usage() {
	cat <<-'END'
		usage: sqlprod revert FILE...

		WAL stays in a database when the library is gone. This takes each file back to a rollback journal (journal_mode=delete):
		everything in -wal goes into the database, -wal and -shm are removed. No other program may have the file open. The database is
		checked before and after; page size and all else stay.

		Exit status: 0; 2 wrong usage; 4 no such file; 5 no permission; 6 not a database; 7 a folder or a special file; 8 in use;
		9 damaged; 12 no SQLite to ask it with; 13 another error. Of several files, the first that failed.
	END
}

command_revert() {
	case ${1-} in
		-h | --help)
			revert_usage
			exit
			;;
		--) shift ;;
		-*) fail 2 "revert: no option $1; see sqlprod revert --help" ;;
	esac
	[ $# -gt 0 ] || fail 2 "revert: no file; see sqlprod revert --help"
	part records
	part database
	library_require
	database_tool_require
	status=0
	for file; do
		(revert_file "$file")
		file_status=$?
		[ "$status" -ne 0 ] || status=$file_status
	done
	exit "$status"
}

# What has to be the same before and after.
revert_kept='PRAGMA page_size; PRAGMA auto_vacuum; PRAGMA encoding; PRAGMA user_version; PRAGMA application_id; PRAGMA schema_version;'

revert_file() {
	database_require "$1" || exit
	[ -w "$1" ] || fail 5 "$1: no permission to write it"
	database_neighbours_require "$1" || exit
	database_resolve "$1"
	if [ ! -s "$1" ] || { [ "$(database_journal_mode "$1")" = rollback ] && [ ! -s "$database_file-wal" ]; }; then
		printf '%s' "$1" | harmless
		echo ': uses a rollback journal already'
		return 0
	fi
	names=$(file_names "$1")
	[ "$names" -eq 1 ] || fail 13 "$1: has $names names (hard links), and transactions in the -wal of another name would be lost: remove all names but one"
	[ -w "${database_file%/*}/" ] || fail 5 "$1: no permission to write its folder"
	before=$(revert_ask "$1" "$revert_kept PRAGMA integrity_check;") || exit
	revert_sound "$1" "$before" "it was damaged before, and is left as it is"
	# The switch takes SQLite's exclusive lock, which excludes every shared lock: an idle reader of a WAL database holds one.
	answer=$(revert_ask "$1" "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;") || exit
	case $answer in
		'0|'*delete) ;;
		*) fail 8 "$1: in use by another connection; stop the programs that have it open and try again" ;;
	esac
	after=$(revert_ask "$1" "$revert_kept PRAGMA integrity_check;") || exit
	revert_sound "$1" "$after" "it is damaged now"
	[ "$before" = "$after" ] || fail 13 "$1: changed while it was reverted"
	if [ "$(database_journal_mode "$1")" = wal ] || [ -e "$database_file-wal" ]; then
		fail 8 "$1: is in WAL mode again: another program has opened it"
	fi
	printf '%s' "$1" | harmless
	echo ': uses a rollback journal now'
}

revert_sound() {
	case $2 in
		*'
ok') ;;
		*) fail 9 "$1: $3: $(printf '%s\n' "$2" | sed -n 7p)" ;;
	esac
}

# revert_ask FILE SQL - prints the result, or exits with one line and the fitting status.
revert_ask() {
	if answer=$(database_ask "$1" "$2" 2>&1); then
		printf '%s\n' "$answer"
		return
	fi
	case $answer in
		*'is locked'*) fail 8 "$1: in use by another connection; stop the programs that have it open and try again" ;;
		*'not a database'*) fail 6 "$1: not a SQLite database, or an encrypted one" ;;
		*malformed*) fail 9 "$1: it is damaged" ;;
		*readonly* | *'unable to open'*) fail 5 "$1: no permission to read or write it, its folder or its -wal" ;;
		*) fail 13 "$1: $(printf '%s\n' "$answer" | sed -n 's/.*[Ee]rror[^:]*: //p' | sed -n 1p)" ;;
	esac
}
