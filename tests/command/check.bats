# sqlprod check -- COMMAND: what the library did.
load sqlprod

whole=('open a a.db' 'exec a CREATE TABLE t(a)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES (1)' 'exec a COMMIT' 'close a')

@test "check finds the whole recipe for a program that sets nothing" {
	run_app 0 "$sqlprod" check -- victim "${whole[@]}"
	[[ $(records connection 3 4 7 8) == "victim $PWD/a.db interposition 1" ]]
	[[ $(records setting 2 3 4 5 6 | head -n 2) == $'journal_mode wal wal recipe ok\nsynchronous normal normal recipe ok' ]]
	[[ $(records setting 6 | sort -u) == $'kept\nok' ]]
	[[ $(records begins 2 3) == 'rewritten 1' ]]
	[[ $(records verdict 2) == whole ]]
}

@test "under check the command's output goes to stderr, and it keeps its input" {
	run_app 0 sh -c 'echo "SELECT 40 + 2;" | "$0" check -- sqlite3 a.db' "$sqlprod"
	[[ $stderr == 42 ]]
	[[ ${lines[0]} == connection* ]]
}

@test "check --json is one document and says the same" {
	run_app 0 "$sqlprod" check --json -- victim "${whole[@]}"
	jq -e --arg file "$PWD/a.db" '.verdict == "whole" and .status == 0 and .reason == null and (.connections | length) == 1
		and .connections[0].database == $file and .connections[0].whole
		and .connections[0].settings.journal_mode == {wanted: "wal", got: "wal", decided_by: "recipe", reason: null, state: "ok"}
		and .connections[0].begins_rewritten == 1' <<<"$output"
}

@test "check fails for a program that sets something else, unless the operator keeps or sets it" {
	run_app 1 "$sqlprod" check -- victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a CREATE TABLE t(a)' 'close a'
	[[ $(records setting 2 4 5 6 | grep cache_size) == 'cache_size 100 program program' ]]
	[[ $(records verdict 2) == missing ]]
	rm -f a.db*
	run_app 0 "$sqlprod" check -s cache_size=keep -- victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a CREATE TABLE t(a)' 'close a'
	[[ $(records setting 2 4 6 | grep cache_size) == 'cache_size 100 kept' ]]
	rm -f a.db*
	run_app 0 "$sqlprod" check -s cache_size=200 -- victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a CREATE TABLE t(a)' 'close a'
	[[ $(records setting 2 4 5 6 | grep cache_size) == 'cache_size 200 operator ok' ]]
}

@test "check fails for a database that could not get WAL, with the reason" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	run_app 1 "$sqlprod" check -- victim 'open_v2 a a.db ro' 'exec a SELECT * FROM t' 'close a'
	[[ $(records setting 2 4 6 7 | grep journal_mode) == 'journal_mode delete failed the database is read-only' ]]
}

@test "check fails for a database that is left alone, with the reason" {
	SQLPROD_SKIP_DATABASES='*/a.db' run_app 1 "$sqlprod" check -- victim 'open a a.db' 'exec a CREATE TABLE t(a)' 'close a'
	[[ $(records left_alone 2) == 'in SQLPROD_SKIP_DATABASES' ]]
}

@test "check sees every process that the command starts, and shows equal connections once" {
	run_app 0 "$sqlprod" check -- sh -c 'sqlite3 a.db "create table t(a)"; sqlite3 b.db "create table t(a)"; true'
	[[ $(records connection 4 | sort) == $PWD/a.db$'\n'$PWD/b.db ]]
	run_app 0 "$sqlprod" check -- victim 'open a c.db' 'exec a CREATE TABLE t(a)' 'repeat 3' 'open b c.db' 'exec b BEGIN' \
		'exec b SELECT * FROM t' 'exec b COMMIT' 'close b' 'end' 'close a'
	[[ $(records connection 4 8) == "$PWD/c.db 4" ]]
	[[ $(records begins 2 3) == 'rewritten 3' ]]
}

