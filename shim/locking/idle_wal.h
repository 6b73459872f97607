/* idle_wal.h - which databases have commits of this process in their -wal that may not be in the file yet, and when they are to be
 * copied: soon after the last commit.
 *
 * A commit pays for a look at one flag. Whoever copies (idle_checkpoint.h) looks at what was committed since the last look; what
 * has come to rest since then is due. Nothing here takes a lock; records are never freed. */
#ifndef SQLPROD_LOCKING_IDLE_WAL_H
#define SQLPROD_LOCKING_IDLE_WAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct file_shim;
struct open_database;
struct sqlite;

/* A -wal rests when nothing was committed for so long. Nanoseconds, as all times here. */
#define IDLE_WAL_REST INT64_C(100000000)
#define IDLE_WAL_NEVER INT64_MAX

/* What it takes to open the database once more. */
struct idle_file {
	const struct sqlite *sqlite;
	bool unsynced; /* the program's own checkpoints do not wait for the disk */
	char path[];
};

/* Part of struct open_database. */
struct idle_wal {
	_Atomic bool committed; /* since it was looked at last */
	_Atomic bool linked;    /* a commit was noted once: it is among those that are looked at */
	struct open_database *_Atomic next;
	const struct idle_file *_Atomic file;
	_Atomic int64_t looked; /* when it was last decided that it is to be copied, with a look at other files; 0 for never */
	_Atomic int64_t due;    /* CLOCK_MONOTONIC; IDLE_WAL_NEVER if all is copied, or was given up */
	atomic_uint tries;      /* that readers have hindered since the last commit */
	atomic_uint excluders;
	atomic_uint copied; /* how often it was copied, and no connection has counted that yet */
};

/* The file is another one now: nothing is to be copied. */
static inline void idle_wal_begin(struct idle_wal *wal)
{
	atomic_store(&wal->due, IDLE_WAL_NEVER);
	atomic_store(&wal->committed, false);
	atomic_store(&wal->looked, 0);
	atomic_store(&wal->copied, 0);
}

/* Has this process made a commit that nobody has copied yet? */
static inline bool idle_wal_is_wanted(const struct idle_wal *wal)
{
	return atomic_load(&wal->committed) || atomic_load(&wal->due) != IDLE_WAL_NEVER;
}

/* What was seen of other files when it was last decided that a -wal is to be copied holds as long as the -wal cannot have come to
 * rest since: a copy that was due then would be made in spite of what is there now, too. */
static inline bool idle_wal_look_holds(int64_t looked, int64_t now)
{
	return looked && now - looked < IDLE_WAL_REST;
}

/* Who decides, with the connection's mutex held: what it takes to copy this database's -wal, known if that is still right, else of
 * malloc(3), to be freed; NULL if it is not to be copied. Looks at no other file if the last look holds. And who is told that there
 * was a commit which nobody has looked at. */
void idle_wal_serve(const struct idle_file *(*decide)(struct file_shim *shim, const struct idle_file *known, bool look_holds),
		    void (*need)(void));

/* A commit of the connection is in the -wal, which nobody has looked at yet. */
void idle_wal_note(struct file_shim *shim);

/* What came of a copy. */
enum idle_outcome {
	IDLE_COPIED,
	IDLE_HINDERED, /* by readers, by another checkpoint: to be tried again later */
	IDLE_OVER,     /* nobody has it open in WAL mode by recipe any more */
};

/* Copies what is due; from one thread at a time, others return at once. Returns when the next one is due, or is to be tried again;
 * IDLE_WAL_NEVER if none is. */
int64_t idle_wal_look(int64_t now, enum idle_outcome (*copy)(const struct open_database *database, const struct idle_file *file));

/* The same without copying anything. */
int64_t idle_wal_next(int64_t now);

/* Nothing is copied between these two. The first waits until who copies now has ended, a few seconds at most: the program closes
 * its connection, forks, ends. Any number of threads may be between them. */
void idle_wal_exclude(void);
void idle_wal_allow(void);

/* The same for one database alone, which somebody needs for himself, perhaps for long. */
void idle_wal_exclude_file(struct idle_wal *wal);
void idle_wal_allow_file(struct idle_wal *wal);

/* Nothing is to be copied. In a forked child nobody copies, either. */
void idle_wal_forget(void);
void idle_wal_forked(void);

/* How often the -wal was copied since a connection was last told; for the report. */
unsigned idle_wal_count(struct file_shim *shim);

#endif
