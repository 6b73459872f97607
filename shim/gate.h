/* gate.h - stands in front of a database file's methods and sees its write lock come and go.
 *
 * SQLite's own file object gets a copy of its table of methods with a few replaced; each calls the real one and returns what that
 * returned. Only a checkpoint that would lose transactions (sqlite.org/wal.html#walresetbug) is put off. Once the write lock of a
 * WAL database (byte 120 of the -shm) is given back, the one who waits longest is woken, whichever process it is in (fair). The
 * word they wait on lies in SQLite's own mapping of the -shm, in the 8 bytes that its format reserves for locks and nobody reads
 * (sqlite.org/walformat.html). What follows from it is in turn.h. */
#ifndef SQLPROD_GATE_H
#define SQLPROD_GATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Locks of the -shm, as SQLite numbers them: sqlite.org/walformat.html */
#define GATE_WRITE_LOCK 0
#define GATE_CHECKPOINT_LOCK 1
#define GATE_BACKFILL_LOCK 3 /* of the readers that need nothing of the WAL: to be had alone for copying it into the database */

struct gate {
	sqlite3_io_methods methods; /* first: a file's pMethods leads here */
	const sqlite3_io_methods *real;
	struct gate *unused; /* the next one */
	sqlite3_file *file;
	sqlite3 *db;        /* who put it there; NULL once the file is closed */
	const char *shared; /* SQLite's mapping of the -shm, NULL while there is none */

	/* For turn.c: of the last attempts at the write lock. */
	bool fair;       /* turns are taken here: turn.h */
	bool refused;    /* somebody else has it */
	bool passed;     /* it was had and given back since the busy handler looked */
	bool queued;     /* this one was woken, and is expected to take it now */
	bool next;       /* it was woken and came too late: it goes before all others */
	bool comes_back; /* the last time it was given back, it was wanted again at once */
	bool silent;     /* the last time it was given back, its turn was not over */
	bool watched;    /* somebody was woken since the turn began */
	bool crowded;    /* there were others, a short while ago */
	int64_t seen;    /* when there were others: CLOCK_MONOTONIC in nanoseconds, as all times */
	int64_t tried;   /* when the lock was tried last */
	int64_t began;   /* when the turn began, which may be many transactions */
	int64_t left;    /* when it was given back; 0 once it was wanted again */
	int64_t polite;  /* until when the one who was woken goes first; 0 for nobody */

	/* SQLite checkpoints after a commit that leaves so many frames in the WAL, and only a writer that begins after it can start
	 * the WAL anew. Were the next one let in before, the WAL would never end, and every commit checkpoint. */
	uint32_t checkpoint_at; /* frames, as seen; 0 for never */
	uint32_t changes;       /* the change counter when the lock was taken */
	uint32_t frames;        /* how many there were when it was given back */
	bool changed;           /* it was given back after a commit */
	bool owing;             /* the next one is told after the checkpoint */

	uint64_t salt;    /* the WAL's, when the checkpoint lock was taken, or the write lock after it */
	bool checkpoints; /* it has that lock */

	/* For wait.c: the wait of the connection. */
	int64_t waiting;           /* since when */
	uint32_t looked;           /* what the change counter was when it last tried */
	int timeout;               /* milliseconds */
	void **slot;               /* where SQLite keeps the busy handler and its argument; NULL if that is not known */
	int *told;                 /* what PRAGMA busy_timeout tells */
	int (*stock)(void *, int); /* SQLite's own handler */

	/* For the report. */
	struct {
		unsigned waits, given_up, turns; /* turns: how often it had the write lock */
		int64_t waited;
	} count;

	/* For the second door: called before each read of a WAL database begins, with the connection's mutex held. May be NULL: in
	 * a shared cache the file outlives the connection that put the gate there, and others read by it. */
	void (*_Atomic reader)(void *argument);
	void *reader_argument;
};

/* Puts a gate in front of the file of db's main database, before the connection is used. NULL if that cannot be: the file's VFS has
 * no shared memory, another connection shares the file, memory is out. It goes when SQLite closes the file. */
struct gate *gate_put(sqlite3 *db, sqlite3_file *file, bool fair);

/* The reader is not called any more. */
void gate_forget_reader(struct gate *gate);

#endif
