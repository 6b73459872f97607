# sqlprod check for people: what mends a row, what is left out, how it looks; and what it says before it does anything.
load sqlprod

make_cut() {
	sqlite3 a.db 'CREATE TABLE t(a)'
}

@test "a row that is missing ends with the step that mends it, in records, text and JSON" {
	make_cut
	run_app 1 "$sqlprod" check -- victim 'open_v2 a a.db ro' 'exec a SELECT * FROM t' 'close a'
	[[ $(records setting 2 6 8 | grep journal_mode) == 'journal_mode failed let a user who may write '* ]]
	run_app 1 "$sqlprod" check --json -- victim 'open_v2 a a.db ro' 'exec a SELECT * FROM t' 'close a'
	jq -e '.connections[0].settings.journal_mode.mend | startswith("let a user")' <<<"$output"
	jq -e '.connections[0].settings.busy_timeout.mend == null' <<<"$output"
	run_app 1 "$sqlprod" check --text -- victim 'open_v2 a a.db ro' 'exec a SELECT * FROM t' 'close a'
	[[ $output == *'journal_mode '*missing*'the database is read-only'*'mend: let a user who may write'* ]]
}

@test "what the program decided is said to be by its own wish" {
	run_app 1 "$sqlprod" check --text -- victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a CREATE TABLE t(a)' 'close a'
	[[ $output == *'cache_size '*'left alone'*"by the program's own wish; SQLPROD_CACHE_SIZE=-20000 overrides it"* ]]
}

@test "every row that is not ok has a step or a reason, whatever keeps the recipe off" {
	make_cut
	ln a.db b.db
	run_app any "$sqlprod" check -- victim 'open a a.db' 'exec a SELECT * FROM t' 'close a'
	[[ $(records setting 2 8 | grep journal_mode) == 'journal_mode remove the other names '* ]]
	rm b.db
	SQLPROD_SKIP_DATABASES='*/a.db' run_app 1 "$sqlprod" check -- victim 'open a a.db' 'exec a SELECT * FROM t' 'close a'
	[[ $(records left_alone 3) == 'by the operator: '* ]]
	run_app any "$sqlprod" check -- sh -c 'victim "open a a.db" "exec a PRAGMA locking_mode=exclusive" "exec a SELECT * FROM t" "close a"; ulimit -f 8; victim "open a c.db" "exec a CREATE TABLE t(a)" "close a"'
	[[ -z $(records setting 6 8 | awk '/^(failed|program) $/') ]]
}

