# sqlprod run - replaces itself with the command, the library preloaded.
# shellcheck shell=sh

run_usage() {
	cat <<-'END'
		usage: sqlprod [run] [-s NAME=VALUE]... [--log FILE] [--report FILE] [--] COMMAND...

		Runs the command with the library in LD_PRELOAD. The command keeps this process: same pid, same signals, same exit status.

		  -s, --set NAME=VALUE   a setting, as "sqlprod settings" lists them: -s busy_timeout=5000
		  --log FILE             append warnings to this file (%p becomes the pid)
		  --report FILE          append one JSON line for each connection when it closes

		Exit status: that of the command; 2 wrong usage or a bad setting; 125 the library cannot work in this command, which was not
		started; 126 the command cannot be run; 127 it was not found.
	END
}

run_file_require() {
	[ -n "$2" ] || fail 2 "$1 needs a file"
	[ ${#2} -lt 4096 ] || fail 2 "$1: the path is too long"
	[ -d "$(dirname -- "$2")" ] || fail 2 "$1 $2: no such folder"
	[ ! -d "$2" ] || fail 2 "$1 $2: is a folder"
	part database
	! database_is_one "$2" || fail 2 "$1 $2: is a SQLite database"
}

# run_require COMMAND... - ends with 2, 125, 126 or 127 and a message if the command should not be started.
run_require() {
	library_require
	settings_require || exit
	part elsewhere
	elsewhere_refuse "$@" || exit
	part executable
	run_meant "$@" || exit
	executable_require "$1" || exit
}

# run_meant COMMAND... - a word that is no program may be a command of ours, or a file that a program is for.
run_meant() (
	executable_find "$1" >/dev/null 2>&1 && exit
	status=$?
	part meant
	meant=
	case $1 in
		*[!A-Za-z-]* | '') ;;
		*) meant=$(meant_command "$1") ;;
	esac
	case $meant in
		'') ;;
		help | version) fail 127 "$1: not found; did you mean sqlprod $meant?" ;;
		*) fail 127 "$1: not found; did you mean sqlprod $meant? See sqlprod $meant --help" ;;
	esac
	part database
	meant=$(meant_file "$@")
	[ -z "$meant" ] || fail "$status" "$1: is no command; $meant"
)

# run_start COMMAND... - does not return.
run_start() {
	LD_PRELOAD=$(run_preload)
	if [ -n "$LD_PRELOAD" ]; then export LD_PRELOAD; else unset LD_PRELOAD; fi
	exec "$@"
}

# run_preload - our library, unless the loader brings one of that name anyway, and what else LD_PRELOAD named: without other copies of the
# library, of which the second does nothing, and without what cannot be loaded, which each program would be told of.
run_preload() (
	set -f
	IFS=': 	'
	grep -qs '/libsqlprod\.so' /etc/ld.so.preload || printf %s "$sqlprod_library"
	for object in $sqlprod_preload; do
		case $object in
			"$sqlprod_library" | libsqlprod.so | */libsqlprod.so | '') continue ;;
		esac
		[ -n "$(LD_PRELOAD=$object "$sqlprod_library" --version 2>&1 >/dev/null)" ] || printf ':%s' "$object"
	done
)

command_run() {
	while [ $# -gt 0 ]; do
		case $1 in
			-h | --help)
				run_usage
				exit
				;;
			-s | --set | --log | --report)
				[ $# -gt 1 ] || fail 2 "$1 needs a value"
				run_option "$1" "$2"
				shift
				;;
			--set=* | --log=* | --report=*) run_option "${1%%=*}" "${1#*=}" ;;
			-s?*) run_option -s "${1#-s}" ;;
			--)
				shift
				break
				;;
			-*) fail 2 "run: no option $1; see sqlprod run --help" ;;
			*) break ;;
		esac
		shift
	done
	[ $# -gt 0 ] || fail 2 "run: no command; see sqlprod run --help"
	run_require "$@"
	run_start "$@"
}

run_option() {
	case $1 in
		-s | --set)
			sqlprod_variable=$(setting_variable "$2") || exit
			export "$sqlprod_variable=${2#*=}"
			;;
		--log)
			if [ "$2" = stderr ]; then
				export SQLPROD_LOG=stderr
			else
				run_file_require "$1" "$2"
				SQLPROD_LOG=$(path_absolute "$2")
				export SQLPROD_LOG
			fi
			;;
		--report)
			run_file_require "$1" "$2"
			SQLPROD_REPORT=$(path_absolute "$2")
			export SQLPROD_REPORT
			;;
	esac
}