@test "check sees a connection that is never closed when its process exits" {
	run_app 0 "$sqlprod" check -- victim 'open a a.db' 'exec a CREATE TABLE t(a)' 'exit 4'
	[[ $(records connection 4) == "$PWD/a.db" ]]
	[[ $(records status 2) == 'the command ended with 4' ]]
}

@test "check sees a connection that is open when a signal kills its process" {
	run_app 0 "$sqlprod" check -- victim 'open a a.db' 'exec a CREATE TABLE t(a)' 'open b b.db' 'exec b CREATE TABLE t(a)' 'close b' 'sh kill -TERM $PPID; sleep 9'
	[[ $(records connection 4 | sort) == "$PWD/a.db"$'\n'"$PWD/b.db" && $(records open 2) == 1 ]]
	[[ $(records status 2) == 'the command ended with 143' && $(records verdict 2) == whole ]]
	run_app 0 "$sqlprod" check -s report_open=off -- victim 'open a a.db' 'exec a SELECT * FROM t' 'close a'
	[[ ! $(records open 2) ]]
}

@test "check finds the whole recipe for real programs" {
	run_app 0 "$sqlprod" check -- /usr/bin/python3 -c 'import sqlite3; c = sqlite3.connect("a.db"); c.execute("CREATE TABLE t(a)")
c.execute("INSERT INTO t VALUES (1)"); c.commit()'
	[[ $(records begins 2 3) == 'rewritten 1' ]]
	run_app 0 "$sqlprod" check -- sqlite3 b.db 'CREATE TABLE t(a)'
	perl -MDBD::SQLite -e 1 2>/dev/null || return 0
	run_app 0 "$sqlprod" check -- perl -MDBI -e 'DBI->connect("dbi:SQLite:c.db")->do("CREATE TABLE t(a)")'
}

@test "check says why there was no connection" {
	run_app 3 "$sqlprod" check -- true
	[[ $(records verdict 2 3) == 'none no connection was seen: there is no SQLite in '* ]]
	run_app 3 "$sqlprod" check -- sqlite3 --version
	[[ $(records verdict 3) == *'is linked with libsqlite3, but no program that the library was in opened a database' ]]
	run_app 3 "$sqlprod" check -- sh -c 'kill -KILL $$'
	[[ $(records verdict 3) == *'ended by signal 9'* ]]
	run_app 3 "$sqlprod" check -- victim 'open a :memory:' 'exec a CREATE TABLE t(a)' 'close a'
	[[ $(records verdict 3) == *'only in-memory or temporary databases were opened' ]]
	run_app 3 "$sqlprod" check --json -- true
	jq -e '.verdict == "none" and .connections == [] and (.reason | test("no SQLite"))' <<<"$output"
}

@test "check names a SQLite in pure Go" {
	cp "$(type -P true)" app
	printf 'dep\tmodernc.org/sqlite\tv1.34.0' >>app
	run_app 3 "$sqlprod" check -- ./app
	[[ $(records verdict 3) == *'modernc.org/sqlite, a SQLite in pure Go: no preloaded library can reach it' ]]
}

@test "check warns of the WAL-reset race for the versions that have it only" {
	run_app 0 sh -c '. "$0"; for version; do ! sqlite_has_reset_race "$version" || echo "$version"; done' "$(parts)/advisories.sh" \
		3.6.23 3.7.0 3.40.1 3.44.5 3.44.6 3.44.7 3.45.0 3.49.2 3.50.0 3.50.6 3.50.7 3.51.0 3.51.2 3.51.3 3.52.0 3.53 4.0.0 '' x 3.x.1
	expect $'3.7.0\n3.40.1\n3.44.5\n3.45.0\n3.49.2\n3.50.0\n3.50.6\n3.51.0\n3.51.2'
}

parts() {
	echo "${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")"
}

