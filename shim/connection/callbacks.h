/* callbacks.h - the callbacks that a program set on a connection: how each is kept from what we run ourselves, and given back.
 *
 * | callback              | kept out while we run a statement                                                     |
 * |-----------------------|---------------------------------------------------------------------------------------|
 * | trace, profile        | ours is in its place and passes events on: to take one out may end the other: trace.h |
 * | authorizer            | the same (foreign_keys.h): each change makes all statements expire                    |
 * | commit, rollback hook | taken out and put back                                                                |
 * | progress handler      | taken out and put back                                                                |
 * | busy handler          | stays: a caller whose statement may wait sets a timeout of its own (apply.c)           |
 * | PRAGMA defer_foreign_keys | what it has set, the end of a statement of ours clears: set again                 |
 * | error log             | ours is in its place, for the whole copy of SQLite (error_log.h)                     |
 * | wal, update, collation and other hooks | stay: nothing that we run writes rows or needs a collation          |
 *
 * An embedded copy makes no call that we see, and an adopted connection had its callbacks before its record was made: there they
 * are read where the connection keeps them (callback_offsets.h), and all are taken out and put back; trace and profile by their
 * mask. Every function wants the connection's mutex held. */
#ifndef SQLPROD_CONNECTION_CALLBACKS_H
#define SQLPROD_CONNECTION_CALLBACKS_H

#include "sqlite/callbacks.h"
#include "sqlite/sqlite.h"

struct connection;

/* The program's callbacks are not called for what is run between these two. They nest as pairs: the outermost count. */
void callbacks_suspend(struct connection *connection);
void callbacks_resume(struct connection *connection);

/* The program's calls of the functions of these names. Each returns what SQLite would. */
void *callbacks_commit_hook(struct connection *connection, int (*hook)(void *), void *argument);
void *callbacks_rollback_hook(struct connection *connection, void (*hook)(void *), void *argument);
void callbacks_progress_handler(struct connection *connection, int steps, int (*handler)(void *), void *argument);

/* Asks the program's authorizer. */
int callbacks_authorize(struct connection *connection, int action, const char *first, const char *second, const char *schema,
			const char *trigger);

#endif
