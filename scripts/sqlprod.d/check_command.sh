# check_command.sh - runs a command and joins the report of its connections.
# shellcheck shell=sh

check_command() {
	run_require "$@"
	! $sqlprod_dry_run || command_dry_run "$@"
	command_announce "$1"
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

# Only people read it: a pipe may carry the command's own output.
command_announce() {
	[ -t 2 ] || $sqlprod_text || return 0
	case $(library_ask --settings | awk -F '\t' '$1 == "SQLPROD_JOURNAL_MODE" { print $4 }') in
		wal) what="a database that it opens becomes WAL, and stays so until sqlprod revert FILE" ;;
		*) what="SQLPROD_JOURNAL_MODE is not wal" ;;
	esac
	{
		printf 'sqlprod: check runs %s with the recipe: %s; --dry-run runs nothing' "$1" "$what" | harmless
		echo
	} >&2
}

# What would be run, how SQLite would be reached, and which settings would be put on.
command_dry_run() {
	{
		executable_walk "$(executable_find "$1")" 0
		record would_run "$*"
		record executable "$executable_file"
		record preload "$(run_preload)"
		record sqlite "$(command_sqlite "$executable_file")"
		library_ask --settings | while IFS='	' read -r variable _ _ value by _; do
			record setting "$variable" "$value" "$by"
		done
		advise_frameworks "$@"
		record verdict dry "nothing was started; without --dry-run $(command_changes)"
	} >"${sqlprod_dry:=$(mktemp "${TMPDIR:-/tmp}/sqlprod.XXXXXX")}"
	if $sqlprod_json; then
		records_document <"$sqlprod_dry"
	else
		records_show <"$sqlprod_dry"
	fi
	rm -f "$sqlprod_dry"
	exit 0
}

command_changes() {
	case $(library_ask --settings | awk -F '\t' '$1 == "SQLPROD_JOURNAL_MODE" { print $4 }') in
		wal) echo "each database that the command opens becomes WAL, and stays so until sqlprod revert" ;;
		*) echo "the command runs with these settings" ;;
	esac
}

# Where the program's SQLite is, as far as its executable shows.
command_sqlite() {
	if executable_mentions "$1" 'libsqlite3\.so'; then
		echo "libsqlite3, reached by interposition"
	elif executable_mentions "$1" 'modernc\.org/sqlite\|github\.com/ncruces/go-sqlite3'; then
		echo "a SQLite that no preloaded library can reach: pure Go or WebAssembly"
	elif executable_mentions "$1" 'SQLite format 3'; then
		echo "a copy inside the executable, reached when it opens a database"
	else
		echo "not in the executable itself: perhaps in a module that it loads, or in a program that it starts"
	fi
}

# command_join WHAT - what report.awk makes of the report's lines.
command_join() (
	sqlprod_advisories=$(cat "$sqlprod_tmp/advisories")
	sqlprod_reason=$reason
	export sqlprod_advisories sqlprod_reason sqlprod_status
	LC_ALL=C exec awk -v what="$1" -f "$sqlprod_parts/json.awk" -f "$sqlprod_parts/mend.awk" -f "$sqlprod_parts/report.awk" "$sqlprod_tmp/settings" "$sqlprod_tmp/report"
)

command_verdict() {
	: >"$sqlprod_tmp/advisories"
	reason=
	verdict=$(command_join verdict)
	if [ "$verdict" = none ]; then
		reason=$(command_reason "$@")
	fi
	command_advise "$@" | sort -u >"$sqlprod_tmp/advisories"
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
	advise_frameworks "$@"
	command_join libraries | while IFS= read -r library; do
		advise_driver "$library"
	done
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
