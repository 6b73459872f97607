# sqlprod check - what the library did in a command, what a database file is like, what a process has.
# shellcheck shell=sh

check_usage() {
	cat <<-'END'
		usage: sqlprod check [--json | --text] [--all-rows] [--dry-run] [-s NAME=VALUE]... -- COMMAND...
		       sqlprod check [--json | --text] [--all-rows] [--integrity] FILE...
		       sqlprod check [--json | --text] --pid PID
		       sqlprod check [--json | --text] --all

		Runs the command and then shows each SQLite connection it opened: what was wanted, what it got, who decided, and why.
		What is not as the recipe wants it ends with the step that mends it. The command runs with the recipe: a database that it
		opens becomes WAL and stays so, until sqlprod revert. Its standard output goes to stderr. Or looks at database files, and
		at their foreign keys for 5 seconds at most; or at a running process.

		  --json                 one JSON document
		  --text                 what a terminal gets, into a pipe too; NO_COLOR=1 takes the colours away
		  --all-rows             with what no setting changes
		  --dry-run              show what would be done, and start nothing
		  -s, --set NAME=VALUE   as for sqlprod run
		  --integrity            run SQLite's integrity_check too
		  --pid PID              look at this process
		  --all                  look at each process of this machine that has a SQLite database open: is the library in it, which
		                         systemd unit is it of, and which drop-in would bring the library there

		Exit status of a command: 0 every connection has the whole recipe; 1 something is missing; 3 no connection was seen;
		125, 126, 127 as sqlprod run. Of a file: 0; 4 no such file; 5 no permission; 6 not a database; 7 a folder or a special
		file; 8 in use; 9 damaged; 13 another error. Of a process: 0 the library is in it; 1 it is not; 10 no such process;
		11 this user may not look at it. Of --all: 0 in each; 1 not in each; 3 no process has a database open. Always: 2 wrong usage
		or a bad setting; 12 a tool is missing.
	END
}

command_check() {
	sqlprod_json=false
	sqlprod_integrity=false
	sqlprod_text=false
	sqlprod_all_rows=false
	sqlprod_dry_run=false
	sqlprod_pid=
	sqlprod_target="file"
	part records
	part commands/run
	while [ $# -gt 0 ]; do
		case $1 in
			-h | --help)
				check_usage
				exit
				;;
			--json) sqlprod_json=true ;;
			--integrity) sqlprod_integrity=true ;;
			--all) sqlprod_target=all ;;
			--text) sqlprod_text=true ;;
			--all-rows) sqlprod_all_rows=true ;;
			--dry-run) sqlprod_dry_run=true ;;
			--pid=*) sqlprod_target=pid sqlprod_pid=${1#--pid=} ;;
			--pid | -s | --set)
				[ $# -gt 1 ] || fail 2 "check: $1 needs a value"
				if [ "$1" = --pid ]; then
					sqlprod_target=pid sqlprod_pid=$2
				else
					run_option "$1" "$2"
				fi
				shift
				;;
			--set=*) run_option --set "${1#*=}" ;;
			-s?*) run_option -s "${1#-s}" ;;
			--)
				[ "$sqlprod_target" != file ] || sqlprod_target="command"
				shift
				break
				;;
			-*) fail 2 "check: no option $1; see sqlprod check --help" ;;
			*) break ;;
		esac
		shift
	done
	case $sqlprod_target in
		pid) [ $# -eq 0 ] || fail 2 "check: --pid takes no file or command: $1" ;;
		all) [ $# -eq 0 ] || fail 2 "check: --all takes no file or command: $1" ;;
		command) [ $# -gt 0 ] || fail 2 "check: no command after --" ;;
		file) [ $# -gt 0 ] || fail 2 "check: no file, no --pid, and no -- COMMAND; see sqlprod check --help" ;;
	esac
	! $sqlprod_dry_run || [ "$sqlprod_target" = "command" ] || fail 2 "check: --dry-run is for -- COMMAND"
	part advisories
	part frameworks
	part database
	part "check_$sqlprod_target"
	"check_$sqlprod_target" "$@"
}
