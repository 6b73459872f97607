# sqlprod restore - puts a backup in the place of a database.
# shellcheck shell=sh

restore_usage() {
	cat <<-'END'
		usage: sqlprod restore FILE DATABASE

		Puts a copy of FILE, a SQLite database (sqlprod backup makes one), in the place of DATABASE. FILE is checked first and stays.
		Nobody may have DATABASE open: stop its service. What is there now is kept aside, with its -wal, -shm and -journal, as
		DATABASE.before-restore.DATE: a -wal that stayed would be replayed into the restored file, and undo it.

		Exit status: 0; 2 wrong usage; 4 no such file; 5 no permission; 6 not a database; 7 a folder or a special file; 8 in use;
		9 FILE is damaged; 12 no SQLite to copy with; 13 another error. DATABASE is untouched unless it is 0.
	END
}

command_restore() {
	case ${1-} in
		-h | --help)
			restore_usage
			exit
			;;
		--) shift ;;
		-*) fail 2 "restore: no option $1; see sqlprod restore --help" ;;
	esac
	[ $# -eq 2 ] || fail 2 "restore: wants a backup and the database to put it in the place of; see sqlprod restore --help"
	part records
	part database
	part copy
	part holders
	database_tool_require
	database_require "$1" || exit
	database_neighbours_require "$1" || exit
	[ -s "$1" ] || fail 6 "$1: is empty, there is nothing to restore"
	restore_target "$2" || exit
	database_resolve "$2"
	restore_to=$database_file
	[ ! -e "$restore_to" ] || [ "$(stat -Lc %d:%i -- "$1")" != "$(stat -Lc %d:%i -- "$restore_to")" ] || fail 2 "restore: $1 is the database itself"
	restore_unused "$restore_to" || exit
	copy_begin "$restore_to" || exit
	copy_make "$1" "$copy_file" || exit
	if [ -e "$restore_to" ]; then
		copy_like "$restore_to" "$copy_file"
	else
		copy_like "$1" "$copy_file"
	fi
	# Copying takes time: somebody may have come.
	restore_unused "$restore_to" || exit
	restore_aside "$restore_to"
	copy_publish "$restore_to" || exit
	printf '%s' "$2" | harmless
	printf ': restored, integrity_check ok'
	[ -z "$restore_kept" ] || {
		printf '; what was there is '
		printf '%s' "$restore_kept" | harmless
	}
	echo
}

restore_target() (
	[ -n "$1" ] || fail 2 "restore: the database's name is empty"
	folder=$(dirname -- "$1")
	[ -d "$folder" ] || fail 4 "$folder: no such folder"
	[ -w "$folder" ] || fail 5 "$folder: no permission to write there"
	[ ! -d "$1" ] || fail 7 "$1: is a folder"
	[ ! -e "$1" ] || [ -f "$1" ] || fail 7 "$1: is not a regular file"
	if [ -L "$1" ] && [ ! -e "$1" ]; then
		fail 4 "$1: a symbolic link to a file that does not exist"
	fi
)

# A process that has the file open and holds no lock counts too: its next write would go into the old file. One of another pid
# namespace is seen only while it holds a lock, as each connection to a database in WAL mode does.
restore_unused() {
	[ -e "$1" ] || return 0
	restore_holders=$(holders_of "$1" | cut -f 1 | grep -vx -e -1 | sort -un | paste -sd ' ' -)
	[ -z "$restore_holders" ] || fail 8 "$1: in use by process $restore_holders; stop it and try again (sqlprod locks $1)"
	[ "$(library_ask --lock "$1" 2>/dev/null)" != locked ] ||
		fail 8 "$1: in use by a process that is not visible from here, in another container or outside of this one; stop it and try again"
}

# Sets restore_kept to what the old database is called now, "" if there was none. Its parts get their second names first: whatever ends
# this, the old state is whole under one of the two.
restore_aside() {
	restore_kept=
	[ -e "$1" ] || [ -e "$1-wal" ] || [ -e "$1-journal" ] || [ -e "$1-shm" ] || return 0
	restore_kept=$1.before-restore.$(date +%Y%m%d-%H%M%S)
	while [ -e "$restore_kept" ] || [ -e "$restore_kept-wal" ]; do
		restore_kept=$restore_kept+
	done
	for restore_suffix in '' -journal -wal -shm; do
		[ -e "$1$restore_suffix" ] || continue
		ln -- "$1$restore_suffix" "$restore_kept$restore_suffix" 2>/dev/null ||
			cp -p -- "$1$restore_suffix" "$restore_kept$restore_suffix" ||
			fail 13 "$1$restore_suffix: cannot be kept aside as $restore_kept$restore_suffix"
	done
	rm -f -- "$1-journal" "$1-wal" "$1-shm" || fail 13 "$1: its -wal cannot be moved aside"
}
