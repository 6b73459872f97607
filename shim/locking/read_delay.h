/* read_delay.h - reads that begin wait until those before them have ended, while a -wal is to be started anew.
 *
 * Until when is written to bytes 132 to 135 of the -shm, which SQLite's format sets aside and no version reads: a time of
 * CLOCK_MONOTONIC in milliseconds, modulo 2^32, whose lowest bits say why. One that has passed, or is far away, is none: a process
 * that dies delays nobody for long.
 *
 * The caller holds the connection's mutex; shm is SQLite's mapping of the -shm. */
#ifndef SQLPROD_LOCKING_READ_DELAY_H
#define SQLPROD_LOCKING_READ_DELAY_H

#include <stdbool.h>
#include <stdint.h>

struct file_shim;

enum read_delay_state {
	READS_BEGIN = 0,     /* nobody is delayed; until then no connection waits for readers */
	READS_WAIT = 1,      /* all are, by a checkpoint that has the write lock */
	READERS_STAYED = 2,  /* nobody is; the last checkpoint waited for readers in vain */
	READS_LET_WRITE = 4, /* those are whose last transaction wrote nothing: writers go on, and copy what they can */
	READERS_LONGER = 8,  /* nobody is; a checkpoint that waited some milliseconds met readers that took longer */
};

/* Part of struct file_shim. Times are those of CLOCK_MONOTONIC in nanoseconds. */
struct read_delay {
	bool wants_write; /* this transaction has asked for the write lock */
	bool writes;      /* so had the last one */
	int64_t until;    /* the read that is about to begin; 0 if nothing has delayed it */
	int64_t since;    /* since when this connection delays others, while they write; 0 if it does not */
	uint32_t frames;  /* … and how many frames there were then */
};

/* The connection asks for the write lock; its transaction has ended. */
void read_delay_write_tried(struct file_shim *shim);
void read_delay_read_ended(struct file_shim *shim);

/* A read that needs the -wal is about to take its lock: waits as long as it is delayed, three seconds at most. True if it did: it
 * may not need the -wal any more. */
bool read_delay_wait(struct file_shim *shim);

/* Is a time set that has not passed? Does it let writers go on? Have readers stayed, not long ago? */
bool read_delay_is_set(const char *shm, int64_t now);
bool read_delay_lets_write(const char *shm);
bool read_delay_failed(const char *shm, int64_t now);

/* Have they, or were they longer than some milliseconds, within the last ten seconds? They were, just now. */
bool read_delay_met_longer(const char *shm, int64_t now);
void read_delay_note_longer(const char *shm, int64_t now);

void read_delay_set(const char *shm, int64_t until, enum read_delay_state state);

/* Delays reads, but lets others write, until some time after the connection's next commit, which extends that. */
void read_delay_extend(struct file_shim *shim, int64_t now);

/* Does the connection do so? Not any more if another one waits by now. Was the -wal, of so many frames, started anew since? */
bool read_delay_is_own(struct file_shim *shim);
bool read_delay_is_over(const struct file_shim *shim, uint32_t frames);

/* If it does: sets this instead. */
void read_delay_end(struct file_shim *shim, int64_t until, enum read_delay_state state);

#endif
