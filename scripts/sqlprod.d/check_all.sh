# check_all.sh - each process that has a SQLite database open: is the library in it, and if not, how it would get there.
# shellcheck shell=sh

check_all() {
	library_require
	part holders
	part discover
	part executable
	records=$(all_records)
	if $sqlprod_json; then
		printf '%s\n' "$records" | LC_ALL=C awk -f "$sqlprod_parts/json.awk" -f "$sqlprod_parts/all_json.awk"
	else
		printf '%s\n' "$records" | records_show
	fi
	case $records in
		*'verdict	covered'*) exit 0 ;;
		*'verdict	none'*) exit 3 ;;
		*) exit 1 ;;
	esac
}

all_records() (
	lines=$(databases_open)
	users=$(printf '%s\n' "$lines" | awk -F '\t' 'NF && !seen[$1]++ { print $1 }' | sort -n | while read -r pid; do
		# what can no longer be read of a process that has ended meanwhile would be told as a fault of it
		rows=$(all_process "$pid" "$lines" 2>/dev/null)
		[ ! -e "/proc/$pid/exe" ] || printf '%s\n' "$rows"
	done)
	[ -z "$users" ] || printf '%s\n' "$users"
	all_verdict "$(printf '%s\n' "$users" | grep -c '^user	')" "$(printf '%s\n' "$users" | awk -F '\t' '$1 == "user" && $5 == "yes" { n++ } END { print n + 0 }')"
	[ "$(id -u)" -eq 0 ] || record advisory "processes of other users are seen by root alone"
)

all_verdict() {
	if [ "$1" -eq 0 ]; then
		record verdict none "no process was seen that has a SQLite database open"
	elif [ "$1" -eq "$2" ]; then
		record verdict covered "the library is in each of $1 processes"
	else
		record verdict missing "the library is in $2 of $1 processes"
	fi
}

# all_process PID LINES - user: pid, user, program, library, unit, way, what to write there. Then its databases, of the lines of databases_open.
all_process() (
	library=unknown
	if maps=$(cat "/proc/$1/maps" 2>/dev/null) && [ -n "$maps" ]; then
		library=no
		case $maps in
			*/libsqlprod.so*) library=yes ;;
		esac
	fi
	unit=$(all_unit "/proc/$1/cgroup")
	way=
	[ "$library" = yes ] || way=$(all_way "$1" "$unit")
	record user "$1" "$(process_user "$1")" "$(process_name "$1")" "$library" "${unit:--}" "${way%%	*}" "$(printf '%s' "$way" | cut -s -f 2)"
	printf '%s\n' "$2" | awk -F '\t' -v pid="$1" '$1 == pid && !seen[$3]++ { print $3 }' | while IFS= read -r path; do
		record uses "$1" "$path"
	done
)

# all_unit CGROUP - the innermost systemd unit in such a file (/proc/PID/cgroup).
all_unit() {
	awk -F : '$2 == "" || $2 == "name=systemd" { print substr($0, length($1) + length($2) + 3) }' "$1" 2>/dev/null | awk 'length > 1' | sed -n 1p | tr / '\n' |
		awk '/\.(service|scope)$/ { unit = $0 } END { print unit }'
}

# all_way PID UNIT - where the library would be named, a tab, and what would be written there.
all_way() (
	executable_walk "/proc/$1/exe" 0
	if [ -n "$executable_problem" ]; then
		printf 'cannot be reached: its program %s' "$executable_problem"
		exit
	fi
	preload=$sqlprod_library
	others=$({ tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null | sed -n 's/^LD_PRELOAD=//p' | sed -n 1p)
	[ -z "$others" ] || preload=$preload:$others
	case $2 in
		user@*.service | session-*.scope | init.scope | '') printf 'start it by sqlprod: sqlprod COMMAND' ;;
		docker-* | libpod-* | cri-containerd-* | crio-*) printf 'in its image\tENV LD_PRELOAD=/usr/local/lib/libsqlprod.so' ;;
		*.service)
			folder=/etc/systemd/system
			! grep -q '/user@[0-9]*\.service/' "/proc/$1/cgroup" 2>/dev/null || folder=\~/.config/systemd/user
			printf '%s/%s.d/sqlprod.conf\t[Service] Environment=LD_PRELOAD=%s' "$folder" "$(all_template "$2")" "$preload"
			;;
		*) printf 'start it by sqlprod: sqlprod COMMAND' ;;
	esac
)

# A drop-in for each instance: app@1.service is of app@.service.
all_template() {
	printf '%s' "$1" | sed 's/@.*\.service$/@.service/'
}
