# sqlprod settings: the library's own table.
load sqlprod

@test "sqlprod settings shows the library's table, one setting a line" {
	run_app "$sqlprod" settings
	expect_quiet
	[[ ${#lines[@]} -ge 20 ]]
	[[ $output == "$("$library" --settings)" ]]
	awk -F '\t' 'NF != 7 || $1 !~ /^SQLPROD[A-Z_]*$/ { exit 1 }' <<<"$output"
	[[ $(awk -F '\t' '$2 == "journal_mode" { print $1, $3, $4, $5 }' <<<"$output") == 'SQLPROD_JOURNAL_MODE wal wal recipe' ]]
}

@test "sqlprod settings shows values of the environment as the operator's" {
	SQLPROD_MMAP_SIZE=1G SQLPROD_BEGIN=keep run_app "$sqlprod" settings
	[[ $(awk -F '\t' '$5 == "operator" { print $1, $3, $4 }' <<<"$output") == $'SQLPROD_MMAP_SIZE 134217728 1073741824\nSQLPROD_BEGIN auto keep' ]]
	SQLPROD_MMAP_SIZE=1G run_app "$sqlprod" settings --json
	jq -e '.settings[] | select(.variable == "SQLPROD_MMAP_SIZE") | .value == "1073741824" and .decided_by == "operator"' <<<"$output"
}

@test "sqlprod settings --json has the same table" {
	run_app "$sqlprod" settings --json
	json=$(jq -r '.settings[] | [.variable, .pragma // "-", .recipe, .value, .decided_by, .allowed, .meaning]
		| map(if . == "" then "-" else . end) | @tsv' <<<"$output")
	run_app "$sqlprod" settings
	expect "$json"
	[[ $(jq -r .version <<<"$("$sqlprod" settings --json)") == "$("$library" --version)" ]]
}

@test "sqlprod settings shows what a connection gets" {
	run_app env LD_PRELOAD="$preload" SQLPROD_REPORT="$PWD/report" sqlite3 t.db 'CREATE TABLE t(a)'
	run_app "$sqlprod" settings
	while IFS=$'\t' read -r _ pragma _ value _; do
		[[ $pragma != - && $value != keep ]] || continue
		[[ $(report report settings "$pragma" got) == "$value" ]] || fail "$pragma"
	done <<<"$output"
}

@test "sqlprod settings with a bad setting shows the table and exits with 2" {
	SQLPROD_SYNCHRONOUS=maybe run_app 2 "$sqlprod" settings
	expect_warnings 1 'sqlprod: SQLPROD_SYNCHRONOUS="maybe" is not understood *'
	[[ ${#lines[@]} -ge 20 ]]
	SQLPROD_SYNCHRONOUS=maybe run_app 2 "$sqlprod" settings --json
	jq -e . <<<"$output" >/dev/null
}

@test "values with any bytes break neither a line nor the JSON of sqlprod settings" {
	SQLPROD_LOG=$'a\tb\nc\e[1m"\\é' run_app "$sqlprod" settings
	awk -F '\t' 'NF != 7 { exit 1 }' <<<"$output"
	SQLPROD_LOG=$'a\tb\nc\e[1m"\\é' run_app "$sqlprod" settings --json
	[[ $(jq -r '.settings[] | select(.variable == "SQLPROD_LOG") | .value' <<<"$output") == $'a\tb\nc\e[1m"\\é' ]]
}

@test "sqlprod settings prints a table to a terminal" {
	run_on_terminal 0 env TERM=xterm "$sqlprod" settings
	[[ ${lines[0]} == *VARIABLE*RECIPE*HERE*'DECIDED BY'* ]]
	[[ $output != *$'\t'* ]]
	run_on_terminal 0 env -u TERM "$sqlprod" settings
	[[ $output != *$'\e'* ]]
}

@test "sqlprod settings used wrongly exits with 2" {
	run_app 2 "$sqlprod" settings --nonsense
	expect_refused 'settings: no option --nonsense; *'
	run_app 2 "$sqlprod" settings journal_mode
	expect_refused 'settings: takes no argument journal_mode'
}

@test "libsqlprod.so run as a program rejects unknown arguments, and survives a closed output" {
	run_app 2 "$library"
	[[ $stderr == usage:* ]]
	run_app 2 "$library" --nonsense
	run_app 2 "$library" --storage
	run_app 1 sh -c 'exec "$0" --settings >&-' "$library"
	run_app 1 sh -c 'exec "$0" --settings >/dev/full' "$library"
	run_app "$library" --storage "$PWD"
	[[ $output == local* ]]
}

@test "the manual page has the library's table of settings" {
	page=$(find "${sqlprod%/*}/man" "${sqlprod%/*}/../share/man" -name 'libsqlprod.7*' 2>/dev/null | head -n 1)
	[[ -n $page ]] || fail "no page"
	text=$(zcat -f "$page" | sed -e 's/\\-/-/g' -e 's/^\.BR* //' | tr '\n' ' ')
	while IFS=$'\t' read -r variable _ recipe _ _ allowed meaning; do
		[[ $recipe != - ]] || recipe=none
		[[ ${text,,} == *".tp ${variable,,} ${meaning,,}. allowed: ${allowed,,}. recipe: ${recipe,,}"* ]] || fail "$variable"
	done < <("$library" --settings)
}
