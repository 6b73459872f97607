/* signals.h - may the calling code be part of a signal handler, which has interrupted SQLite or malloc()? */
#ifndef SQLPROD_BASE_SIGNALS_H
#define SQLPROD_BASE_SIGNALS_H

#include <stdbool.h>

/* A handler runs with its signal blocked. So false where none is blocked; and where all are, as around the vfork() of Python and
 * of libuv, unless a handler is installed that blocks all as well. A handler that blocks nothing (SA_NODEFER) is not recognized. */
bool signals_may_be_handled(void);

/* Is a handler installed that blocks not even its own signal (SA_NODEFER)? Some sixty system calls. */
bool signals_have_nested_handler(void);

#endif
