/* interpreter_lock.h - the lock without which no other thread of an interpreter runs: Ruby's. */
#ifndef SQLPROD_BASE_INTERPRETER_LOCK_H
#define SQLPROD_BASE_INTERPRETER_LOCK_H

#include <stdbool.h>

/* Does the calling thread have Ruby's lock (GVL), as it has in the calls of Ruby's sqlite3? While it waits then, no other thread of
 * Ruby's goes on. False where the program was not loaded with Ruby. */
bool interpreter_lock_is_held(void);

#endif
