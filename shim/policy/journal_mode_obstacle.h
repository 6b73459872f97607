/* journal_mode_obstacle.h - why the journal mode of a connection's main database stays as it is.
 *
 * The reasons are constants, for the report. Both want the connection's mutex held, and run statements of ours. */
#ifndef SQLPROD_POLICY_JOURNAL_MODE_OBSTACLE_H
#define SQLPROD_POLICY_JOURNAL_MODE_OBSTACLE_H

#include "connection/connection.h"

/* Why the mode must not be set to this one (JOURNAL_…); NULL if it may be. */
const char *journal_mode_obstacle(struct connection *connection, int64_t wanted);

/* The same for what may be gone by the next transaction; to_wal: the file is not in WAL mode yet, and is to be. */
const char *journal_mode_passing_obstacle(struct connection *connection, bool to_wal);

#endif
