# clients.bash - what the suites of real clients share.
#
# Each client opens a database in its language's ordinary way, begins a transaction in its own way, only reads in it, prints
# "ready" and waits for a line; then it prints its settings, one NAME=VALUE a line. Meanwhile a second process, which has no shim,
# looks at the database. A suite defines client_command CLIENT, which sets command to what starts it, but for the database.

clients=$build/clients

# client_start LIBRARY CLIENT [WAY] - returns when the client has begun, has read and waits. LIBRARY may be empty.
client_start() {
	local line library=()
	[[ -z $1 ]] || library=("LD_PRELOAD=$1" "SQLPROD_REPORT=$PWD/report.jsonl")
	client_command "$2"
	mkfifo to_client from_client
	exec {to_client}<>to_client
	setsid env ${library[@]+"${library[@]}"} "${command[@]}" app.db "${@:3}" <to_client >from_client 2>stderr 3>&- {to_client}>&- &
	client=$!
	background+=("$client")
	exec {from_client}<from_client
	while IFS= read -r -t 60 line <&"$from_client"; do
		[[ $line != ready ]] || return 0
	done
	fail "$2 did not get as far as waiting" "$(<stderr)"
}

# client_finish - lets the client go on to its end, and shows what it said; its settings are in the file shown.
client_finish() {
	local status=0
	echo >&"$to_client"
	exec {to_client}>&-
	timeout 60 cat <&"$from_client" >shown
	wait "$client" || status=$?
	background=()
	cat shown stderr
	[[ $status -eq 0 ]] || fail "expected status 0, got $status"
}

# The client and what it started, a pid a line. (php-fpm leaves the client's process group.)
client_pids() {
	local pids=$client
	while [[ -n $pids ]]; do
		echo "$pids"
		pids=$(pgrep -d , -P "$pids" || true)
	done | tr , '\n'
}

# The paths of the files that the client runs code of, the executables last; our own is left out.
client_files() {
	local pid
	for pid in $(client_pids); do
		awk -v executable="$(readlink "/proc/$pid/exe")" '$2 ~ /x/ && $6 ~ /^\// { print ($6 == executable), $6 }' "/proc/$pid/maps"
	done | sort -u | cut -d ' ' -f 2 | grep -vF "$shim"
}

# The file with the client's SQLite in it, known by words that every copy has. Node.js and what it loads may both have one: then it
# is not the executable's that is used.
client_carrier() {
	client_files | while IFS= read -r file; do
		if grep -qaF 'SQLite format 3' "$file" && grep -qaF 'sqlite_master' "$file"; then
			echo "$file"
			break
		fi
	done
}

# carrier_name FILE - as it is called everywhere: without the release or the process that is in the name.
carrier_name() {
	basename "$1" | sed -E 's/^(libsqlite3\.so\.0).*/\1/; s/^sqlite-.*-(libsqlitejdbc\.so)$/\1/; s/\.cpython-.*(\.so)$/\1/'
}

# carrier_linkage FILE - how SQLite is linked, as a reader of the table wants to know it.
carrier_linkage() {
	local names kind='in a module' symbols='symbols kept'
	names=$(nm -D --defined-only "$1" 2>/dev/null | grep -c ' sqlite3_' || true)
	if [[ $(carrier_name "$1") == libsqlite3.so.0 ]]; then
		echo 'shared library'
		return
	fi
	[[ -e $1 && $(readelf -lW "$1") != *INTERP* ]] || kind='in the executable'
	[[ $(readelf -SW "$1") == *.symtab* ]] || symbols='stripped'
	echo "$kind, $symbols, $names names exported"
}

# reported KEY… - that value in the report's lines about the client's database, each once.
reported() {
	grep -sF '/app.db"' report.jsonl >app.jsonl || return 0
	report app.jsonl "$@" | sort -u
}

# observe LIBRARY CLIENT [WAY] - runs the client, looks from a second process, and records all for the table.
observe() {
	local file record=$clients/runs/$2${3:+-$3}${SQLPROD_BEGIN:+-begin}${SQLPROD_BEGIN_DEFERRED:+-deferred}
	record+=${SQLPROD_JOURNAL_MODE:+-wal}${1:+.shim}
	client_start "$@"
	journal_mode=$(outside_pragma app.db journal_mode)
	lock=$(outside_lock app.db)
	file=$(client_carrier)
	carrier=$(carrier_name "$file")
	linkage=$(carrier_linkage "$file")
	client_finish
	reached=
	[[ -z $1 ]] || reached=$(reported reached)
	mkdir -p "$clients/runs"
	printf '%s\n' "$(<shown)" "lock=$lock" "carrier=$carrier" "linkage=$linkage" "reached=$reached" >"$record"
}

# is WHAT EXPECTED FOUND
is() {
	[[ $2 == "$3" ]] || fail "$1: expected '$2', found '$3'"
}

# shown_has SETTING=VALUE…
shown_has() {
	local setting
	for setting; do
		is "the client's own look" "$setting" "$(grep "^${setting%%=*}=" shown)"
	done
}
