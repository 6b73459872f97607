/* attached.h - the databases that a program attached to a connection. */
#ifndef SQLPROD_POLICY_ATTACHED_H
#define SQLPROD_POLICY_ATTACHED_H

#include "connection/connection.h"

#include <stdbool.h>

/* Is one file there under two names? Then the write locks of all would wait for each other: a connection's own locks under the one
 * name are in its way under the other, and no busy timeout ends that. Wants the connection's mutex held. */
bool attached_has_file_twice(struct connection *connection);

/* After an ATTACH: warns of what lies on a filesystem that machines share. The same. */
void attached_look(struct connection *connection);

#endif
