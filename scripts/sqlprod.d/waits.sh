# waits.sh - how often the connections of a process have waited for a lock, read out of its memory as a debugger would (who may see
# that: ptrace(2)). The library keeps the table: shim/locking/wait_counts.h.
# shellcheck shell=sh

# waits_of PID DEVICE:INODE - its waits for that database so far, and how many milliseconds. Nothing where the library is not in it, is an
# older one, or may not be read.
waits_of() (
	base=$(sed -n 's/^\([0-9a-f]*\)-[0-9a-f]* r[^ ]* 00000000 .*\/libsqlprod\.so.*/\1/p' "/proc/$1/maps" 2>/dev/null | sed -n 1p)
	[ -n "$base" ] || exit 0
	base=$((0x$base))
	table=$(waits_memory "$1" "$base" 4096 1 | od -An -v -tu4 | awk '
		{ for (i = 1; i <= NF; i++) word[n++] = $i }
		END {
			# namesz, descsz, type, "sqlprod"
			for (i = 0; i + 5 < n; i++)
				if (word[i] == 8 && word[i + 1] == 4 && word[i + 2] == 1 && word[i + 3] == 1886155123 && word[i + 4] == 6582130) {
					print (i + 5) * 4 + word[i + 5]
					exit
				}
		}')
	[ -n "$table" ] || exit 0
	waits_memory "$1" "$((base + table))" 64 8 | od -An -v -tu8 | awk -v identity="$2" '
		{ for (i = 1; i <= NF; i++) word[n++] = $i }
		END {
			for (i = 0; i + 3 < n; i += 4) {
				known = known || word[i] == 0
				if (word[i + 1] ":" word[i] == identity) {
					known = 1
					waits = word[i + 2]
					spent = word[i + 3]
				}
			}
			# a full table has no room for it
			if (known)
				printf "%.0f\t%.0f\n", waits, spent / 1000000
		}'
)

# waits_memory PID ADDRESS BLOCK COUNT
waits_memory() {
	dd if="/proc/$1/mem" bs="$3" skip="$(($2 / $3))" count="$4" 2>/dev/null
}
