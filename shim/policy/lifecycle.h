/* lifecycle.h - makes and ends the records of connections: opened, adopted, closed. */
#ifndef SQLPROD_POLICY_LIFECYCLE_H
#define SQLPROD_POLICY_LIFECYCLE_H

#include "connection/connection.h"
#include "sqlite/callback_offsets.h"

/* Makes the record of a handle that sqlite3_open*() has not returned yet, because an automatic extension of the program uses it
 * first: what that decides counts, and nothing is applied. NULL if memory is out. */
struct connection *lifecycle_opening(const struct sqlite *sqlite, sqlite3 *db);

/* Makes the record of a handle that sqlite3_open*() has just returned with SQLITE_OK, and applies what reads no file. shared_cache:
 * the program asked for SQLITE_OPEN_SHAREDCACHE. opening: the record that lifecycle_opening() made meanwhile, or NULL. Changes
 * neither errcode nor errmsg of success. Without memory the handle stays unknown. */
void lifecycle_open(const struct sqlite *sqlite, sqlite3 *db, bool shared_cache, struct connection *opening);

/* The same from inside sqlite3_open*(), for a connection whose statements are seen only when they run, and whose callbacks are read
 * at these offsets. upgrades: its BEGINs can be upgraded. NULL if memory is out. */
struct connection *lifecycle_open_embedded(const struct sqlite *sqlite, sqlite3 *db, const struct callback_offsets *offsets,
					   bool upgrades);

/* The same for a handle whose open failed: every call on it passes through. */
void lifecycle_open_failed(const struct sqlite *sqlite, sqlite3 *db);

/* The same for a handle that was opened out of our sight: nothing is applied that could lose anything of the program's there. NULL
 * if memory is out. */
struct connection *lifecycle_adopt(const struct sqlite *sqlite, sqlite3 *db);

/* Before sqlite3_close(), or sqlite3_close_v2(), after which statements may keep the connection alive: the connection's line for
 * the report, to be written if the close succeeds, and freed; NULL if none is wanted. */
char *lifecycle_closing(struct connection *connection, bool v2);

#endif
