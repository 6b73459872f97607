/* attached.h - the databases that a program attached to a connection. */
#ifndef SQLPROD_POLICY_ATTACHED_H
#define SQLPROD_POLICY_ATTACHED_H

#include "connection/connection.h"

#include <stdbool.h>

/* Is one file attached under two names? Then write locks on all databases would deadlock: the connection's lock under one name
 * conflicts with its lock under the other, and no busy timeout ends that. Wants the connection's mutex held. */
bool attached_has_file_twice(struct connection *connection);

/* After an ATTACH: warns of attached files on a shared filesystem. Wants the connection's mutex held. */
void attached_look(struct connection *connection);

/* An ATTACH of the program's is seen, which may be kept and run later. */
void attached_seen(struct connection *connection);

/* Was one seen, on any connection? What it attaches may share the cache of another's main database. */
bool attached_by_any(void);

#endif
