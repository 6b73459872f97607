/* idle_thread.h - the thread that copies a -wal which rests (idle_checkpoint.h), in processes that have several threads already.
 *
 * It is started by a commit, and ends when nothing is left to be copied for a while. */
#ifndef SQLPROD_POLICY_IDLE_THREAD_H
#define SQLPROD_POLICY_IDLE_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_bool idle_thread_lives;

/* Starts it if there is none, and may be one. */
void idle_thread_start(void);

/* A commit was noted: has it look at once when that is due. */
void idle_thread_wake(void);

/* Ends it, and waits for that, up to half a second. The caller keeps anything from being copied meanwhile: what was noted is
 * forgotten. */
void idle_thread_stop(void);

/* In a forked child, which has not inherited it. */
void idle_thread_forked(void);

#endif
