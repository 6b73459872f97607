# advisories.sh - dangers that no setting removes.
# shellcheck shell=sh

# sqlite_has_reset_race VERSION - 3.7.0 to 3.51.2, but for the branches it was fixed in (sqlite.org/wal.html).
sqlite_has_reset_race() (
	IFS=.
	# shellcheck disable=SC2086 # three numbers
	set -- $1 0 0 0
	case $1$2$3 in
		*[!0-9]*) exit 1 ;;
	esac
	[ "$1" -eq 3 ] || exit 1
	number=$(($2 * 1000 + $3))
	[ $number -ge 7000 ] && [ $number -lt 51003 ] || exit 1
	case $2 in
		44) [ "$3" -lt 6 ] ;;
		50) [ "$3" -lt 7 ] ;;
	esac
)

# advise_version VERSION WHERE MMAP - for a SQLite that uses WAL; MMAP: is mmap_size above 0?
advise_version() {
	sqlite_has_reset_race "$1" || return 0
	record advisory "SQLite $1 $2 has the WAL-reset race (fixed in 3.51.3, 3.50.7 and 3.44.6, and in Ubuntu 26.04 since 3.46.1-9ubuntu0.4): rarely, two connections that checkpoint and write at once damage the database; see sqlite.org/wal.html" note
	! $3 || record advisory "mmap_size is on with that version, and a memory map can spread such damage: -s mmap_size=0 turns it off" note
}

# storage_of FILE - prints "local", "shared" or "unknown", and the type and mount point where they are known.
storage_of() {
	library_ask --storage "$1" 2>/dev/null
}

# advise_storage FILE WAL - WAL: does it use WAL?
advise_storage() {
	case $(storage_of "$1") in
		shared*)
			if $2; then
				record advisory "$1 uses WAL on a shared filesystem, where WAL can lose data: take it back with sqlprod revert"
			else
				record advisory "$1 is on a shared filesystem: the recipe uses neither WAL nor mmap there"
			fi
			;;
		unknown*) record advisory "the filesystem of $1 cannot be determined and is treated as a local disk; if other machines use it too: -s journal_mode=keep -s mmap_size=0" ;;
	esac
	! $2 || advise_folder "$1"
}

# A reader of a WAL database has to write its -shm file: a user who may read the file but not write its folder cannot open it. A note,
# unless there is somebody: a member of the group, or a process that has the file open.
advise_folder() (
	file_mode=$(stat -Lc %A -- "$1" 2>/dev/null) || exit 0
	folder_mode=$(stat -Lc %A -- "$(dirname -- "$1")") || exit 0
	who=
	case $file_mode:$folder_mode in
		?????w*:?????-* | ????r*:?????-*) who=group ;;
	esac
	case $file_mode:$folder_mode in
		???????r??*:????????-*) who=${who:+$who and }others ;;
	esac
	[ -n "$who" ] || exit 0
	hit=$(folder_hits "$1" "$who")
	if [ -n "$hit" ]; then
		record advisory "$1 uses WAL, and its $who may read it but not write its folder: without -wal and -shm files there, they cannot open it. It hits $hit. To mend it: chmod g+w on the folder, with that user in its group"
	else
		record advisory "$1 uses WAL, and its $who may read it but not write its folder: without -wal and -shm files there, they cannot open it" note
	fi
)

# folder_hits FILE WHO - "user a, b": other users than the owner and root, who are in the file's group, or have it open.
folder_hits() (
	owner=$(stat -Lc %U -- "$1")
	{
		case $2 in
			group*) awk -F : -v name="$(stat -Lc %G -- "$1")" '$1 == name { gsub(",", "\n", $4); print $4 }' /etc/group 2>/dev/null ;;
		esac
		part holders
		processes_with "$1" | while read -r pid; do
			process_user "$pid"
		done
	} | awk -v owner="$owner" '$1 != "" && $1 != owner && $1 != "root" && !seen[$1]++ { out = out (out == "" ? "user " : ", ") $1 } END { print out }'
)
