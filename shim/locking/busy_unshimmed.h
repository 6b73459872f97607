/* busy_unshimmed.h - the wait of a connection whose file has no shim: that of another VFS than SQLite's own, or of a SQLite before
 * 3.12, which does not say which it is. Before 3.8.7 it is not known where ours would be put: there SQLite's own stays.
 *
 * By the recipe's floor under the program's timeout SQLite's own busy handler would have a thread wait for its own other connection
 * for 30 s. With ours the program's own timeout holds where no other process has the lock, and another connection that could have
 * it cannot go on meanwhile (own_wait.h).
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_BUSY_UNSHIMMED_H
#define SQLPROD_LOCKING_BUSY_UNSHIMMED_H

#include "connection/connection.h"
#include "locking/busy_slot.h"
#include "locking/holder.h"
#include "locking/own_wait.h"

#include <stdint.h>

/* Of one connection; goes with its record. */
struct busy_unshimmed {
	struct holder holder; /* who calls it: no more of this is used, and it is in no list */
	struct busy_slot slot;
	struct own_wait own_wait;
	int64_t began, polled; /* the wait: CLOCK_MONOTONIC in nanoseconds */
	int fd, shm_fd;        /* as last found */
};

/* To be called at open, for a connection without a shim. Without memory nothing is changed. */
void busy_unshimmed_prepare(struct connection *connection);

/* A statement of the connection is seen, in the thread that runs it. */
static inline void busy_unshimmed_seen(const struct connection *connection)
{
	struct busy_unshimmed *busy = connection->unshimmed;

	if (busy)
		holder_seen(&busy->holder);
}

/* Who calls the connection; NULL if it was not prepared. */
static inline const struct holder *busy_unshimmed_holder(const struct connection *connection)
{
	const struct busy_unshimmed *busy = connection->unshimmed;

	return busy ? &busy->holder : NULL;
}

/* As busy_handler_set_timeout(), is_replaced() and is_ours(), for one that was prepared: busy_handler.h */
int busy_unshimmed_set_timeout(struct connection *connection, int milliseconds);
bool busy_unshimmed_is_replaced(const struct connection *connection);
bool busy_unshimmed_is(int (*handler)(void *, int));

/* What PRAGMA busy_timeout answers, if it is replaced. */
int busy_unshimmed_timeout(const struct connection *connection);

/* The connection loses its record, and goes on. */
void busy_unshimmed_give_back(struct connection *connection);

#endif
