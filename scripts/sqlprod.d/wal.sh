# wal.sh - what the header of a -shm says of the -wal (sqlite.org/walformat.html), in the byte order of this machine. Needs holders.sh.
# shellcheck shell=sh

# wal_frames DATABASE - how many frames the -wal has, and how many of them are in the database; nothing if that does not show.
wal_frames() {
	[ -r "$1-shm" ] && [ "$(file_size "$1-shm")" -ge 136 ] || return 0
	# shellcheck disable=SC2046 # two numbers
	set -- $(od -An -v -tu4 -j16 -N4 <"$1-shm") $(od -An -v -tu4 -j96 -N4 <"$1-shm")
	[ $# -ne 2 ] || printf '%s\t%s\n' "$1" "$2"
}

# wal_marks DATABASE - the five read marks of the -shm: each the last frame that its readers may see.
wal_marks() {
	[ ! -r "$1-shm" ] || [ "$(file_size "$1-shm")" -lt 120 ] || od -An -v -tu4 -j100 -N20 <"$1-shm" | tr '\n' ' '
}

# wal_pin DATABASE - "pid 4711 (python3)": the process that reads the oldest snapshot, if more was written since.
wal_pin() (
	frames=$(wal_frames "$1" | cut -f 1)
	[ -n "$frames" ] || exit 0
	found=$(locks_on "$1-shm" | awk -F '\t' -v marks="$(wal_marks "$1")" -v frames="$frames" '
		BEGIN { split(marks, mark, " ") }
		$2 == "read" || $2 == "write" {
			# 120 to 122 are no readers; 123 is of those that need nothing of the -wal
			for (byte = $3 < 123 ? 123 : $3 + 0; byte <= $4 && byte <= 127; byte++)
				if (mark[byte - 122] + 0 < frames && (pid == "" || mark[byte - 122] + 0 < least)) {
					least = mark[byte - 122] + 0
					pid = $1
				}
		}
		END { print pid }')
	[ -n "$found" ] || exit 0
	[ "$found" -gt 0 ] || { echo "a process that is not visible from here" && exit; }
	printf 'pid %s (%s)' "$found" "$(process_name "$found")"
)
