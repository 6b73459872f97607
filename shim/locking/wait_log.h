/* wait_log.h - log lines on locks: who holds the one that a connection waits for, and which transaction held the write lock long.
 *
 * A line for a wait that ends in SQLITE_BUSY or passes SQLPROD_LOG_WAIT, and for a transaction that passed SQLPROD_LOG_TRANSACTION
 * once it has ended; each kind at most once a minute in a process. They hold a path, a pid, a program's name and times, no SQL.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_WAIT_LOG_H
#define SQLPROD_LOCKING_WAIT_LOG_H

#include "locking/busy_wait.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct file_shim;

/* Part of struct file_shim: what was seen in waits. Times are those of CLOCK_MONOTONIC in nanoseconds. */
struct wait_log {
	int64_t looked_at;   /* 0 for not yet */
	int64_t owner_since; /* since when the same process was seen to hold the lock, with no commit in between */
	uint32_t changes;    /* the change counter at the last look */
	const char *lock;    /* what the owner holds, NULL for no other process */
	pid_t owner;
	/* one wait may fall into another of a different purpose */
	struct {
		uint32_t changes; /* the change counter when it began */
		bool written;     /* its line */
	} wait[WAIT_PURPOSES];
};

/* How a poll of the busy handler ended. */
enum wait_end { WAIT_GOES_ON, WAIT_ENDS_BUSY, WAIT_ENDS_OTHERWISE };

/* The connection's last poll of a wait for that has ended; is_new: it was the first. */
void wait_log_polled(struct file_shim *shim, enum busy_purpose purpose, bool is_new, enum wait_end end);

/* A transaction gave the write lock back after it had held it for so long. */
void wait_log_released(const struct file_shim *shim, int64_t held, bool changed, bool others_waited);

#endif
