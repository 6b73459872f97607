#!/usr/bin/env bats
# As transactions.bats, for the programs that take long to install or to run: `make check-clients-all`.

export BATS_TEST_TIMEOUT=180 APP_TIMEOUT=175

load ../harness/harness
load transactions

@test "Hibernate: no transaction of a race fails" { race_with hibernate; }
@test "Hibernate alone: some fail" { race_alone hibernate; }
@test "Hibernate: ids by a plain @GeneratedValue, from a second connection, are had within one reservation" {
	play "$preload" ids hibernate
	shows done=10 failed=0
	at_most longest 2000
}
@test "Hibernate alone: ids by a plain @GeneratedValue are had as well" {
	play "" ids hibernate
	shows done=10 failed=0
}

@test "Litestream beside a writer: none of its writes fails, and the restored copy has them all" {
	play "$preload" replicate litestream
	shows done=20 failed=0 restored=20
	at_most longest 2000
}
@test "Litestream beside a writer, both alone: the same" {
	play "" replicate litestream
	shows done=20 failed=0 restored=20
}
@test "Litestream that starts the writer: none of its writes fails, and the restored copy has them all" {
	play "$preload" exec litestream
	shows done=20 failed=0 restored=20
	at_most longest 2000
}
@test "Litestream that starts the writer, both alone: the same" {
	play "" exec litestream
	shows done=20 failed=0 restored=20
}

# pages_with CLASS FAILED LATER - pages that only read never fail, and never wait for long. A worker's first write may fail after it has
# learnt that pages which begin like this one only read; its later ones do not.
pages_with() {
	play "$preload" pages "gunicorn_pages-$1"
	shows failed_reads=0 lost=0
	at_most failed "$2" later "$3" took 10000
}

# pages_alone CLASS
pages_alone() {
	play "" pages "gunicorn_pages-$1"
	shows lost=0
}

@test "Django with ATOMIC_REQUESTS under gunicorn's sync workers: no page that reads fails, at most one write of a worker" {
	pages_with sync 2 0
}
@test "Django with ATOMIC_REQUESTS under gunicorn's sync workers alone" { pages_alone sync; }
@test "Django with ATOMIC_REQUESTS under gunicorn's gthread workers: no page that reads fails, and of the writes the first ones at most" {
	pages_with gthread 4 0
}
@test "Django with ATOMIC_REQUESTS under gunicorn's gthread workers alone" { pages_alone gthread; }
# Its greenlets are one thread, which cannot wait for itself: of eight that read, and then write, at once, one or more can.
@test "Django with ATOMIC_REQUESTS under gunicorn's gevent workers: no page that reads fails or waits for long, and not all that write fail" {
	pages_with gevent 7 14
}
@test "Django with ATOMIC_REQUESTS under gunicorn's gevent workers alone" { pages_alone gevent; }

@test "APScheduler: none of its jobs fails, and none waits for long" {
	play "$preload" jobs apscheduler_jobs
	shows failed=0 lost=0
	at_most longest 2000
}
@test "APScheduler alone: jobs fail" {
	play "" jobs apscheduler_jobs
	shows lost=0
	[[ ${result[failed]} -gt 0 ]]
}

@test "Free Pascal's SQLdb: no transaction of a race fails" { race_with free_pascal; }
@test "Free Pascal's SQLdb alone: some fail" { race_alone free_pascal; }
@test "Free Pascal's SQLdb: nobody waits for a transaction that reads and stays" { stay_with free_pascal; }
@test "Free Pascal's SQLdb alone: a writer is refused beside a transaction that reads and stays" { stay_alone free_pascal; }

@test "HDBC: no transaction of a race fails" { race_with hdbc; }
@test "HDBC alone: some fail" { race_alone hdbc; }
@test "HDBC: nobody waits for a transaction that reads and stays" { stay_with hdbc; }
@test "HDBC alone: a writer is refused beside a transaction that reads and stays" { stay_alone hdbc; }

@test "rusqlite: no transaction of a race fails" { race_with rusqlite; }
@test "rusqlite alone: some fail" { race_alone rusqlite; }
@test "rusqlite: nobody waits for a transaction that reads and stays" { stay_with rusqlite; }
@test "rusqlite alone: a writer is refused beside a transaction that reads and stays" { stay_alone rusqlite; }

@test "sqlx: no transaction of a race fails" { race_with sqlx; }
@test "sqlx alone: some fail" { race_alone sqlx; }
