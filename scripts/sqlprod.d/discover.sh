# discover.sh - the SQLite databases that processes of this machine have open, as far as this user may see.
#
# A database is known by its header: an encrypted one, and one that is empty yet, is not seen.
# shellcheck shell=sh

# databases_open - a line for each process and database: pid, number of descriptors, path as the process sees it, a descriptor of it, its
# device and inode.
databases_open() (
	list=$(descriptors '%d:%i %f %n' | awk '$2 ~ /^8/ { print $1, $3 }')
	found=$(printf '%s\n' "$list" | awk '!seen[$1]++' | while read -r identity descriptor; do
		# tr: a shell complains of NULs
		if [ "$(head -c 15 <"$descriptor" 2>/dev/null | tr '\0' .)" = 'SQLite format 3' ]; then
			echo "$identity"
		fi
	done 2>/dev/null)
	[ -n "$found" ] || exit 0
	printf '%s\n--\n%s\n' "$found" "$list" | awk '
		$1 == "--" { in_list = 1; next }
		!in_list { is_database[$1]; next }
		$1 in is_database {
			split($2, part, "/")
			key = part[3] " " $1
			if (!(key in count))
				order[++n] = key
			count[key]++
			descriptor[key] = $2
			pid[key] = part[3]
		}
		END {
			for (i = 1; i <= n; i++) {
				split(order[i], part, " ")
				print pid[order[i]] "\t" count[order[i]] "\t" descriptor[order[i]] "\t" part[2]
			}
		}' | while IFS='	' read -r pid count descriptor identity; do
		path=$(readlink "$descriptor" 2>/dev/null) || continue
		case $path in
			[!/]*) continue ;; # it was closed, and its number used again
			*[[:cntrl:]]*) path=$(printf '%s' "$path" | tr '[:cntrl:]' '?') ;;
		esac
		printf '%s\t%s\t%s\t%s\t%s\n' "$pid" "$count" "$path" "$descriptor" "$identity"
	done
)
