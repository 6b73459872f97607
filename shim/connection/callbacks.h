/* callbacks.h - the callbacks that a program set on a connection: how each is kept from what we run ourselves, and given back.
 *
 * | callback              | kept out while we run a statement                                                     |
 * |-----------------------|---------------------------------------------------------------------------------------|
 * | trace, profile        | ours is in its place and passes events on: to take one out may end the other          |
 * | authorizer            | the same (foreign_keys.h): each change makes all statements expire                    |
 * | commit, rollback hook | taken out and put back                                                                |
 * | progress handler      | taken out and put back                                                                |
 * | busy handler          | stays: a caller whose statement may wait sets a timeout of its own (apply.c)           |
 * | PRAGMA defer_foreign_keys | what it has set, the end of a statement of ours clears: set again                 |
 * | error log             | ours is in its place, for the whole copy of SQLite, and drops what this thread causes |
 * | wal, update, collation and other hooks | stay: nothing that we run writes rows or needs a collation          |
 *
 * An embedded copy makes no call that we see, and an adopted connection had its callbacks before its record was made: there they
 * are read where the connection keeps them (callback_offsets.h), and all are taken out and put back; trace and profile by their
 * mask. Every function but callbacks_config_log() wants the connection's mutex held. */
#ifndef SQLPROD_CONNECTION_CALLBACKS_H
#define SQLPROD_CONNECTION_CALLBACKS_H

#include "sqlite/callbacks.h"
#include "sqlite/sqlite.h"

struct connection;
struct error_log;

/* The program's callbacks are not called for what is run between these two. They nest as pairs: the outermost count. */
void callbacks_suspend(struct connection *connection);
void callbacks_resume(struct connection *connection);

/* What fails in this thread between these two is not for the program's error log. */
void callbacks_log_suspend(void);
void callbacks_log_resume(void);

/* What has failed in this thread, and waits for callbacks_log_release(). */
struct held_failure {
	bool on;
	const struct error_log *log;
	int rc;
	char *message; /* NULL if there is none */
};
extern _Thread_local struct held_failure callbacks_held;

/* Ends it: it goes to the program's error log, or nowhere. */
void callbacks_log_give(bool gives);

/* What fails in this thread between these two is kept until it is known whether the compile that fails will be repeated: then its
 * last failure is not for the program's error log (!gives), as it comes again or was never to be. A callback that leaves by
 * longjmp() may leave out the second call. */
static inline void callbacks_log_hold(void)
{
	if (callbacks_held.message)
		callbacks_log_give(true);
	callbacks_held.on = true;
}

static inline void callbacks_log_release(bool gives)
{
	callbacks_held.on = false;
	if (callbacks_held.message)
		callbacks_log_give(gives);
}

/* The program's calls of the functions of these names. Each returns what SQLite would. */
int callbacks_trace_v2(struct connection *connection, unsigned mask, int (*trace)(unsigned, void *, void *, void *),
		       void *argument);
void *callbacks_trace(struct connection *connection, void (*trace)(void *, const char *), void *argument);
void *callbacks_profile(struct connection *connection, void (*profile)(void *, const char *, sqlite3_uint64), void *argument);
void *callbacks_commit_hook(struct connection *connection, int (*hook)(void *), void *argument);
void *callbacks_rollback_hook(struct connection *connection, void (*hook)(void *), void *argument);
void callbacks_progress_handler(struct connection *connection, int steps, int (*handler)(void *), void *argument);

/* Has `starts` called whenever a statement of the program's starts to run, with its text as it was prepared; or nobody any more
 * (NULL). Called with NULL, it will be called no more. The program's own trace is called out of ours meanwhile. False where that
 * cannot be, or SQLite has no sqlite3_trace_v2() (before 3.14). */
bool callbacks_watch(struct connection *connection, void (*starts)(struct connection *connection, const char *sql));

/* Asks the program's authorizer. */
int callbacks_authorize(struct connection *connection, int action, const char *first, const char *second, const char *schema,
			const char *trigger);

/* sqlite3_close_v2() of a connection that statements keep alive: SQLite has the program's own callbacks again, as our record of it
 * ends here. */
void callbacks_give_back(struct connection *connection);

/* What the program gave to sqlite3_config(SQLITE_CONFIG_LOG), in which our own failures do not appear: replaces both by ours. Any
 * number of copies of SQLite may have one. Without memory nothing is changed. */
void callbacks_config_log(void (**log)(void *, int, const char *), void **argument);

#endif
