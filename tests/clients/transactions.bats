#!/usr/bin/env bats
# Transactions of real programs, each begun in the program's ordinary way. In the races, four processes run 25 transactions each that
# read a number and write it, one higher. `make check-clients` installs the programs under $build/clients/transactions first.

# A bound for what hangs, far above what any of these takes.
export BATS_TEST_TIMEOUT=180 APP_TIMEOUT=175

load ../harness/harness
load transactions

@test "CPython: no transaction of a race fails" { race_with cpython; }
@test "CPython alone: some fail" { race_alone cpython; }
@test "CPython: nobody waits for a transaction that reads and stays" { stay_with cpython; }
@test "CPython alone: a writer is refused beside a transaction that reads and stays" { stay_alone cpython; }

@test "Django: no transaction of a race fails" { race_with django_atomic; }
@test "Django alone: some fail" { race_alone django_atomic; }
@test "Django: nobody waits for a transaction that reads and stays" { stay_with django_atomic; }
@test "Django alone: a writer is refused beside a transaction that reads and stays" { stay_alone django_atomic; }

@test "SQLAlchemy with its manual's listeners: no transaction of a race fails" { race_with sqlalchemy_session-listeners; }
@test "SQLAlchemy with its manual's listeners alone: some fail" { race_alone sqlalchemy_session-listeners; }

# Its driver sends no BEGIN before the first change, so that what was read before it may be old: the library cannot know.
@test "SQLAlchemy by default: no transaction of a race fails, but updates are lost" {
	play "$preload" race sqlalchemy_session
	shows done=100 failed=0
	[[ ${result[lost]} -gt 0 ]]
}
@test "SQLAlchemy by default alone: updates are lost as well" {
	play "" race sqlalchemy_session
	[[ ${result[lost]} -gt 0 ]]
}

@test "FastAPI with SQLModel: no request of a race fails, but updates are lost" {
	play "$preload" race fastapi_sqlmodel
	shows done=100 failed=0
	[[ ${result[lost]} -gt 0 ]]
}
@test "FastAPI with SQLModel alone: updates are lost as well" {
	play "" race fastapi_sqlmodel
	[[ ${result[lost]} -gt 0 ]]
}

@test "FastAPI with SQLModel and the listeners of SQLAlchemy's manual: no request of a race fails" {
	race_with fastapi_sqlmodel-listeners
}
@test "FastAPI with SQLModel and the listeners of SQLAlchemy's manual alone: some fail" { race_alone fastapi_sqlmodel-listeners; }

@test "peewee: no transaction of a race fails" { race_with peewee_atomic; }
@test "peewee alone: some fail" { race_alone peewee_atomic; }
@test "peewee: nobody waits for a transaction that reads and stays" { stay_with peewee_atomic; }
@test "peewee alone: a writer is refused beside a transaction that reads and stays" { stay_alone peewee_atomic; }

@test "Piccolo: no transaction of a race fails" { race_with piccolo_transaction; }
@test "Piccolo alone: some fail" { race_alone piccolo_transaction; }
@test "Piccolo: nobody waits for a transaction that reads and stays" { stay_with piccolo_transaction; }
@test "Piccolo alone: a writer is refused beside a transaction that reads and stays" { stay_alone piccolo_transaction; }

@test "Tortoise: no transaction of a race fails" { race_with tortoise_transaction; }
@test "Tortoise alone: some fail" { race_alone tortoise_transaction; }
@test "Tortoise: nobody waits for a transaction that reads and stays" { stay_with tortoise_transaction; }
@test "Tortoise, which sets WAL itself, alone: nobody waits either" {
	play "" stay tortoise_transaction
	shows locked=0
}

# Alone its race does not come to its end in minutes.
@test "pyodbc: no transaction of a race fails" { race_with pyodbc_cursor; }
@test "pyodbc: nobody waits for a transaction that reads and stays" { stay_with pyodbc_cursor; }
@test "pyodbc alone: a writer is refused beside a transaction that reads and stays" { stay_alone pyodbc_cursor; }

@test "node:sqlite: no transaction of a race fails" { race_with node_sqlite; }
@test "node:sqlite alone: some fail" { race_alone node_sqlite; }

@test "better-sqlite3: no transaction of a race fails" { race_with better_sqlite3; }
@test "better-sqlite3 alone: some fail" { race_alone better_sqlite3; }
@test "better-sqlite3: nobody waits for a transaction that reads and stays" { stay_with better_sqlite3; }
@test "better-sqlite3 alone: a writer is refused beside a transaction that reads and stays" { stay_alone better_sqlite3; }

@test "Drizzle: no transaction of a race fails" { race_with drizzle; }
@test "Drizzle alone: some fail" { race_alone drizzle; }

@test "Sequelize: no transaction of a race fails" { race_with sequelize; }
@test "Sequelize alone: some fail" { race_alone sequelize; }
@test "Sequelize: nobody waits for a transaction that reads and stays" { stay_with sequelize; }
@test "Sequelize alone: a writer is refused beside a transaction that reads and stays" { stay_alone sequelize; }

@test "Knex on better-sqlite3: no transaction of a race fails" { race_with knex; }
@test "Knex on better-sqlite3 alone: some fail" { race_alone knex; }

@test "Knex on npm sqlite3: no transaction of a race fails" { race_with knex-sqlite3; }
@test "Knex on npm sqlite3 alone: some fail" { race_alone knex-sqlite3; }

@test "TypeORM: no transaction of a race fails" { race_with typeorm; }
@test "TypeORM alone: some fail" { race_alone typeorm; }

@test "npm sqlite3: no transaction of a race fails" { race_with npm_sqlite3; }
@test "npm sqlite3 alone: some fail" { race_alone npm_sqlite3; }

