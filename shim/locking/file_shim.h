/* file_shim.h - wraps one database file's sqlite3_io_methods to observe its locks in the -shm.
 *
 * SQLite's own file object gets a copy of its table of methods with a few replaced; each calls the real one. What is made of the
 * locks lies in the structures below, each of which belongs to the file named like it; what the library reads and writes in the
 * -shm is in lock_handoff.c. */
#ifndef SQLPROD_LOCKING_FILE_SHIM_H
#define SQLPROD_LOCKING_FILE_SHIM_H

#include "base/settings.h"
#include "base/threads.h"
#include "connection/connection.h"
#include "locking/begin_kind.h"
#include "locking/busy_wait.h"
#include "locking/group_commit.h"
#include "locking/holder.h"
#include "locking/idle_lock.h"
#include "locking/journal_turn.h"
#include "locking/lock_handoff.h"
#include "locking/read_delay.h"
#include "locking/refused_locks.h"
#include "locking/reservation.h"
#include "locking/reset_guard.h"
#include "locking/shared_write.h"
#include "locking/site_memory.h"
#include "locking/wait_log.h"
#include "locking/wait_times.h"
#include "locking/wal_files.h"
#include "locking/wal_limit.h"
#include "locking/wal_methods.h"
#include "sqlite/sqlite.h"

/* Locks of the -shm, as SQLite numbers them: sqlite.org/walformat.html */
#define WAL_WRITE_LOCK 0
#define WAL_CHECKPOINT_LOCK 1
#define WAL_BACKFILL_LOCK 3 /* of the readers that need nothing of the WAL: to be had alone for copying it into the database */

/* Of a connection's transactions, for the report; times in nanoseconds. A transaction is one that took the write lock, or read in a
 * BEGIN that had not taken it. */
struct transaction_count {
	unsigned begun;
	unsigned immediate;  /* took the write lock without having read before */
	unsigned reserved;   /* … reserved, or had the write lock on its behalf */
	unsigned learnt;     /* … had no reservation because such ones only read */
	unsigned unreserved; /* … had none because it was not to be had */
	unsigned lapsed;
	unsigned wrote;     /* had the write lock and changed something */
	unsigned only_read; /* … and changed nothing */
	unsigned write_locks;
	unsigned idle_checkpoints; /* after commits, its own or others of the process: idle_wal.h */
	int64_t longest_reserved, longest_wrote, longest_only_read;
};

struct begin_mode;

/* RESERVED, which is the write lock without WAL, after a BEGIN that was made immediate. */
struct journal_write {
	_Atomic int64_t began; /* when SQLite got it; 0 while it has not */
	bool met_readers;      /* EXCLUSIVE was refused since */
	char counters[16];     /* the file's, which each commit moves: as they were */
};

struct file_shim {
	sqlite3_io_methods methods; /* first: a file's pMethods leads here */
	struct holder holder;       /* kept when the memory is used again */
	struct file_shim *every;    /* … and this: the next of all there are */
	struct idle_lock idle_lock; /* … and this */
	const sqlite3_io_methods *original;
	int (*unlock)(sqlite3_file *file, int level); /* while leave_wal.h has another in its place */
	struct file_shim *unused;                     /* the next one */
	sqlite3_file *file;
	sqlite3 *_Atomic db;    /* of the connection that put it there; NULL once the file is closed */
	const sqlite3 *closing; /* … which it still tells while the file is being closed, for the report */
	const struct sqlite *sqlite;
	bool shm_is_read_only; /* SQLite could map it for reading alone */
	atomic_bool maps;      /* it maps the -shm, or is about to: no other copy of SQLite may */
	bool fair;             /* waiters are woken: SQLPROD_BUSY_WAIT */
	bool is_attached;      /* the file is not of the connection's main database */
	bool sets_wal;         /* … and the program has set WAL for it */
	bool is_of_many;       /* the connection has other files with a shim: reserve_all.h */

	struct handoff handoff;
	struct busy_wait busy;
	struct wait_log wait_log;
	struct wait_times wait_times[WAIT_PURPOSES];
	struct reset_guard reset_guard;
	struct shared_write shared_write;
	struct group_commit group_commit;
	struct wal_methods wal_methods;
	struct wal_limit wal_limit;
	struct read_delay read_delay;
	struct refused_locks refused_locks;
	struct reservation reservation;
	struct site_memory site_memory;

