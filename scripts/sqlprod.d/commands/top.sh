# sqlprod top - databases in use, and who holds and waits, refreshed in place.
# shellcheck shell=sh

top_usage() {
	cat <<-'END'
		usage: sqlprod top [-n SECONDS] [-c COUNT] [--text] [DATABASE...]

		Shows the databases that processes of this machine have open, or those named: processes, descriptors, transactions a second
		(those that wrote: others leave no trace), waits for a lock a second (those of processes with the library), checkpoints seen, the
		size of -wal, in how many of the processes the library is; and the processes that hold the write, checkpoint or a read lock, and
		those that wait, with the time since top first saw them so. Looks from outside, as sqlprod locks does. On a terminal it is
		refreshed in place, and q ends it; into a pipe it writes records.

		  -n SECONDS   how often (2)
		  -c COUNT     so many times, then end
		  --text       what a terminal gets, into a pipe too: one frame after the other

		Exit status: 0; 2 wrong usage; 4, 5, 6, 7 as sqlprod locks.
	END
}

command_top() {
	sqlprod_text=false
	seconds=2
	count=0
	for part in records database holders wal locks waits discover; do
		part "$part"
	done
	while [ $# -gt 0 ]; do
		case $1 in
			-h | --help)
				top_usage
				exit
				;;
			--text) sqlprod_text=true ;;
			-n | -c)
				[ $# -gt 1 ] || fail 2 "top: $1 needs a value"
				case $2 in
					'' | *[!0-9]* | 0*) fail 2 "top: $1 $2: not a number from 1 on" ;;
				esac
				if [ "$1" = -n ]; then seconds=$2; else count=$2; fi
				shift
				;;
			--)
				shift
				break
				;;
			-*) fail 2 "top: no option $1; see sqlprod top --help" ;;
			*) break ;;
		esac
		shift
	done
	for file; do
		database_require "$file" || exit
	done
	top_show "$@"
}

top_show() {
	exec 3>&1
	width=$(records_width)
	if [ ! -t 1 ] && ! $sqlprod_text; then
		top_loop cat "$@"
	elif [ -t 1 ] && [ -r /dev/tty ] && command -v python3 >/dev/null && python3 -Ic 'import curses' 2>/dev/null; then
		top_loop top_frame "$@" | {
			exec 3<&0 </dev/tty
			exec python3 -IB "$sqlprod_parts/top.py"
		}
	elif [ -t 1 ]; then
		printf '\033[2J'
		top_loop top_frame_in_place "$@"
	else
		top_loop top_frame "$@" | tr -d '\f'
	fi
	exit 0
}

# top_loop WAY DATABASE... - takes samples, and hands each to WAY.
top_loop() {
	way=$1
	shift
	state=
	taken=0
	while :; do
		sample=$(
			record sample "$(date +%s)" "$(date +%H:%M:%S)"
			top_sample "$@"
			record end
		)
		printf '%s\n' "$sample" | "$way" || exit 0
		[ "$way" = cat ] || state=$(top_text state)
		taken=$((taken + 1))
		[ "$taken" -ne "$count" ] || break
		sleep "$seconds" || exit 0
	done
}

# top_text frame|state - of the sample and what is known from those before. Once for each: an awk that reads a pipe may wait until its
# buffer is full.
top_text() {
	printf '%s\n%s\n' "$state" "$sample" | LC_ALL=C awk -F '\t' -v what="$1" -v width="$width" -v seconds="$seconds" \
		-f "$sqlprod_parts/units.awk" -f "$sqlprod_parts/top.awk"
}

# A form feed ends a frame.
top_frame() {
	top_text frame
	printf '\f\n'
}

# By escape sequences: home, each line cleared to its end, the rest cleared.
top_frame_in_place() {
	printf '\033[H'
	top_text frame | while IFS= read -r line; do
		printf '%s\033[K\n' "$line"
	done
	printf '\033[J'
}

top_sample() {
	if [ $# -gt 0 ]; then
		for file; do
			database_resolve "$file"
			top_database "$database_file" "$(processes_with_count "$database_file")"
		done
		return
	fi
	open=$(databases_open)
	printf '%s\n' "$open" | awk -F '\t' '$5 != "" && !seen[$5]++ { print $3 "\t" $4 "\t" $5 }' | sort | while IFS='	' read -r file descriptor identity; do
		# a process in another mount namespace has another file by that name, or none
		[ "$(stat -Lc %d:%i -- "$file" 2>/dev/null)" = "$identity" ] || file=${descriptor%/fd/*}/root$file
		[ -f "$file" ] || continue
		top_database "$file" "$(printf '%s\n' "$open" | awk -F '\t' -v identity="$identity" '$5 == identity { print $1 "\t" $2 }')"
	done
}

# database: path, journal mode, processes, descriptors, with the library, size of -wal, frames, frames in the database, change counter,
# salt of the -wal. Then, for each process that tells, waits: pid, waits so far, milliseconds. Then its processes that hold or wait. The
# second argument has lines of pid and number of descriptors.
top_database() {
	mode=$(database_journal_mode "$1" 2>/dev/null)
	rows=$(printf '%s\n' "$2" | cut -f 1 | grep . | locks_join "$1" "$mode" | sort -n | while IFS='	' read -r pid held; do
		locks_process "$1" "$pid" "$held"
	done)
	# shellcheck disable=SC2046 # numbers
	record database "$1" "$mode" "$(printf '%s\n' "$rows" | grep -c .)" "$(printf '%s\n' "$2" | awk '{ n += $2 } END { print n + 0 }')" \
		"$(printf '%s\n' "$rows" | awk -F '\t' '$5 == "yes" { n++ } END { print n + 0 }')" "$(file_size "$1-wal")" $(top_counters "$1" "$mode")
	identity=$(stat -Lc %d:%i -- "$1" 2>/dev/null)
	printf '%s\n' "$rows" | awk -F '\t' '$5 == "yes" { print $2 }' | while read -r pid; do
		counts=$(waits_of "$pid" "$identity")
		[ -z "$counts" ] || printf 'waits\t%s\t%s\n' "$pid" "$counts"
	done
	printf '%s\n' "$rows" | awk -F '\t' 'NF > 5 && ($6 != "none" || $7 == "yes")'
}

# top_counters DATABASE MODE - of the -shm's header frames, frames in the database, change counter, salt; of a rollback journal's database 0, 0,
# its change counter, 0.
top_counters() {
	if [ "$2" = wal ] && [ -r "$1-shm" ] && [ "$(file_size "$1-shm")" -ge 136 ]; then
		od -An -v -tu4 -N100 <"$1-shm" | awk '{ for (i = 1; i <= NF; i++) word[at++] = $i } END { print word[4], word[24], word[2], word[8] }'
	elif [ "$2" = wal ]; then
		echo 0 0 0 0
	else
		echo 0 0 "$(database_number "$1" 24 4 2>/dev/null)" 0
	fi
}