@test "check warns of the WAL-reset race and of mmap only if WAL is used" {
	has_race=$(sh -c '. "$0"; sqlite_has_reset_race "$1" && echo yes' "$(parts)/advisories.sh" "$(sqlite3 :memory: 'SELECT sqlite_version()')") || true
	[[ $has_race ]] || skip "this SQLite does not have the race"
	run_app 0 "$sqlprod" check -- sqlite3 a.db 'CREATE TABLE t(a)'
	[[ $(records advisory 2) == *'WAL-reset race'*'mmap_size is on'* ]]
	run_app 0 "$sqlprod" check -s mmap_size=0 -- sqlite3 a.db 'SELECT * FROM t'
	[[ $(records advisory 2) == *'WAL-reset race'* && $(records advisory 2) != *'mmap_size is on'* ]]
	run_app 0 "$sqlprod" check -s journal_mode=delete -s synchronous=full -- sqlite3 b.db 'CREATE TABLE t(a)'
	[[ $(records advisory 2) != *'WAL-reset race'* ]]
}

@test "check warns of a folder that readers cannot write" {
	umask 022
	run_app 0 "$sqlprod" check -- sqlite3 a.db 'CREATE TABLE t(a)'
	chmod 755 .
	chmod 644 a.db
	run_app 0 "$sqlprod" check -- sqlite3 a.db 'SELECT * FROM t'
	[[ $(records advisory 2) == *'its group and others may read it but not write its folder'* ]]
	chmod 600 a.db
	run_app 0 "$sqlprod" check -- sqlite3 a.db 'SELECT * FROM t'
	[[ $(records advisory 2) != *'its folder'* ]]
	chmod 644 a.db
	chmod 777 .
	run_app 0 "$sqlprod" check -- sqlite3 a.db 'SELECT * FROM t'
	[[ $(records advisory 2) != *'its folder'* ]]
}

@test "check refuses the programs that run refuses" {
	run_app 2 "$sqlprod" check -s begin=x -- true
	expect_refused 'SQLPROD_BEGIN="x" *'
	run_app 127 "$sqlprod" check -- no-such-command
	expect_refused 'no-such-command: not found'
	run_app 126 "$sqlprod" check -- /
	printf 'int main(void) { return 0; }\n' | cc -static -x c -o static -
	run_app 125 "$sqlprod" check -- ./static
	expect_refused './static: is fully static: *'
}

@test "wrong usage of check gives one line and exit status 2" {
	run_app 2 "$sqlprod" check
	expect_refused 'check: no file, no --pid, and no -- COMMAND; *'
	run_app 2 "$sqlprod" check --
	expect_refused 'check: no command after --'
	run_app 2 "$sqlprod" check --nonsense
	expect_refused 'check: no option --nonsense; *'
	run_app 2 "$sqlprod" check --pid
	expect_refused 'check: --pid needs a value'
	run_app 2 "$sqlprod" check --pid 1 a.db
	expect_refused 'check: --pid takes no file or command: *'
	run_app 2 "$sqlprod" check --pid 1 -- true
	expect_refused 'check: --pid takes no file or command: *'
	run_app 4 "$sqlprod" check no-such-file
	expect_refused 'no-such-file: no such file'
}

@test "check interrupted ends the command, and shows what it did" {
	start_plain one "$sqlprod" check -- victim 'open a a.db' 'exec a CREATE TABLE t(a)' 'close a' 'sh touch ready' 'sh sleep 60'
	until [[ -e ready ]]; do sleep 0.05; done
	kill -INT -- "-$started"
	finish "$started" one 0
	[[ $output == *$'verdict\twhole'* ]]
}

@test "check fails for a SQLite that could not be reached, with the reason" {
	line='{"pid":1,"program":"p","database":"/x/a.db","sqlite":{"version":null,"library":"/x/p"},"reached":null,"left_alone":"no door",
		"settings":{},"begins_rewritten":0,"begins_not_upgraded":{}}'
	run_app 1 "$sqlprod" check -- sh -c 'echo "$0" >>"$SQLPROD_REPORT"' "$(tr -d '\n' <<<"$line")"
	[[ $(records left_alone 2) == 'no door' && $(records connection 4 6) == '/x/a.db /x/p' ]]
	[[ $(records verdict 2) == missing ]]
}

