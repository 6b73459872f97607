# holders.sh - which processes of this machine have a database open, and which of its locks they hold.
#
# Nothing of the database is opened but for a look at its -shm by od: closing a file drops the locks of the process that closes it, and
# this one has none. Locks come from /proc/locks, open files from /proc/PID/fd, which shows those of other users to root alone.
# shellcheck shell=sh

# file_identity FILE - "major:minor:inode" as /proc/locks writes it.
file_identity() {
	stat -Lc '%d %i' -- "$1" 2>/dev/null | awk '{
		# dev_t as glibc packs it: 12 bits of the major, 20 of the minor
		dev = $1
		low = dev % 256
		major = int(dev / 256) % 4096
		minor = low + int(dev / 1048576) % 4096 * 256
		printf "%02x:%02x:%s\n", major, minor, $2
	}'
}

# holders_of DATABASE - a line for each process that has it, its -wal or its -shm open or holds a lock on one: pid.
holders_of() (
	for suffix in '' -wal -shm; do
		[ -e "$1$suffix" ] || continue
		locks_on "$1$suffix" | cut -f 1
		processes_with "$1$suffix"
	done | sort -un
)

# processes_with FILE - pids that have it open, as far as this user may see.
processes_with() {
	processes_with_count "$1" | cut -f 1
}

# descriptors FORMAT - a line for each open descriptor of each process, as far as this user may see: its file as stat writes it, %n is
# /proc/PID/fd/NUMBER. The shell lists them, one stat looks at all: a machine has thousands. Not find: 4.10.0 may abort half way where a
# process ends meanwhile, and those after it would seem to have nothing open.
descriptors() (
	printf '%s\0' /proc/[0-9]*/fd/* | xargs -0 stat -Lc "$1" -- 2>/dev/null
)

# processes_with_count FILE - the same, with the number of descriptors.
processes_with_count() (
	identity=$(stat -Lc %d:%i -- "$1" 2>/dev/null) || exit 0
	descriptors '%n %d:%i' | awk -v identity="$identity" '$2 == identity { split($1, path, "/"); n[path[3]]++ } END { for (pid in n) print pid "\t" n[pid] }' | sort -n
)

# locks_on FILE - a line for each lock on it: pid, read or write, first byte, last byte. pid is 0 for a process of another pid
# namespace, -1 for the lock of an open file. Such locks are shown only where no process has one: with the library each process has both.
locks_on() (
	identity=$(file_identity "$1")
	[ -n "$identity" ] || exit 0
	# A blocked request has "->" after its number.
	awk -v identity="$identity" -v OFS='\t' '
		$2 == "->" || $6 != identity { next }
		$5 != -1 { print $5, tolower($4), $7, $8; named = 1 }
		$5 == -1 { unnamed[++count] = $5 OFS tolower($4) OFS $7 OFS $8 }
		END { for (i = 1; i <= count && !named; i++) print unnamed[i] }' /proc/locks 2>/dev/null
)

# process_name PID - what the program calls itself; its script, where it is an interpreter's, or the option before code on the command line.
process_name() (
	name=$(cat "/proc/$1/comm" 2>/dev/null) || exit 0
	case $name in
		python* | ruby* | node | perl | php* | java | bash | sh | dash)
			script=$(tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | awk -v name="$name" '
				NR == 1 { next }
				# its code may hold anything, a password say
				/^-[A-Za-z]?[A-Za-z]?[ceE]$/ || /^--(eval|print)$/ || ($0 == "-r" && name ~ /^php/) { print $0; exit }
				/^-(m|jar)$/ { getline; print; exit }
				/^-(cp|classpath|-class-path|p|-module-path|W|X)$/ { getline; next }
				!/^-/ { print; exit }')
			[ -z "$script" ] || name="$name ${script##*/}"
			;;
	esac
	printf '%s' "$name"
)

process_user() {
	stat -c '%U %u' -- "/proc/$1" 2>/dev/null | awk '{ print $1 == "UNKNOWN" ? $2 : $1 }'
}
