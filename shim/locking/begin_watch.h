/* begin_watch.h - sees a plain BEGIN run, so that the transaction shares the write lock from then on (shared_write.h).
 *
 * A plain BEGIN asks nothing of a file, nor does a COMMIT that nothing was read before. So a trace callback of ours is on the
 * connection from where a BEGIN is prepared until its transaction reads, and for good if the program keeps the statement. The
 * program's own trace callback goes on to be called (callbacks.h).
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_BEGIN_WATCH_H
#define SQLPROD_LOCKING_BEGIN_WATCH_H

#include <stdbool.h>

struct connection;
struct file_shim;

/* Plain BEGINs that run from now on share the write lock. False if that cannot be here. */
bool begin_watch_start(struct connection *connection);

/* A transaction reads for the first time: shm_locks.c will see its end. */
void begin_watch_rests(struct file_shim *shim);

#endif