@test "a torn line of the report does not hide the others from check" {
	run_app 0 "$sqlprod" check -- sh -c 'sqlite3 a.db "CREATE TABLE t(a)"; printf "{\"pid\":12,\"prog" >>"$SQLPROD_REPORT"'
	[[ $(records connection 4) == "$PWD/a.db" ]]
}

@test "check leaves no file and no process" {
	mkdir tmp
	TMPDIR=$PWD/tmp run_app 0 "$sqlprod" check -- sqlite3 a.db 'CREATE TABLE t(a)'
	TMPDIR=$PWD/tmp run_app 3 "$sqlprod" check -- true
	TMPDIR=$PWD/tmp run_app 127 "$sqlprod" check -- no-such-command
	[[ -z $(ls -A tmp) ]]
}

@test "check keeps its report where nobody else reads it" {
	TMPDIR=$PWD run_app 0 "$sqlprod" check -- sh -c 'stat -c %a "${SQLPROD_REPORT%/*}" "$SQLPROD_REPORT" >&2; sqlite3 a.db "create table t(a)"'
	if [[ $EUID -eq 0 ]]; then
		# what root starts may become another user, who adds lines
		[[ $stderr == $'711\n622' ]]
	else
		[[ $stderr == $'700\n6'* ]]
	fi
}

@test "check prints a table to a terminal" {
	run_on_terminal 0 env TERM=dumb "$sqlprod" check -- sqlite3 a.db 'CREATE TABLE t(a)'
	[[ $output == *SETTING*WANTED*GOT*'DECIDED BY'*WHY*'every connection has the whole recipe (1 seen)'* ]]
	[[ $output != *$'\t'* ]]
}

@test "check shows a database with an odd name on one line" {
	name=$'new\nline\ttab"\\.db'
	run_app 0 "$sqlprod" check -- sqlite3 "$name" 'CREATE TABLE t(a)'
	[[ $(records connection 4) == "$PWD/new\\nline\\ttab\"\\\\.db" ]]
}

@test "check says that Litestream is why the limit is 0" {
	mkdir .t.db-litestream
	observer query t.db 'CREATE TABLE t(x)'
	run_app 0 "$sqlprod" check -- victim 'open a t.db' 'exec a SELECT * FROM t' 'close a'
	expect_line $'setting\tjournal_size_limit\t0\t0\trecipe\tok\tLitestream replicates it: 0, so that it sees when the -wal starts anew'
	expect_line $'verdict\twhole\tevery connection has the whole recipe (1 seen)'
	rmdir .t.db-litestream
	run_app 0 "$sqlprod" check -- victim 'open a t.db' 'exec a SELECT * FROM t' 'close a'
	expect_line $'setting\tjournal_size_limit\t67108864\t67108864\trecipe\tok\t'
}

@test "README.md and sqlprod(1) show lines that check prints" {
	COLUMNS=100 run_app 1 "$sqlprod" check --text -- victim 'open a app.db' 'exec a PRAGMA cache_size=100' 'exec a CREATE TABLE t(x)' \
		'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' 'close a'
	printed=$output
	sed -n '/^  SETTING /,/^something/p' "$root/README.md" >readme
	sed -n '/^  SETTING /,/^something/p' "$root/man/sqlprod.1" | sed 's/\\-/-/g; s/\\(aq/'\''/g' >page
	for sample in readme page; do
		[[ $(wc -l <$sample) -ge 8 ]]
		while IFS= read -r line; do
			[[ $line == '  …' || $'\n'$printed$'\n' == *$'\n'"$line"$'\n'* ]] || fail "$sample: $line"
		done <$sample
	done
}
