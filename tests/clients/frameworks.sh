#!/bin/sh
# frameworks.sh RUNS - prints a Markdown table of what tests/clients/transactions.bats and transactions_all.bats recorded in the folder RUNS.
set -eu
runs=$1

# value RUN NAME
value() {
	tr ' ' '\n' 2>/dev/null <"$runs/$1" | sed -n "s/^$2=//p" | grep . || echo '?'
}

# change PROGRAM SCENE NAME
change() {
	echo "$(value "$1.$2" "$3") → $(value "$1.$2.shim" "$3")"
}

# writer PROGRAM - what a writer met beside a transaction that reads and stays; nothing if that was not tried.
writer() {
	[ -e "$runs/$1.stay.shim" ] || return 0
	echo "$(met "$1.stay") → $(met "$1.stay.shim")"
}

met() {
	case $(value "$1" locked) in
		0) echo written ;;
		*) echo refused ;;
	esac
}

# row PROGRAM NAME SET [NOTE] - nothing if it was not run: some are in make check-clients-all only.
row() {
	[ -e "$runs/$1.race.shim" ] || return 0
	printf '| %s | %s | %s | %s | %s | %s |\n' "$2" "$3" "$(change "$1" race failed)" "$(change "$1" race lost)" "$(writer "$1")" "${4:-}"
}

# row_alone PROGRAM SCENE NAME SET NOTE - of a scene of its own.
row_alone() {
	[ -e "$runs/$1.$2.shim" ] || return 0
	printf '| %s | %s | %s | %s | | %s |\n' "$3" "$4" "$(change "$1" "$2" failed)" "$(change "$1" "$2" lost | grep -v '?')" "$5"
}

nothing=nothing
listeners="the two listeners of SQLAlchemy's manual"

echo '| program, begun in its ordinary way | what to set | of 100 transactions failed | updates lost | writer beside a transaction that stays | note |'
echo '|---|---|---|---|---|---|'
row django_atomic 'Django 5.2, atomic()' "$nothing"
row_alone gunicorn_pages-sync pages '… ATOMIC_REQUESTS, gunicorn sync' "$nothing" 'the first 24 of 72 pages, 8 of them write; of the later writes none fails'
row_alone gunicorn_pages-gthread pages '… gunicorn gthread' "$nothing" 'the first 24 of 72 pages, 8 of them write; of the later writes none fails'
row_alone gunicorn_pages-gevent pages '… gunicorn gevent' "$nothing" 'the first 24 of 72 pages, 8 of them write; greenlets of one thread cannot wait for each other'
row sqlalchemy_session-listeners 'SQLAlchemy 2.1, Session, BEGIN by listeners' "$nothing"
row sqlalchemy_session 'SQLAlchemy 2.1, Session' "$listeners" 'its driver sends no BEGIN before the first change'
row fastapi_sqlmodel-listeners 'FastAPI with SQLModel, BEGIN by listeners' "$nothing"
row fastapi_sqlmodel 'FastAPI with SQLModel' "$listeners" 'its driver sends no BEGIN before the first change'
row_alone apscheduler_jobs jobs 'APScheduler 3.11, SQLAlchemyJobStore' "$nothing" 'runs of jobs in 3 s'
row peewee_atomic 'peewee 4.5, atomic()' "$nothing"
row piccolo_transaction 'Piccolo 1.38, transaction()' "$nothing"
row tortoise_transaction 'Tortoise 1.1, in_transaction()' "$nothing"
row cpython 'Python sqlite3, BEGIN' "$nothing"
row pyodbc_cursor 'pyodbc 5.5, sqliteodbc' "$nothing" 'alone it does not come to its end in 150 s'
row active_record 'Rails 6.1: Active Record, transaction' "$nothing"
row_alone active_record_threads threads '… four threads of one process' "$nothing" 'of 40; a thread of Ruby that waits in SQLite stops the others'
row sequel 'Sequel 5.63, transaction' "$nothing"
row laravel 'Laravel 8: Illuminate, transaction()' "$nothing"
row doctrine 'Doctrine DBAL 3.6, transactional()' "$nothing"
row drizzle 'Drizzle 0.45 on better-sqlite3' "$nothing"
row typeorm 'TypeORM 1.1 on better-sqlite3' "$nothing"
row sequelize 'Sequelize 6.37 on npm sqlite3' "$nothing"
row knex 'Knex 3.3 on better-sqlite3' "$nothing"
row knex-sqlite3 'Knex 3.3 on npm sqlite3' "$nothing"
row better_sqlite3 'better-sqlite3 13.2, transaction()' "$nothing"
row npm_sqlite3 'npm sqlite3 6.0, BEGIN' "$nothing"
row_alone npm_sqlite3_pool requests '… a pool of 10, 12 requests' "$nothing" "statements that wait take libuv's four threads"
row node_sqlite 'node:sqlite, BEGIN' "$nothing"
row hikari 'HikariCP 7.1, autocommit off' "$nothing"
row hikari_debian "HikariCP 7.1, autocommit off, Debian's driver" "$nothing"
row hibernate 'Hibernate 7.4, @GeneratedValue' "$nothing"
row go 'Go database/sql, Begin()' "$nothing"
row go-gorm 'GORM 1.31, Transaction()' "$nothing"
row_alone litestream replicate 'Litestream 0.3.13 beside a writer' "$nothing" '20 writes; a restored copy has them all'
row_alone litestream exec '… and as what starts it (-exec)' "$nothing" 'the same'
row rusqlite 'rusqlite 0.42, transaction()' "$nothing"
row sqlx 'sqlx 0.9, begin()' "$nothing"
row poco 'Poco 1.11, begin()' "$nothing"
row perl_dbi 'Perl DBI, begin_work' "$nothing" 'begins IMMEDIATE by itself'
row perl_dbi-plain 'Perl DBI, a plain BEGIN' "$nothing"
row lua_sql 'LuaSQL 2.6, autocommit off' "$nothing"
row hdbc 'Haskell: HDBC-sqlite3 2.3' "$nothing"
row free_pascal 'Free Pascal 3.2, SQLdb' "$nothing"
