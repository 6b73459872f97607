/* error_log.c - which failures are the program's. */
#include "connection/error_log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* How many statements of ours are under way in this thread: their failures are not for the program's error log. */
static _Thread_local unsigned own_statements;

/* What a program gave to sqlite3_config(). Entries stay for ever. */
struct error_log {
	struct error_log *next;
	void (*log)(void *, int, const char *);
	void *argument;
};
static struct error_log *_Atomic error_logs;

_Thread_local struct held_failure error_log_held;

void error_log_give(bool gives)
{
	struct held_failure *held = &error_log_held;
	char *message = held->message;

	held->message = NULL;
	if (message && gives)
		held->log->log(held->log->argument, held->rc, message);
	free(message);
}

void error_log_suspend(void)
{
	own_statements++;
}

void error_log_resume(void)
{
	own_statements -= own_statements > 0;
}

static void on_error(void *argument, int rc, const char *message)
{
	const struct error_log *log = argument;
	struct held_failure *held = &error_log_held;

	if (own_statements)
		return;
	/* an earlier one is of what the program's callbacks do meanwhile */
	error_log_give(true);
	held->log = log;
	held->rc = rc;
	held->message = held->on ? strdup(message) : NULL;
	if (!held->message)
		log->log(log->argument, rc, message);
}

void error_log_config(void (**log)(void *, int, const char *), void **argument)
{
	struct error_log *known = atomic_load(&error_logs);

	if (!*log)
		return;
	while (known && (known->log != *log || known->argument != *argument))
		known = known->next;
	if (!known) {
		known = malloc(sizeof(*known));
		if (!known)
			return;
		*known = (struct error_log){.log = *log, .argument = *argument, .next = atomic_load(&error_logs)};
		while (!atomic_compare_exchange_weak(&error_logs, &known->next, known))
			;
	}
	*log = on_error;
	*argument = known;
}
