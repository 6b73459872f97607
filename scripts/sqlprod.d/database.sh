# database.sh - looks at a database file from outside: its header, its neighbours. Reading them disturbs no lock of another process.
# shellcheck shell=sh

# database_require FILE - ends with 4, 5, 6 or 7 and a message if that is no database file that can be read. An empty file is one.
database_require() (
	[ -n "$1" ] || fail 4 "the file's name is empty"
	if [ ! -e "$1" ]; then
		[ ! -L "$1" ] || fail 4 "$1: a link to nothing"
		folder=$(dirname -- "$1")
		[ ! -d "$folder" ] || [ -x "$folder" ] || fail 5 "$1: no permission to look into its folder"
		fail 4 "$1: no such file"
	fi
	[ ! -d "$1" ] || fail 7 "$1: is a folder"
	[ -f "$1" ] || fail 7 "$1: is no regular file"
	case $(stat -Lfc %T -- "$1" 2>/dev/null) in
		proc | sysfs | cgroup*fs | *debugfs | tracefs | securityfs | configfs | bpf_fs | selinux | efivarfs | pstorefs | binfmtfs)
			fail 7 "$1: is made up by the kernel, no file of a disk"
			;;
	esac
	[ -r "$1" ] || fail 5 "$1: no permission to read it"
	[ ! -s "$1" ] || database_has_magic "$1" || fail 6 "$1: not a SQLite database, or an encrypted one"
)

# database_resolve FILE - sets database_file to its real path. Not by $( ) alone, which takes newlines off the end of a name, so that
# another database would be meant.
database_resolve() {
	database_file=$(readlink -f -- "$1" && echo .)
	database_file=${database_file%??}
}

# database_neighbours_require FILE - ends with 7 if SQLite would open something beside it that is no file: it waits for ever at a FIFO.
database_neighbours_require() (
	database_resolve "$1"
	for suffix in journal wal shm; do
		file=$database_file-$suffix
		[ -f "$file" ] || { [ ! -e "$file" ] && [ ! -L "$file" ]; } || fail 7 "$1: its $file is no regular file"
	done
)

database_is_one() {
	[ -f "$1" ] && [ -r "$1" ] && database_has_magic "$1"
}

# A header has 100 bytes.
database_has_magic() {
	[ "$(file_size "$1")" -ge 100 ] && [ "$(od -An -v -tx1 -N16 <"$1" 2>/dev/null)" = ' 53 51 4c 69 74 65 20 66 6f 72 6d 61 74 20 33 00' ]
}

# database_number FILE OFFSET BYTES - a big-endian number of its header.
database_number() {
	od -An -v -tu1 -j"$2" -N"$3" <"$1" | awk '{ for (i = 1; i <= NF; i++) number = number * 256 + $i } END { print number + 0 }'
}

database_journal_mode() {
	case $(database_number "$1" 18 2) in
		514) echo wal ;;
		*) echo rollback ;;
	esac
}

database_version() {
	awk -v number="$(database_number "$1" 96 4)" 'BEGIN {
		if (number >= 3000000)
			printf "%d.%d.%d", number / 1000000, number / 1000 % 1000, number % 1000
	}'
}

# How many names the file has: SQLite keeps -wal and -journal beside the one it was opened by.
file_names() {
	stat -Lc %h -- "$1" 2>/dev/null || echo 1
}

file_size() {
	stat -Lc %s -- "$1" 2>/dev/null || echo 0
}

# database_ask FILE SQL - what the sqlite3 shell answers, without the recipe and without anybody's ~/.sqliterc.
database_ask() (
	export SQLPROD=off
	database_resolve "$1"
	exec sqlite3 -batch -bail -noheader -list -init /dev/null -cmd '.timeout 2000' "$database_file" "$2"
)
