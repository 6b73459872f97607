#!/usr/bin/env bats
# Real programs whose SQLite cannot be reached: they work as without us, and what can be known is said.

export BATS_TEST_TIMEOUT=180

load ../harness/harness
load clients

setup_file() {
	export USER=somebody
}

client_command() {
	command=("$clients/$1")
}

# fossil_twice LIBRARY - makes a repository and looks into it; what is the same each time is in the file told.
fossil_twice() {
	LD_PRELOAD=$1 HOME=$PWD SQLPROD_REPORT=$PWD/report.jsonl fossil new app.db >told 2>stderr
	LD_PRELOAD=$1 HOME=$PWD SQLPROD_REPORT=$PWD/report.jsonl fossil info -R app.db >>told 2>>stderr
	sed -i '/^project-id\|^project-code\|^server-id\|^admin-user/d' told
}

@test "fossil, built without extension loading, works as before and keeps its settings" {
	fossil_twice ""
	mv told told_alone
	rm app.db
	fossil_twice "$preload"
	diff told_alone told
	is "journal mode" delete "$(outside_pragma app.db journal_mode)"
	mkdir -p "$clients/runs"
	fossil version -v | sed -n 's/^This is fossil version \([^ ]*\).*/version=\1/p; s/^SQLite \([^ ]*\).*/sqlite=\1/p' >"$clients/runs/fossil"
	printf '%s\n' carrier=fossil "linkage=$(carrier_linkage /usr/bin/fossil)" >>"$clients/runs/fossil"
}

@test "each fossil process that opens a database warns once that it cannot be reached, and reports it" {
	fossil_twice "$preload"
	is "warnings" "sqlprod: /usr/bin/fossil carries a SQLite that cannot be reached (it was built without extension loading, or is older than 3.8.7): its databases keep their own settings" \
		"$(sort -u stderr)"
	is "what was reached" null "$(reported reached)"
	is "the reason" "this SQLite was built without extension loading, or is older than 3.8.7" "$(reported left_alone)"
	is "the object" /usr/bin/fossil "$(reported sqlite library)"
}

@test "fossil gives no warning with SQLPROD_EMBEDDED=off" {
	SQLPROD_EMBEDDED=off fossil_twice "$preload"
	is "warnings" "" "$(<stderr)"
	[[ ! -e report.jsonl ]]
}

@test "modernc.org/sqlite, pure Go, works as before under the library" {
	observe "" modernc
	mv shown shown_alone
	rm -f app.db* to_client from_client
	observe "$preload" modernc
	diff shown_alone shown
	is "what it says" "" "$(<stderr)"
	is "journal mode in a second process" delete "$journal_mode"
	is "write lock" free "$lock"
	[[ ! -e report.jsonl ]]
}

@test "sqlprod check says that modernc.org/sqlite cannot be reached" {
	run_app 3 "$build/sqlprod" check -- "$clients/modernc" app.db </dev/null
	[[ $output$stderr == *"modernc.org/sqlite, a SQLite in pure Go: no preloaded library can reach it"* ]]
}
