# sqlprod report - sums of report files.
# shellcheck shell=sh

report_usage() {
	cat <<-'END'
		usage: sqlprod report [--json | --prometheus | --text] FILE...

		Sums up files of SQLPROD_REPORT, by database and program: connections, transactions by kind, waits with their median, 99th
		percentile and longest, SQLITE_BUSY returned, and the settings that were not applied, why, and what mends it. Of several
		lines of a connection the last counts. - reads standard input.

		  --json         one JSON document
		  --prometheus   Prometheus' text format, for node_exporter's textfile collector
		  --text         what a terminal gets, into a pipe too

		Exit status: 0; 1 no line of a report was found; 2 wrong usage; 4 no such file; 5 no permission; 7 a folder.
	END
}

command_report() {
	sqlprod_text=false
	way=records
	part records
	while [ $# -gt 0 ]; do
		case $1 in
			-h | --help)
				report_usage
				exit
				;;
			--json) way=json ;;
			--prometheus) way=prometheus ;;
			--text) sqlprod_text=true ;;
			--)
				shift
				break
				;;
			-) break ;;
			-*) fail 2 "report: no option $1; see sqlprod report --help" ;;
			*) break ;;
		esac
		shift
	done
	[ $# -gt 0 ] || fail 2 "report: no file; see sqlprod report --help"
	report_require "$@" || exit
	library_require
	status=0
	sums=$(report_sum "$way" "$@") || status=1
	[ "$status" -eq 0 ] || fail 1 "report: no line of a report in $*"
	if [ "$way" = records ]; then
		printf '%s\n' "$sums" | records_show
	else
		printf '%s\n' "$sums"
	fi
}

report_require() (
	for file; do
		[ "$file" != - ] || continue
		[ -e "$file" ] || fail 4 "$file: no such file"
		[ ! -d "$file" ] || fail 7 "$file: is a folder"
		[ -r "$file" ] || fail 5 "$file: no permission to read it"
	done
)

# report_sum WAY FILE... - an operand with = in it would be an assignment to awk, and cat reads - too.
report_sum() (
	way=$1
	shift
	{
		library_ask --settings
		echo
		cat -- "$@"
	} | LC_ALL=C exec awk -F '\t' -v what="$way" -f "$sqlprod_parts/json.awk" -f "$sqlprod_parts/mend.awk" -f "$sqlprod_parts/sums.awk"
)
