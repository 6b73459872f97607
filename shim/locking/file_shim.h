/* file_shim.h - stands in front of a database file's methods and sees its write lock come and go.
 *
 * SQLite's own file object gets a copy of its table of methods with a few replaced; each calls the real one and returns what that
 * returned. Only a checkpoint that would lose transactions (sqlite.org/wal.html#walresetbug) is put off. Once the write lock of a
 * WAL database (byte 120 of the -shm) is given back, the one who waits longest is woken, whichever process it is in (fair). The
 * word they wait on lies in SQLite's own mapping of the -shm, in the 8 bytes that its format reserves for locks and nobody reads
 * (sqlite.org/walformat.html). What follows from it is in turn.h. */
#ifndef SQLPROD_LOCKING_FILE_SHIM_H
#define SQLPROD_LOCKING_FILE_SHIM_H

#include "locking/wal_files.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Locks of the -shm, as SQLite numbers them: sqlite.org/walformat.html */
#define WAL_WRITE_LOCK 0
#define WAL_CHECKPOINT_LOCK 1
#define WAL_BACKFILL_LOCK 3 /* of the readers that need nothing of the WAL: to be had alone for copying it into the database */

struct file_shim {
	sqlite3_io_methods methods; /* first: a file's pMethods leads here */
	const sqlite3_io_methods *original;
	struct file_shim *unused; /* the next one */
	struct file_shim *every;  /* the next of all there are, which stays */
	sqlite3_file *file;
	sqlite3 *db;      /* who put it there; NULL once the file is closed */
	atomic_bool maps; /* it maps the -shm, or is about to: no other copy of SQLite may */
	const char *shm;  /* SQLite's mapping of the -shm, NULL while there is none */

	/* For turn.c: of the last attempts at the write lock. */
	bool fair;                /* turns are taken here: turn.h */
	bool contended;           /* somebody else has it */
	bool released_since_poll; /* it was had and given back since the busy handler looked */
	bool woken;               /* this one was woken, and is expected to take it now */
	bool has_priority;        /* it was woken and came too late: it goes before all others */
	bool reacquires;          /* the last time it was given back, it was wanted again at once */
	bool in_slice;            /* the last time it was given back, its turn was not over */
	bool observer_woken;      /* somebody was woken since the turn began */
	bool has_waiters;         /* there were others, a short while ago */
	int64_t waiters_seen_at;  /* when there were others: CLOCK_MONOTONIC in nanoseconds, as all times */
	int64_t tried_at;         /* when the lock was tried last */
	int64_t slice_began;      /* when the turn began, which may be many transactions */
	int64_t released_at;      /* when it was given back; 0 once it was wanted again */
	int64_t yield_until;      /* until when the one who was woken goes first; 0 for nobody */

	/* SQLite checkpoints after a commit that leaves so many frames in the WAL, and only a writer that begins after it can start
	 * the WAL anew. Were the next one let in before, the WAL would never end, and every commit checkpoint. */
	uint32_t checkpoint_at; /* frames, as seen; 0 for never */
	uint32_t changes;       /* the change counter when the lock was taken */
	uint32_t frames;        /* how many there were when it was given back */
	bool changed;           /* it was given back after a commit */
	bool wake_deferred;     /* the next one is told after the checkpoint */

	uint64_t salt;            /* the WAL's, when the checkpoint lock was taken, or the write lock after it */
	bool has_checkpoint_lock; /* it has that lock */

	/* For wait.c: the wait of the connection. */
	int64_t wait_began;                 /* since when */
	int64_t wait_spent;                 /* how long the busy handler has slept in it */
	int64_t wait_polled;                /* when that returned last */
	uint32_t change_seen;               /* what the change counter was when it last tried */
	int timeout;                        /* milliseconds */
	void **busy_callback;               /* where SQLite keeps the busy handler and its argument; NULL if that is not known */
	int *pragma_timeout;                /* what PRAGMA busy_timeout tells */
	int (*sqlite_handler)(void *, int); /* SQLite's own handler */

	struct wal_files files;

	/* For the report. */
	struct {
		unsigned waits, given_up, write_locks; /* turns: how often it had the write lock */
		int64_t waited;
	} count;

	/* For the second door: called before each read of a WAL database begins, with the connection's mutex held. May be NULL: in
	 * a shared cache the file outlives the connection that put the shim there, and others read by it. */
	void (*_Atomic reader)(void *argument);
	void (*_Atomic closed)(void *argument); /* the same when the file is closed */
	void *reader_argument;

	/* The same before the write lock of the database is tried, in any journal mode. */
	void (*_Atomic writer)(void *argument);
	void *writer_argument;
};

/* Puts a shim in front of the file of db's main database, before the connection is used. NULL if that cannot be: the file's VFS has
 * no shared memory, another connection shares the file, memory is out. It goes when SQLite closes the file. */
struct file_shim *file_shim_install(sqlite3 *db, sqlite3_file *file, bool fair);

/* The reader and the writer are not called any more. */
void file_shim_forget_reader(struct file_shim *shim);

#endif
