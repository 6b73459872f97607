/* error_log.h - the error log that a program gave to sqlite3_config(): what fails in a statement of ours does not appear there.
 *
 * Needs no lock: what is noted is the thread's own. */
#ifndef SQLPROD_CONNECTION_ERROR_LOG_H
#define SQLPROD_CONNECTION_ERROR_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct error_log;

/* What fails in this thread between these two is not for the program's error log. */
void error_log_suspend(void);
void error_log_resume(void);

/* What has failed in this thread, and waits for error_log_release(). */
struct held_failure {
	bool on;
	const struct error_log *log;
	int rc;
	char *message; /* NULL if there is none */
};
extern _Thread_local struct held_failure error_log_held;

/* Ends it: it goes to the program's error log, or nowhere. */
void error_log_give(bool gives);

/* What fails in this thread between these two is kept until it is known whether the compile that fails will be repeated: then its
 * last failure is not for the program's error log (!gives), as it comes again or was never to be. A callback that leaves by
 * longjmp() may leave out the second call. */
static inline void error_log_hold(void)
{
	if (error_log_held.message)
		error_log_give(true);
	error_log_held.on = true;
}

static inline void error_log_release(bool gives)
{
	error_log_held.on = false;
	if (error_log_held.message)
		error_log_give(gives);
}

/* What the program gave to sqlite3_config(SQLITE_CONFIG_LOG), in which our own failures do not appear: replaces both by ours. Any
 * number of copies of SQLite may have one. Without memory nothing is changed. */
void error_log_config(void (**log)(void *, int, const char *), void **argument);

#endif
