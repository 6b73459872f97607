/* idle_watcher.h - a thread that gives locks back which are due (idle_lock.h), in processes that have several threads already.
 *
 * It is started when the first such lock is left, sleeps until one is due, and ends when none was left for as long as a reservation
 * lasts. A thread that stayed would keep a process from ending whose others have ended. */
#ifndef SQLPROD_LOCKING_IDLE_WATCHER_H
#define SQLPROD_LOCKING_IDLE_WATCHER_H

#include "base/threads.h"

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_bool idle_watcher_lives;

/* A lock was left that any thread may give back: starts the watcher if there is none, and may be one. */
void idle_watcher_start(void);

static inline void idle_watcher_need(void)
{
	if (!atomic_load(&idle_watcher_lives) && !threads_is_single())
		idle_watcher_start();
}

/* For pthread_atfork(3). Where there is but one other thread, the watcher ends: a program may ask then whether it has one only. */
void idle_watcher_before_fork(void);
void idle_watcher_after_fork(void);
void idle_watcher_forked(void);

#endif
