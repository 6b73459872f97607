# sqlprod locks - who holds the locks of a database, and who has it open.
# shellcheck shell=sh

locks_usage() {
	cat <<-'END'
		usage: sqlprod locks [--json] DATABASE...

		Shows each process that has a database open: its pid, user and program, whether the library is in it, the locks it holds, and
		whether it waits for one. The locks are write, begun (BEGIN with the library, and nothing written yet), checkpoint, recovery,
		and read with its snapshot; or those of a rollback journal. The size of -wal comes first, and how much of it a reader keeps
		from being checkpointed. Looks from outside, whether the library is in those processes or not, and disturbs nobody. Other
		users' processes are named to root alone; a process that has no pid in this pid namespace (the host's, seen from a
		container) is not seen.

		Exit status: 0; 1 no process was seen to have it open; 2 wrong usage; 4 no such file; 5 no permission; 6 not a database;
		7 a folder or a special file. Of several files, the first that was not 0.
	END
}

command_locks() {
	sqlprod_json=false
	part records
	part database
	part holders
	part wal
	part locks
	while [ $# -gt 0 ]; do
		case $1 in
			-h | --help)
				locks_usage
				exit
				;;
			--json) sqlprod_json=true ;;
			--)
				shift
				break
				;;
			-*) fail 2 "locks: no option $1; see sqlprod locks --help" ;;
			*) break ;;
		esac
		shift
	done
	[ $# -gt 0 ] || fail 2 "locks: no file; see sqlprod locks --help"
	status=0
	for file; do
		if database_require "$file"; then
			locks_show "$file"
			file_status=$?
		else
			file_status=$?
		fi
		[ "$status" -ne 0 ] || status=$file_status
	done
	exit "$status"
}

locks_show() {
	database_resolve "$1"
	records=$(locks_records "$database_file")
	if $sqlprod_json; then
		printf '%s\n' "$records" | LC_ALL=C awk -f "$sqlprod_parts/json.awk" -f "$sqlprod_parts/locks_json.awk"
	else
		printf '%s\n' "$records" | records_show
	fi
	case $records in
		*'
process	'*) return 0 ;;
		*) return 1 ;;
	esac
}

locks_records() {
	record database "$1"
	mode=$(database_journal_mode "$1")
	record journal_mode "$mode"
	if [ -e "$1-wal" ]; then
		record wal_size "$(file_size "$1-wal")"
		frames=$(wal_frames "$1")
		[ -z "$frames" ] || record wal_frames "${frames%	*}" "${frames#*	}"
	fi
	locks_table "$1" "$mode" | sort -n | while IFS='	' read -r pid held; do
		locks_process "$1" "$pid" "$held"
	done
}
