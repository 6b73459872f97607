#!/bin/sh
# table.sh RUNS - prints a Markdown table of what tests/clients/clients.bats recorded in the folder RUNS.
set -eu
runs=$1

# value RUN KEY
value() {
	sed -n "s/^$2=//p" "$runs/$1" 2>/dev/null | grep . || echo '?'
}

yes_no() {
	case $1 in
		wal | held) echo yes ;;
		delete | free) echo no ;;
		*) echo "$1" ;;
	esac
}

reached_by() {
	case $1 in
		interposition | 'embedded copy') echo "$1" ;;
		*) echo 'not reached' ;;
	esac
}

# row RUN CLIENT BEGIN SQL [NOTE] - RUN names the record; BEGIN is how the client's programs begin, SQL what it sends then.
row() {
	alone=$1
	shim=$1.shim
	# an embedded copy was run with SQLPROD_BEGIN=immediate
	[ -e "$runs/$shim" ] || shim=$1-begin.shim
	printf '| %s %s | %s, %s: %s | %s | %s%s | %s → %s | %s → %s | %s → %s | %s → %s | %s |\n' "$2" "$(value "$alone" version)" \
		"$(value "$alone" sqlite)" "$(value "$alone" carrier)" "$(value "$alone" linkage)" "$(reached_by "$(value "$shim" reached)")" \
		"$3" "${4:+: \`$4\`}" \
		"$(yes_no "$(value "$alone" journal_mode)")" "$(yes_no "$(value "$shim" journal_mode)")" \
		"$(yes_no "$(value "$alone" lock)")" "$(yes_no "$(value "$shim" lock)")" \
		"$(value "$alone" busy_timeout)" "$(value "$shim" busy_timeout)" \
		"$(value "$alone" foreign_keys)" "$(value "$shim" foreign_keys)" "${5:-}"
}

# unreached RUN CLIENT NOTE - for one whose own settings we do not read.
unreached() {
	printf '| %s %s | %s, %s: %s | not reached | | | | | | %s |\n' "$2" "$(value "$1" version)" "$(value "$1" sqlite)" \
		"$(value "$1" carrier)" "$(value "$1" linkage)" "$3"
}

# As row, for a client that spells DEFERRED out: the note has the effect of the operator's variable.
row_deferred() {
	row "$@" "with SQLPROD_BEGIN_DEFERRED=immediate: $(yes_no "$(value "$1-deferred.shim" lock)")"
}

deepbind='loaded by RTLD_DEEPBIND, which is left out'
mono='looked up by dlsym; it sets journal_mode=DELETE itself, SQLPROD_JOURNAL_MODE=wal overrides that'
libsql='its VFS is not the one of SQLite: no WAL by recipe, and no lock or reservation'
idle='commit sends the next BEGIN at once, so it begins again, and idles in it'