# Some of its requests fail there as well: a transaction's next statement finds libuv's threads taken by others that wait for it.
@test "a pool of 10 connections by npm sqlite3 does not bring its process to a stand" {
	play "$preload" requests npm_sqlite3_pool
	shows lost=0
	at_most standstill 5000 took 10000
}
@test "a pool of 10 connections by npm sqlite3 alone: requests fail" {
	play "" requests npm_sqlite3_pool
	shows lost=0
	[[ ${result[failed]} -gt 0 ]]
}

@test "HikariCP with autocommit off: no transaction of a race fails" { race_with hikari; }
@test "HikariCP with autocommit off alone: some fail" { race_alone hikari; }
@test "HikariCP with autocommit off: one worker is not kept waiting by the idle connections of its pool" { pool_with hikari; }
@test "HikariCP with autocommit off alone: one worker does its 50 transactions as well" { pool_alone hikari; }
@test "HikariCP with autocommit off: nobody waits for a transaction that reads and stays" { stay_with hikari; }
@test "HikariCP with autocommit off alone: a writer is refused beside a transaction that reads and stays" { stay_alone hikari; }

@test "HikariCP with Debian's driver and autocommit off: no transaction of a race fails" { race_with hikari_debian; }
@test "HikariCP with Debian's driver and autocommit off alone: some fail" { race_alone hikari_debian; }
@test "HikariCP with Debian's driver and autocommit off: one worker is not kept waiting by the idle connections of its pool" { pool_with hikari_debian; }
@test "HikariCP with Debian's driver and autocommit off alone: one worker does its 50 transactions as well" { pool_alone hikari_debian; }
@test "HikariCP with Debian's driver and autocommit off: a pool that idles lets a program without the library write" { outside_with hikari_debian SQLPROD_RESERVE=60000; }
@test "HikariCP with Debian's driver and autocommit off alone: a pool that idles lets others write" { outside_alone hikari_debian; }
@test "HikariCP with Debian's driver and autocommit off: nobody waits for a transaction that reads and stays" { stay_with hikari_debian; }
@test "HikariCP with Debian's driver and autocommit off alone: a writer is refused beside a transaction that reads and stays" {
	stay_alone hikari_debian
}

@test "Active Record: no transaction of a race fails" { race_with active_record; }
@test "Active Record alone: some fail" { race_alone active_record; }
@test "Active Record: nobody waits for a transaction that reads and stays" { stay_with active_record; }
@test "Active Record alone: a writer is refused beside a transaction that reads and stays" { stay_alone active_record; }

@test "Sequel: no transaction of a race fails" { race_with sequel; }
@test "Sequel alone: some fail" { race_alone sequel; }

@test "Laravel: no transaction of a race fails" { race_with laravel; }
@test "Laravel alone: some fail" { race_alone laravel; }
@test "Laravel: nobody waits for a transaction that reads and stays" { stay_with laravel; }
@test "Laravel alone: a writer is refused beside a transaction that reads and stays" { stay_alone laravel; }

@test "Doctrine: no transaction of a race fails" { race_with doctrine; }
@test "Doctrine alone: some fail" { race_alone doctrine; }

@test "Perl DBI: no transaction of a race fails" { race_with perl_dbi; }
@test "Perl DBI, which begins IMMEDIATE by itself, alone: none fails either" {
	play "" race perl_dbi
	shows done=100 failed=0 lost=0
}
@test "Perl DBI that sends a plain BEGIN: no transaction of a race fails" { race_with perl_dbi-plain; }
@test "Perl DBI that sends a plain BEGIN alone: some fail" { race_alone perl_dbi-plain; }

@test "LuaSQL with autocommit off: no transaction of a race fails" { race_with lua_sql; }
@test "LuaSQL with autocommit off alone: some fail" { race_alone lua_sql; }
@test "LuaSQL with autocommit off: one that idles again lets a program without the library write" { outside_with lua_sql SQLPROD_BEGIN=immediate; }
@test "LuaSQL with autocommit off alone: one that idles lets others write" { outside_alone lua_sql; }
@test "LuaSQL with autocommit off: nobody waits for a transaction that reads and stays" { stay_with lua_sql; }
@test "LuaSQL with autocommit off alone: a writer is refused beside a transaction that reads and stays" { stay_alone lua_sql; }

@test "Poco: no transaction of a race fails" { race_with poco; }
@test "Poco alone: some fail" { race_alone poco; }
@test "Poco: nobody waits for a transaction that reads and stays" { stay_with poco; }
@test "Poco alone: a writer is refused beside a transaction that reads and stays" { stay_alone poco; }

@test "Go's database/sql: no transaction of a race fails" { race_with go; }
@test "Go's database/sql alone: some fail" { race_alone go; }
@test "Go's database/sql: nobody waits for a read-only transaction" { stay_with go; }
@test "Go's database/sql alone: a writer is refused beside a read-only transaction" { stay_alone go; }

@test "Go's database/sql: a read-only transaction of 36 s keeps no writer waiting for longer than one reservation" {
	play "$preload" long go
	shows locked=0
	at_most longest 2000
}
@test "Go's database/sql alone: a read-only transaction of 36 s keeps writers out" {
	play "" long go
	[[ ${result[locked]} -gt 0 ]]
}

@test "GORM: no transaction of a race fails" { race_with go-gorm; }
@test "GORM alone: some fail" { race_alone go-gorm; }

@test "Active Record in four threads: most of the time somebody writes, and the process does not stand still" {
	play "$preload" threads active_record_threads
	shows lost=0
	at_most failed 39 standstill 10000
}
@test "Active Record in four threads alone: some fail" {
	play "" threads active_record_threads
	shows lost=0
	[[ ${result[failed]} -gt 0 ]]
}
