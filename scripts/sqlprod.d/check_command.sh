# check_command.sh - runs a command and joins the report of its connections.
# shellcheck shell=sh

check_command() {
	run_require "$@"
	sqlprod_tmp=$(mktemp -d "${TMPDIR:-/tmp}/sqlprod.XXXXXX") || fail 13 "no temporary folder"
	trap 'rm -rf "$sqlprod_tmp"' EXIT
	# Ctrl-C ends the command; what it did is shown all the same. A caught signal is not ignored in the command.
	trap : INT TERM HUP QUIT
	: >"$sqlprod_tmp/report"
	# What root starts may become somebody else (setpriv, php-fpm): it may add lines, and read nothing.
	if [ "$(id -u)" -eq 0 ]; then
		chmod 711 "$sqlprod_tmp" && chmod 622 "$sqlprod_tmp/report"
	fi
	sqlprod_status=0
	(
		SQLPROD_REPORT=$sqlprod_tmp/report
		SQLPROD_REPORT_OPEN=${SQLPROD_REPORT_OPEN:-on}
		export SQLPROD_REPORT SQLPROD_REPORT_OPEN
		run_start "$@"
	) >&2 || sqlprod_status=$?
	trap '' INT TERM HUP QUIT
	library_ask --settings >"$sqlprod_tmp/settings"
	command_verdict "$@"
}

# command_join WHAT - what report.awk makes of the report's lines.
command_join() (
	sqlprod_advisories=$(cat "$sqlprod_tmp/advisories")
	sqlprod_reason=$reason
	export sqlprod_advisories sqlprod_reason sqlprod_status
	LC_ALL=C exec awk -v what="$1" -f "$sqlprod_parts/json.awk" -f "$sqlprod_parts/report.awk" "$sqlprod_tmp/settings" "$sqlprod_tmp/report"
)

command_verdict() {
	: >"$sqlprod_tmp/advisories"
	reason=
	verdict=$(command_join verdict)
	if [ "$verdict" = none ]; then
		reason=$(command_reason "$@")
	fi
	command_advise | sort -u >"$sqlprod_tmp/advisories"
	if $sqlprod_json; then
		command_join document
	else
		command_join records | records_show
	fi
	case $verdict in
		whole) exit 0 ;;
		missing) exit 1 ;;
		*) exit 3 ;;
	esac
}

command_advise() {
	command_join versions | while IFS='	' read -r version library mmap; do
		advise_version "$version" "in $library" "$mmap"
	done
	command_join databases | while IFS='	' read -r wal database; do
		advise_storage "$database" "$wal"
	done
}

# What did not have the library in it was not seen: a static program, a daemon that was asked, one that dropped LD_PRELOAD.
unseen='no program that the library was in opened a database'

# command_reason NAME ARGUMENT... - why no connection was seen, as far as the executable shows.
command_reason() (
	if [ -n "$(command_join any)" ]; then
		echo "only in-memory or temporary databases were opened"
		exit
	fi
	if [ "$sqlprod_status" -gt 128 ]; then
		echo "the command was ended by signal $((sqlprod_status - 128)) before a connection was used"
		exit
	fi
	executable_walk "$(executable_find "$1")" 0
	file=$executable_file
	if executable_mentions "$file" 'modernc\.org/sqlite'; then
		echo "$file uses modernc.org/sqlite, a SQLite in pure Go: no preloaded library can reach it"
	elif executable_mentions "$file" 'github\.com/ncruces/go-sqlite3'; then
		echo "$file uses ncruces/go-sqlite3, a SQLite in WebAssembly: no preloaded library can reach it"
	elif executable_mentions "$file" 'libsqlite3\.so'; then
		echo "$file is linked with libsqlite3, but $unseen"
	elif executable_mentions "$file" 'SQLite format 3'; then
		echo "$file carries its own copy of SQLite, which was not reached or opened no database: $unseen"
	else
		command_reason_foreign "$file"
	fi
)

command_reason_foreign() {
	case ${1##*/} in
		php*) echo "$unseen; PHP up to 8.4 loads its extensions with RTLD_DEEPBIND, past every preloaded library" ;;
		python* | perl* | ruby* | node* | lua* | tclsh* | java | mono* | *sh | env) echo "$unseen" ;;
		*) echo "there is no SQLite in $1, and $unseen" ;;
	esac
}
