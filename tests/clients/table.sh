#!/bin/sh
# table.sh RUNS - prints a Markdown table of what tests/clients.bats recorded in the folder RUNS.
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

# row RUN CLIENT BEGIN SQL [NOTE] - RUN names the record; BEGIN is how the client's programs begin, SQL what it sends then.
row() {
	alone=$1
	shim=$1.shim
	printf '| %s %s | %s, %s | %s%s | %s → %s | %s → %s | %s → %s | %s |\n' "$2" "$(value "$alone" version)" \
		"$(value "$alone" sqlite)" "$(value "$alone" carrier)" "$3" "${4:+: \`$4\`}" \
		"$(yes_no "$(value "$alone" journal_mode)")" "$(yes_no "$(value "$shim" journal_mode)")" \
		"$(yes_no "$(value "$alone" lock)")" "$(yes_no "$(value "$shim" lock)")" \
		"$(value "$alone" busy_timeout)" "$(value "$shim" busy_timeout)" "${5:-}"
}

# As row, for a client that spells DEFERRED out: the note tells what the operator's variable does to it.
row_deferred() {
	row "$@" "with SQLPROD_BEGIN_DEFERRED=immediate: $(yes_no "$(value "$1-deferred.shim" lock)")"
}

idle='commit sends the next BEGIN at once, so the lock is held while idle'

echo '| client | SQLite, found in | begins by | WAL | write lock from then on | busy timeout, ms | note |'
echo '|---|---|---|---|---|---|---|'
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
row tcl_sqlite-transaction 'Tcl sqlite3' 'transaction' 'SAVEPOINT _tcl_transaction' 'a SAVEPOINT is left alone'
row qt_sql 'Qt SQL' 'transaction()' 'BEGIN'
row lua_sql 'LuaSQL' 'setautocommit(false), commit()' 'COMMIT;BEGIN' "$idle"
row lua_dbi 'LuaDBI' 'autocommit(false)' 'BEGIN TRANSACTION'
