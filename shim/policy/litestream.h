/* litestream.h - a database that Litestream replicates. */
#ifndef SQLPROD_POLICY_LITESTREAM_H
#define SQLPROD_POLICY_LITESTREAM_H

#include <stdbool.h>

/* Does Litestream keep its state beside the database? It does so in the folder .NAME-litestream, from its first run on
 * (litestream.io, "How it works"; 0.3.13 and 0.5.17). One system call; false for an empty path. */
bool litestream_replicates(const char *path);

#endif
