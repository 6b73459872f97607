# locks.sh - which process holds which lock of a database, and which one waits. Needs holders.sh, wal.sh and records.sh.
# shellcheck shell=sh

# locks_table DATABASE MODE - a line for each process: pid, its locks separated by commas.
locks_table() {
	for suffix in '' -wal -shm; do
		[ ! -e "$1$suffix" ] || processes_with "$1$suffix"
	done | locks_join "$1" "$2"
}

# locks_join DATABASE MODE - the same for the pids in standard input, and those that hold a lock.
locks_join() (
	{
		sed 's/$/	/'
		locks_on "$1" | sed 's/$/	file/'
		[ ! -e "$1-shm" ] || locks_on "$1-shm" | sed 's/$/	shm/'
	} | awk -F '\t' -v OFS='\t' -v mode="$2" -v marks="$(wal_marks "$1")" '
		function add(pid, lock) {
			if (index("," held[pid] ",", "," lock ","))
				return
			held[pid] = held[pid] (held[pid] == "" ? "" : ",") lock
		}
		# The bytes of a database file: src/os.h. In WAL mode every connection holds SHARED for good.
		function file_lock(pid, kind, first, last) {
			if (first <= 1073741824 && last >= 1073741824)
				add(pid, "pending")
			if (first <= 1073741825 && last >= 1073741825)
				add(pid, "reserved")
			if (last >= 1073741826 && kind == "write")
				add(pid, "exclusive")
			else if (last >= 1073741826 && mode != "wal")
				add(pid, "shared")
		}
		# The lock bytes of a -shm: sqlite.org/walformat.html, 2.3.1. With the library a transaction that has only begun shares byte 120, and
		# a writer that shares it locks byte 129 as well (shim/locking/shared_write.h).
		function shm_lock(pid, kind, first, last, byte) {
			if (first <= 129 && last >= 129)
				add(pid, "write")
			for (byte = first < 120 ? 120 : first; byte <= last && byte <= 127; byte++)
				if (byte == 120)
					add(pid, kind == "write" ? "write" : "begun")
				else if (byte == 121)
					add(pid, "checkpoint")
				else if (byte == 122)
					add(pid, "recovery")
				else
					add(pid, "read:" (byte == 123 ? "database" : mark[byte - 123]))
		}
		BEGIN {
			split(marks, list, " ")
			for (i = 1; i <= 5; i++)
				mark[i - 1] = list[i]
		}
		!($1 in seen) { seen[$1] = 1 }
		$5 == "file" { file_lock($1, $2, $3, $4 == "EOF" ? 2147483647 : $4) }
		$5 == "shm" { shm_lock($1, $2, $3, $4 == "EOF" ? 2147483647 : $4) }
		END {
			for (pid in seen)
				if (pid != "")
					print pid, held[pid]
		}'
)

# process, pid, user, program, library (yes, no, unknown), locks, waiting (yes, no, unknown)
locks_process() {
	if [ "$2" -le 0 ]; then
		record process "$2" unknown "a process of another pid namespace" unknown "${3:-none}" unknown
		return
	fi
	library=unknown
	waits=unknown
	if [ -r "/proc/$2/maps" ] && maps=$(cat "/proc/$2/maps" 2>/dev/null); then
		library=no
		waits=no
		case $maps in
			*/libsqlprod.so*)
				library=yes
				! locks_waits "$1" "$2" || waits=yes
				;;
		esac
	fi
	record process "$2" "$(process_user "$2")" "$(process_name "$2")" "$library" "${3:-none}" "$waits"
}

# locks_waits DATABASE PID - whether a thread of it waits for the write lock with the library. Such a thread looks at the lock now and then,
# and where the processors are busy that takes it longer than the wait between: so one that runs is looked at again. At most 10 times for
# all processes of a database, so that a machine of busy ones is shown in time.
locks_waits() {
	[ -e "$1-shm" ] || return 1
	while :; do
		locks_sleeps "$1-shm" "$2"
		case $? in
			0) return 0 ;;
			1) return 1 ;;
		esac
		locks_looks=$((${locks_looks:-0} + 1))
		[ "$locks_looks" -le 10 ] || return 1
		sleep 0.01
	done
}

# locks_sleeps SHM PID - 0 where a thread sleeps in futex(2) on a word of the -shm: its system call's first argument lies in the process's
# mapping of that file. 2 where none does, but some run, and 1 where none does.
locks_sleeps() {
	cat "/proc/$2/task/"*/syscall 2>/dev/null | awk -v inode="$(stat -Lc %i -- "$1")" -v maps="/proc/$2/maps" '
		function number(hex, i, n) {
			hex = tolower(hex)
			sub(/^0x/, "", hex)
			n = 0
			for (i = 1; i <= length(hex); i++)
				n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
			return n
		}
		BEGIN {
			while ((getline line < maps) > 0) {
				split(line, field, " ")
				if (field[5] == inode) {
					split(field[1], range, "-")
					from[++count] = number(range[1])
					to[count] = number(range[2])
				}
			}
		}
		$1 == "running" {
			runs = 1
		}
		{
			at = number($2)
			for (i = 1; i <= count; i++)
				if (at >= from[i] && at < to[i])
					found = 1
		}
		END { exit found ? 0 : runs ? 2 : 1 }'
}