@test "every reason in the library that keeps a setting off has a step" {
	sed -n '/reason = "/s/.*reason = "\([^"]*\)".*/\1/p; /return "[a-z][^"]* [^"]*"/s/.*return "\([^"]*\)".*/\1/p' "$root"/shim/policy/{wal,journal_mode,lifecycle,apply,temp_memory}.c \
		"$root"/shim/connection/outcome.c | sort -u >reasons
	[[ $(wc -l <reasons) -gt 5 ]]
	parts=${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")
	while IFS= read -r reason; do
		[[ $(awk -v reason="$reason" -f "$parts/mend.awk" -f <(echo 'BEGIN { print mend("journal_mode", "failed", reason, "wal") }')) != *'see docs/troubleshooting.md' ]] || fail "$reason"
	done <reasons
}

@test "identical processes are shown once, with their number and the sums of what they did" {
	run_app "$sqlprod" check --text -- sh -c 'for i in 1 2 3; do victim "open a a.db" "exec a CREATE TABLE IF NOT EXISTS t(a)" "exec a BEGIN" "exec a INSERT INTO t VALUES(1)" "exec a COMMIT" "close a"; done'
	[[ $output == *'victim × 3, pids '*'BEGIN rewritten: 3'* && $(grep -c '^/' <<<"$output") -eq 1 ]]
	run_app 1 "$sqlprod" check --text -- sh -c 'for i in 1 2; do victim "open a a.db" "exec a PRAGMA cache_size=10$i" "exec a SELECT 1 FROM sqlite_master" "close a"; done'
	[[ $(grep -c '^/' <<<"$output") -eq 2 ]]
}

@test "text wraps at the width of the terminal, and has sizes in units" {
	COLUMNS=60 run_app 1 "$sqlprod" check --text --all-rows -- victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a CREATE TABLE t(a)' 'close a'
	[[ $output == *'128 MiB'*'64 MiB'*'100 pages'* && $output == *'30 s'* ]]
	[[ -z $(awk '!/\// && length > 70' <<<"$output") ]]
	COLUMNS=200 run_app 1 "$sqlprod" check --text --all-rows -- victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a SELECT 1 FROM sqlite_master' 'close a'
	grep -qE '^.{150,}' <<<"$output" || [[ $output != *WAL-reset* ]]
}

@test "text is as wide as the terminal" {
	for columns in 70 160; do
		run_on_terminal 1 sh -c "stty cols $columns; \$0 check --all-rows -- victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a SELECT 1 FROM sqlite_master' 'close a'" "$sqlprod"
		[[ $(awk '{ gsub(/\033\[[0-9;]*m/, ""); sub(/\r/, "") } !/\// && !/^sqlprod: check/ && length > longest { longest = length } END { print longest }' <<<"$output") -gt $((columns / 2)) ]]
		[[ -z $(awk -v columns="$columns" '{ gsub(/\033\[[0-9;]*m/, ""); sub(/\r/, "") } !/\// && !/^sqlprod: check/ && length > columns' <<<"$output") ]]
	done
}

@test "a terminal gets colours, unless NO_COLOR or TERM=dumb; a pipe never" {
	run_on_terminal 0 env TERM=xterm "$sqlprod" check -- sqlite3 a.db 'CREATE TABLE t(a)'
	[[ $output == *$'\e[32mok'* ]]
	run_on_terminal 0 env TERM=xterm NO_COLOR=1 "$sqlprod" check -- sqlite3 a.db 'SELECT * FROM t'
	[[ $output != *$'\e'* && $output == *SETTING* ]]
	run_on_terminal 0 env TERM=dumb "$sqlprod" check -- sqlite3 a.db 'SELECT * FROM t'
	[[ $output != *$'\e'* ]]
	TERM=xterm run_app "$sqlprod" check --text -- sqlite3 a.db 'SELECT * FROM t'
	[[ $output != *$'\e'* && $output == *SETTING* ]]
}

@test "what nobody can act on is left out of the text, and shown with --all-rows" {
	sqlite3 a.db 'PRAGMA journal_mode=wal; CREATE TABLE t(a)' >/dev/null
	run_app "$sqlprod" check --text a.db
	[[ $output != *'temp store'* && $output == *'more, on what no setting changes: --all-rows)' ]]
	run_app "$sqlprod" check --text --all-rows a.db
	[[ $output == *'temp store'* && $output != *'--all-rows)' ]]
}

@test "check says beforehand to people that it puts the recipe on, and --dry-run does nothing" {
	make_cut
	run_app "$sqlprod" check --text -- sqlite3 a.db 'SELECT * FROM t'
	[[ $stderr == 'sqlprod: check runs sqlite3 with the recipe: a database that it opens becomes WAL, and stays so until sqlprod revert FILE; '* ]]
	rm a.db
	make_cut
	before=$(md5sum a.db)
	run_app "$sqlprod" check --dry-run -- sqlite3 a.db 'INSERT INTO t VALUES(1)'
	[[ $(md5sum a.db) == "$before" && $(ls) == a.db ]]
	[[ $(records sqlite 2) == 'libsqlite3, reached by interposition' && $(records setting 2 3 | head -n 1) == 'SQLPROD_JOURNAL_MODE wal' ]]
	[[ $(records preload 2) == *libsqlprod.so && $(records verdict 3) == *'becomes WAL'* ]]
	expect_quiet
	run_app "$sqlprod" check --dry-run --json -s journal_mode=keep -- sqlite3 a.db
	jq -e '.verdict == "dry" and .settings[0].value == "keep" and .settings[0].decided_by == "operator"' <<<"$output"
	run_app 127 "$sqlprod" check --dry-run -- no-such-command
	run_app 2 "$sqlprod" check --dry-run a.db
	expect_refused 'check: --dry-run is for -- COMMAND'
}

@test "check FILE lists orphans, missing parents and mismatches, and changes nothing" {
	sqlite3 a.db "PRAGMA journal_mode=wal; CREATE TABLE p(a PRIMARY KEY); CREATE TABLE [c 'x](a REFERENCES p(a)); CREATE TABLE q(a); CREATE TABLE d(a REFERENCES q(a));
		CREATE TABLE e(a REFERENCES nowhere); CREATE TABLE f(a REFERENCES P(A)); INSERT INTO p VALUES(1); INSERT INTO f VALUES(1); INSERT INTO [c 'x] VALUES(1),(2),(3),(NULL); INSERT INTO d VALUES(1)" >/dev/null
	before=$(md5sum a.db)
	run_app "$sqlprod" check a.db
	[[ $(records advisory 2) == *"a.db: 2 rows of c 'x have no parent in p: "* ]]
	[[ $(records advisory 2) == *'a.db: table e refers to nowhere, which does not exist: '* ]]
	[[ $(records advisory 2) == *'a.db: foreign key mismatch - "d" referencing "q": '* ]]
	[[ $(records advisory 2) != *'rows of f '* && $(records foreign_keys 2) == 'looked at 4 tables' ]]
	[[ $(md5sum a.db) == "$before" && $(ls) == a.db ]]
	run_app "$sqlprod" check --json a.db
	jq -e '.foreign_keys == "looked at 4 tables" and (.advisories | length) >= 3' <<<"$output"
}

@test "the look at foreign keys reads what lies in -wal, and neither drops nor waits for a lock" {
	make_wal a.db 'CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p(a));'
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a PRAGMA wal_autocheckpoint=0' 'exec a INSERT INTO c VALUES(7)' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	run_app "$sqlprod" check a.db
	[[ $(records advisory 2) == *'1 rows of c have no parent in p'* && $(outside_lock a.db) == held ]]
	barrier_leave held
	finish "$started" holder
}

@test "a -wal that a killed process left is not touched by the look" {
	make_wal a.db 'CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p(a));'
	victim 'open a a.db' 'exec a INSERT INTO c VALUES(7)' 'sh kill -KILL $PPID' || true
	before=$(md5sum a.db a.db-wal a.db-shm)
	run_app "$sqlprod" check a.db
	[[ $(md5sum a.db a.db-wal a.db-shm) == "$before" && $(records foreign_keys 2) == 'not looked at: '* ]]
}

@test "a -wal that has outgrown the database is shown with the reader that pins it" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain reader victim 'open a a.db' 'exec a BEGIN' 'exec a SELECT * FROM t' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	pid=$(pgrep -g "$started" -x victim)
	sqlite3 a.db 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 1000) INSERT INTO t SELECT randomblob(8000) FROM n'
	start_plain writer victim 'open b a.db' 'exec b SELECT 1 FROM t LIMIT 0' 'sh sleep 30'
	run_app "$sqlprod" check a.db
	[[ $(records advisory 2) == *"a.db-wal has "*" MiB, more than the database: pid $pid (victim) reads an old snapshot"* ]]
	barrier_leave held
}

