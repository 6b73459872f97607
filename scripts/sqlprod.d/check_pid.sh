# check_pid.sh - finds whether the library is in a running process, with which settings, and which databases are open there.
# shellcheck shell=sh

check_pid() {
	library_require
	case $sqlprod_pid in
		'' | *[!0-9]*) fail 2 "check: --pid $sqlprod_pid: not a process id" ;;
	esac
	process=/proc/$sqlprod_pid
	[ -d "$process" ] || fail 10 "no process $sqlprod_pid"
	maps=$(cat "$process/maps" 2>/dev/null) || process_refuse
	[ -n "$maps" ] || fail 10 "process $sqlprod_pid has ended, or belongs to the kernel"
	{ cat "$process/environ" && readlink "$process/exe"; } >/dev/null 2>&1 || process_refuse
	found=$(printf '%s\n' "$maps" | sed -n 's|^\([^ ]* *\)\{5\}\(/.*libsqlprod\.so\)\( (deleted)\)\{0,1\}$|\2\3|p' | sed -n 1p)
	records=$(process_records)
	if $sqlprod_json; then
		printf '%s\n' "$records" | records_document
	else
		printf '%s\n' "$records" | records_show
	fi
	[ -n "$found" ]
	exit
}

process_refuse() {
	[ -d "$process" ] || fail 10 "no process $sqlprod_pid"
	[ "$(id -u)" -eq 0 ] || fail 11 "process $sqlprod_pid cannot be examined by this user (try as root)"
	process_may_trace || fail 11 "process $sqlprod_pid cannot be examined without CAP_SYS_PTRACE, which this container does not have: start it with --cap-add SYS_PTRACE, or look from the host"
	fail 11 "process $sqlprod_pid cannot be examined, not even as root"
}

# Do we have CAP_SYS_PTRACE, number 19? A kernel that does not tell has no capabilities.
process_may_trace() (
	capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	[ -z "$capabilities" ] || [ $((0x$capabilities >> 19 & 1)) -eq 1 ]
)

process_records() {
	record pid "$sqlprod_pid"
	record program "$(cat "$process/comm")"
	record executable "$(readlink "$process/exe")"
	if [ -n "$found" ]; then
		record library "$found"
		process_library
		process_settings
	fi
	process_databases
	if [ -n "$found" ]; then
		record verdict loaded "the library is in process $sqlprod_pid"
	else
		record verdict missing "the library is not in process $sqlprod_pid: $(process_reason)"
	fi
}

# Another build may have other settings. It is not run to get them: a file that a process has mapped is not to be trusted.
process_library() {
	case $found in
		*' (deleted)') record advisory "the library was replaced since the process started: restart it to use the new one" ;;
		*)
			{ [ -f "$process/root$found" ] && cmp -s "$process/root$found" "$sqlprod_library"; } ||
				record advisory "$found is not the library of this sqlprod ($sqlprod_library): settings are shown as this one reads them"
			;;
	esac
}

# process_ask - the table for the environment that the process was started with.
process_ask() {
	grep -z '^SQLPROD[A-Z_]*=' "$process/environ" |
		xargs -0 sh -c 'exec env -i "$@" "$0" --settings' "$sqlprod_library"
}

process_settings() {
	process_ask 2>/dev/null | while IFS='	' read -r variable _ _ value by _; do
		record setting "$variable" "$value" "$by"
	done
	process_ask 2>&1 >/dev/null | while IFS= read -r complaint; do
		record advisory "$complaint"
	done
}

# Every open regular file that is a database, or has a -wal beside it (an encrypted one shows no header).
process_databases() {
	for descriptor in "$process"/fd/*; do
		[ -f "$descriptor" ] || continue
		file=$(readlink "$descriptor") || continue
		case $file in
			*-wal | *-shm | *-journal) continue ;;
		esac
		wal=$process/root$file-wal
		if database_has_magic "$descriptor"; then
			mode=$(database_journal_mode "$descriptor")
		elif [ -e "$wal" ]; then
			mode=wal
		else
			continue
		fi
		record database "$file" "$mode" "$(file_size "$wal")"
	done | sort -u
}

process_reason() {
	part executable
	preload=$(tr '\0' '\n' <"$process/environ" | sed -n 's/^LD_PRELOAD=//p')
	case $preload in
		*libsqlprod.so*)
			executable_walk "$(readlink -f "$process/exe")" 0
			echo "LD_PRELOAD names it, but ${executable_problem:-the loader did not find it or could not load it}"
			;;
		*) echo "it was started without it" ;;
	esac
}