	struct begin_mode *begin_mode; /* of the database */
	struct begin_seen begin_seen;  /* the plain BEGIN that last ran */
	bool plain_begin_shares;       /* a plain BEGIN that runs shares the write lock: shared_write.h */
	uint8_t begins_kept;           /* so many transactions are taken to begin by a BEGIN that the program keeps */
	bool vacuums;                  /* the statement that begin_watch.h saw start last is a VACUUM */
	bool may_make_plain;           /* the connection has prepared a BEGIN with PLAIN_BEGIN_MARK */
	bool begin_is_plain;           /* the BEGIN that waits is to take no lock */
	int64_t idled;                 /* so long the transaction that has the write lock let pass before its first statement */
	struct journal_write journal_write;
	struct journal_turn journal_turn;
	bool checkpoints;          /* it has the checkpoint lock */
	struct idle_wal *excludes; /* nothing is copied of that meanwhile: idle_wal_exclude_file(); NULL if it does not */
	int refused;               /* the level of the file's own lock, if the last one tried was refused; else SQLITE_LOCK_NONE */
	bool has_read_lock;
	bool reads_wal;         /* … and the -wal cannot start anew while it has it */
	bool changes_read_lock; /* … not now: SQLite starts the -wal anew, and takes another */
	uint32_t snapshot;      /* the change counter when the read lock was taken */
	struct transaction_count count;

	struct wal_files files;

	/* For embedded copies: called before each read of a WAL database begins, with the connection's mutex held. May be NULL: in
	 * a shared cache the file outlives the connection that put the shim there, and others read by it. */
	void (*_Atomic reader)(void *argument);
	void (*_Atomic closed)(void *argument); /* the same when the file is closed */
	/* ... and when a PRAGMA begins to be compiled, with its value, NULL if it has none, which may be written over. What this
	 * returns is the answer to it, which does nothing then; NULL lets SQLite compile it. */
	const char *(*_Atomic pragma)(void *argument, const char *name, char *value);
	void *reader_argument;

	/* The same before the write lock of the database is tried, in any journal mode. */
	void (*_Atomic writer)(void *argument);
	void (*_Atomic writer_ends)(void *argument); /* the same before SQLite gives that of a WAL database back */
	void *writer_argument;
};

/* Puts a shim in front of the file of one of the connection's databases, before that is used; the path is absolute. NULL if that
 * cannot be: the file's VFS has no shared memory, another connection shares the file, memory is out. It goes when SQLite closes the
 * file. */
struct file_shim *file_shim_install(const struct connection *connection, sqlite3_file *file, const char *path, bool fair);

/* Page 0 of the -shm if SQLite has mapped it for this file, whose own methods these are; else NULL. */
void volatile *file_shim_map_of(sqlite3_file *file, const sqlite3_io_methods *original, const char *path);

/* The shim was put there after SQLite has mapped the -shm, which happens within ATTACH. */
void file_shim_find_map(struct file_shim *shim);

/* The one in front of this file, which has one: for its methods. */
static inline struct file_shim *file_shim_of(sqlite3_file *file)
{
	return (struct file_shim *)(uintptr_t)file->pMethods;
}

/* The one in front of this file; NULL if there is none. */
struct file_shim *file_shim_find(const sqlite3_file *file);

/* Has this connection a shim in front of its main database, and not one that serves another connection by now? */
static inline bool file_shim_serves(const struct connection *connection)
{
	return connection->shim && connection->shim->db == connection->db;
}

/* Is WAL, if it is in effect, not the program's choice? Of an attached database nobody has noted who decided that: what the program
 * did not set by this connection counts as the recipe's. */
static inline bool file_shim_has_wal_by_recipe(const struct file_shim *shim)
{
	return shim->files.by_recipe || (shim->is_attached && !shim->sets_wal && !settings_get(SETTING_JOURNAL_MODE)->keep);
}

/* For the log: the database's path. */
const char *file_shim_path(const struct file_shim *shim);

/* Is the other one that of another connection to the same file, which cannot go on while the calling thread waits: as a rule one
 * that this thread used last? */
static inline bool file_shim_is_of_thread(const struct file_shim *shim, const struct file_shim *other)
{
	return other != shim && wal_files_are_same(&other->files, &shim->files) && holder_waits_for_caller(&other->holder);
}

/* The file whose locks are waited for, as waiters.h names it. */
static inline uintptr_t file_shim_awaited(const struct file_shim *shim)
{
	return shim->handoff.shm ? (uintptr_t)shim->handoff.shm : (uintptr_t)shim->files.inode;
}

/* Is the calling thread the one that used it last, or the only one? Where its connection has no mutex, another may use it now. */
static inline bool file_shim_is_of_this_thread(const struct file_shim *shim)
{
	return holder_is_of_thread(&shim->holder) || threads_is_single();
}

/* Was the last lock of the file that was tried refused, without WAL? */
static inline bool file_shim_is_refused(const struct file_shim *shim)
{
	return shim->refused != SQLITE_LOCK_NONE && !shim->handoff.shm;
}

/* Calls see for each shim there ever was, from any thread: nothing may be read but what is kept. */
void file_shim_each(void (*see)(struct file_shim *shim, void *argument), void *argument);

/* The reader and the writer are not called any more. */
void file_shim_forget_reader(struct file_shim *shim);

/* The write lock is about to be tried: calls the writer. */
void file_shim_before_write(struct file_shim *shim);

#endif