echo '| client | SQLite, found in | reached by | begins by | WAL | write lock from then on | busy timeout, ms | foreign keys | note |'
echo '|---|---|---|---|---|---|---|---|---|'
row cli 'sqlite3 shell' 'a script' 'BEGIN'
row cpython 'CPython' 'execute' 'BEGIN'
row django_atomic 'Django' 'atomic()' 'BEGIN'
row sqlalchemy_begin-event 'SQLAlchemy' "begin() with the manual's listeners" 'BEGIN'
row sqlalchemy_begin 'SQLAlchemy' 'begin()' '' 'sends nothing before the first change'
row perl_dbi 'Perl DBD::SQLite' 'begin_work' 'BEGIN IMMEDIATE TRANSACTION' "the driver's own default"
row perl_dbi-plain 'Perl DBD::SQLite' 'begin_work, sqlite_use_immediate_transaction off' 'BEGIN TRANSACTION'
row_deferred ruby_sqlite3 'ruby-sqlite3' 'transaction' 'begin deferred transaction'
row node_sqlite3 'npm sqlite3' 'exec' 'BEGIN'
row_deferred rusqlite 'rusqlite' 'transaction()' 'BEGIN DEFERRED'
row rusqlite-plain 'rusqlite' 'execute_batch' 'BEGIN'
row mattn 'Go mattn/go-sqlite3' 'Begin()' 'BEGIN' 'built with the tag libsqlite3'
row jdbc 'Xerial SQLite JDBC' 'setAutoCommit(false)' 'begin;' "$idle"
row tcl_sqlite 'Tcl sqlite3' 'eval' 'BEGIN'
row tcl_sqlite-transaction 'Tcl sqlite3' 'transaction' 'SAVEPOINT _tcl_transaction' 'a SAVEPOINT reserves, and takes no lock'
row qt_sql 'Qt SQL' 'transaction()' 'BEGIN'
row lua_sql 'LuaSQL' 'setautocommit(false), commit()' 'COMMIT;BEGIN' "$idle"
row lua_dbi 'LuaDBI' 'autocommit(false)' 'BEGIN TRANSACTION'
row pysqlite3 'pysqlite3-binary wheel' 'execute' 'BEGIN'
row php_pdo 'PHP PDO' 'beginTransaction()' 'BEGIN' "$deepbind"
row php_sqlite3 'PHP SQLite3' 'exec()' 'BEGIN' "$deepbind"
row php_web-builtin-pdo "PHP's web server, PDO" 'beginTransaction()' 'BEGIN' "$deepbind"
row php_web-fpm-pdo 'php-fpm, PDO' 'beginTransaction()' 'BEGIN' "$deepbind"
row php_web-fpm-sqlite3 'php-fpm, SQLite3' 'exec()' 'BEGIN' "$deepbind"
row ctypes 'CPython ctypes' 'sqlite3_exec' 'BEGIN' 'looked up by dlsym'
row node22 'Node.js node:sqlite' 'exec' 'BEGIN'
row node26 'Node.js node:sqlite' 'exec' 'BEGIN'
row deno 'Deno node:sqlite' 'exec' 'BEGIN'
row bun 'Bun bun:sqlite' 'transaction' 'BEGIN'
row better_sqlite3 'better-sqlite3' 'transaction' 'BEGIN'
row better_sqlite3-libsql 'libsql' 'transaction' 'BEGIN' "$libsql"
row libsql_client '@libsql/client' 'transaction("deferred")' 'BEGIN DEFERRED' "$libsql"
row_deferred apsw 'APSW wheel' 'with' 'BEGIN DEFERRED'
row apsw-plain 'APSW wheel' 'execute' 'BEGIN'
row apsw-handler 'APSW wheel' 'execute, with a busy handler' 'BEGIN' 'its handler stays'
row mattn_bundled 'Go mattn/go-sqlite3' 'Begin()' 'BEGIN' 'default build, -s -w, PIE'
row_deferred rusqlite_bundled 'rusqlite, bundled' 'transaction()' 'BEGIN DEFERRED'
row rusqlite_bundled-plain 'rusqlite, bundled' 'execute_batch' 'BEGIN'
row jdbc_maven 'Xerial SQLite JDBC from Maven' 'setAutoCommit(false)' 'begin;' "$idle"
row mono 'Mono.Data.Sqlite' 'BeginTransaction()' 'BEGIN IMMEDIATE' "$mono"
row mono-deferred 'Mono.Data.Sqlite' 'BeginTransaction(ReadCommitted)' 'BEGIN' "$mono"
row r_sqlite 'R RSQLite' 'dbBegin()' 'BEGIN' 'its own synchronous=OFF stays'
row modernc 'Go modernc.org/sqlite' 'Begin()' 'BEGIN' 'SQLite in Go: it calls no library; sqlprod check says so'
unreached fossil 'fossil' 'built without extension loading, so it has no table of functions: a warning and a line in the report say so'

cat <<'NOTES'

"A → B" is without the shim → with it. Not run, as the package managers used here do not bring them: CPython from
python-build-standalone, Microsoft.Data.Sqlite (.NET).
NOTES
