/* attached.h - the databases that a program attached to a connection. */
#ifndef SQLPROD_POLICY_ATTACHED_H
#define SQLPROD_POLICY_ATTACHED_H

#include "connection/connection.h"
#include "locking/reservation.h"

#include <stdbool.h>

/* Is one file attached under two names? Then write locks on all databases would deadlock: the connection's lock under one name
 * conflicts with its lock under the other, and no busy timeout ends that. Wants the connection's mutex held. */
bool attached_has_file_twice(struct connection *connection);

/* After an ATTACH: warns of attached files on a shared filesystem, and puts a shim in front of each that may have one, which has to
 * be before a statement reads it. Wants the connection's mutex held. */
void attached_look(struct connection *connection);

/* Can transactions reserve all databases that are attached? Not if one has no shim, or a rollback journal. Wants the connection's
 * mutex held. */
bool attached_can_be_reserved(struct connection *connection);

/* What the transactions of this connection are to get at their first read of each of them; do they share its write lock from then
 * on? With READ_LOCKED, which is for the main database, they get nothing: two that lock several, each in its own order, would wait
 * for each other. */
void attached_set_policy(const struct connection *connection, enum reservation_policy policy, bool shares);

/* An ATTACH of the program's is seen, which may be kept and run later. */
void attached_seen(struct connection *connection);

/* Was one seen, on any connection? What it attaches may share the cache of another's main database. */
extern atomic_bool attached_any __attribute__((visibility("hidden")));
static inline bool attached_by_any(void)
{
	return atomic_load_explicit(&attached_any, memory_order_relaxed);
}

#endif