@test "a folder's rights are shown where somebody is hit only" {
	need_root
	umask 022
	make_wal a.db
	chmod 755 "$scratch" . && chmod 644 a.db
	run_app "$sqlprod" check --text a.db
	[[ $output != *'its folder'* ]]
	start_plain holder as-nobody tail -f a.db
	until [[ $(cat "/proc/$(pgrep -g "$started" -x tail)/comm" 2>/dev/null) == tail ]]; do sleep 0.05; done
	run_app "$sqlprod" check --text a.db
	[[ $(tr -s ' \n' ' ' <<<"$output") == *'may read it but not write its folder'*'It hits user nobody'* ]]
}

@test "drivers and frameworks are recognised by their traces" {
	printf 'GEM\n  specs:\n    rails (7.1.3)\n' >Gemfile.lock
	run_app "$sqlprod" check --dry-run -- sh -c ': bin/rails server'
	[[ $(records advisory 2) == 'Rails 7.1.3 begins DEFERRED: '* ]]
	printf 'GEM\n  specs:\n    rails (8.0.1)\n' >Gemfile.lock
	run_app "$sqlprod" check --dry-run -- sh -c ': bin/rails server'
	[[ $(records advisory 2) != *Rails* ]]
	mkdir bin target
	cp "$(type -P true)" bin/java
	printf 'PK..BOOT-INF/lib/HikariCP-5.1.0.jarPK..BOOT-INF/lib/hibernate-core-6.4.1.jar' >target/app.jar
	run_app "$sqlprod" check --dry-run -- bin/java -jar target/app.jar
	[[ $(records advisory 2) == *HikariCP*SQLPROD_BEGIN=reserve*Hibernate*SQLPROD_BEGIN=reserve* ]]
	touch litestream.yml
	run_app "$sqlprod" check --dry-run -- bin/java
	[[ $(records advisory 2) == *Litestream*SQLPROD_JOURNAL_SIZE_LIMIT=0* ]]
	line='{"pid":1,"connection":1,"program":"p","database":"/x/a.db","sqlite":{"version":"3.45.0","library":"LIBRARY"},"reached":"interposition","left_alone":null,"settings":{},"begins_rewritten":0,"begins_not_upgraded":{}}'
	rm litestream.yml
	for library in /app/node_modules/sqlite3/build/Release/node_sqlite3.node /tmp/sqlite-3.45.0-x-libsqlitejdbc.so; do
		run_app 0 "$sqlprod" check -- sh -c 'echo "$0" >>"$SQLPROD_REPORT"' "${line/LIBRARY/$library}"
		[[ $(records advisory 2) == *'npm sqlite3 '* || $(records advisory 2) == *'Xerial JDBC '* ]]
	done
}
