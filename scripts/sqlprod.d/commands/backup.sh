# sqlprod backup - an online, verified copy of a database.
# shellcheck shell=sh

backup_usage() {
	cat <<-'END'
		usage: sqlprod backup [--force] DATABASE FILE

		Copies a database that may be in use, as it was at one moment: committed rows in -wal are in the copy. The copy is one file
		with a rollback journal, has the database's mode and owner, was checked by integrity_check, and is on the disk before it gets
		its name. Writers go on meanwhile if the database uses WAL; with a rollback journal they wait.

		  --force   replace FILE if it is there

		Exit status: 0; 2 wrong usage; 4 no such file; 5 no permission; 6 not a database; 7 a folder or a special file; 8 the
		database stayed locked; 9 damaged; 12 no SQLite to copy with; 13 another error. FILE is untouched unless it is 0.
	END
}

command_backup() {
	backup_force=false
	while [ $# -gt 0 ]; do
		case $1 in
			-h | --help)
				backup_usage
				exit
				;;
			-f | --force) backup_force=true ;;
			--)
				shift
				break
				;;
			-*) fail 2 "backup: no option $1; see sqlprod backup --help" ;;
			*) break ;;
		esac
		shift
	done
	[ $# -eq 2 ] || fail 2 "backup: wants a database and the file to write; see sqlprod backup --help"
	part records
	part database
	part copy
	database_tool_require
	database_require "$1" || exit
	database_neighbours_require "$1" || exit
	[ -s "$1" ] || fail 6 "$1: is empty, there is nothing to back up"
	backup_target "$2" || exit
	[ ! -e "$2" ] || [ "$(stat -Lc %d:%i -- "$1")" != "$(stat -Lc %d:%i -- "$2")" ] || fail 2 "backup: $2 is the database itself"
	copy_begin "$2" || exit
	copy_make "$1" "$copy_file" || exit
	copy_like "$1" "$copy_file"
	copy_publish "$2" || exit
	printf '%s' "$2" | harmless
	printf ': a copy of %s bytes, integrity_check ok\n' "$(file_size "$2")"
}

# The file to write must not be there, and its folder must be.
backup_target() (
	[ -n "$1" ] || fail 2 "backup: the name of the file to write is empty"
	folder=$(dirname -- "$1")
	[ -d "$folder" ] || fail 4 "$folder: no such folder"
	[ -w "$folder" ] || fail 5 "$folder: no permission to write there"
	[ ! -d "$1" ] || fail 7 "$1: is a folder; name the file"
	if [ -e "$1" ] || [ -L "$1" ]; then
		[ -f "$1" ] || fail 7 "$1: is not a regular file"
		$backup_force || fail 2 "backup: $1 exists already; --force replaces it"
	fi
	# SQLite would take these for those of the copy.
	for suffix in journal wal shm; do
		[ ! -e "$1-$suffix" ] || fail 2 "backup: $1-$suffix exists, and SQLite would take it for the copy's: remove it, or name another file"
	done
)
