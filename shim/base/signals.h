/* signals.h - may the calling code be part of a signal handler, which has interrupted SQLite or malloc()? */
#ifndef SQLPROD_BASE_SIGNALS_H
#define SQLPROD_BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* A handler runs with its signal blocked. So false where none is blocked; and where all are, as around the vfork() of Python and
 * of libuv, unless a handler is installed that blocks all as well. A handler that blocks nothing (SA_NODEFER) is not recognized. */
bool signals_may_be_handled(void);

/* May a handler be under way in this thread, which had that mask when it called us? One is installed whose signal is blocked, as it
 * is while its handler runs, or one that blocks not even its own (SA_NODEFER). Some sixty system calls. */
bool signals_handler_may_run(const sigset_t *mask);

#endif
