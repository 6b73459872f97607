/* idle_checkpoint.h - soon after the last commit of a burst, what is in the -wal is copied into the database: who copies the file
 * alone, by another process, gets all rows, as from a program without the library.
 *
 * Only where WAL is not the program's choice, and the program leaves checkpoints to SQLite. In a process of several threads a
 * thread of ours does it (idle_thread.h). Others have none (base/threads.h): there the program itself copies when it waits, in
 * poll(), sleep() and the like (embedded/wait_parts.h). */
#ifndef SQLPROD_POLICY_IDLE_CHECKPOINT_H
#define SQLPROD_POLICY_IDLE_CHECKPOINT_H

#include "locking/idle_wal.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Once in a process that opens a database. */
void idle_checkpoint_start(void);

/* For pthread_atfork(3). Where the program has one thread left, ours ends: it may ask then whether it has one only. What is not
 * copied yet is then copied before the fork (checkpoints.h). */
void idle_checkpoint_before_fork(void);
void idle_checkpoint_after_fork(void);
void idle_checkpoint_forked(void);

/* Before a call that the kernel refuses to a process of several threads: ends ours where the program has one thread, as before a
 * fork. errno is kept. */
void idle_checkpoint_end_threads(void);

/* Before the process confines itself, as by seccomp(2), which may kill it for what a copy does: from now on nothing is copied at
 * rest, in its children neither. What has been committed is copied once more. errno is kept. */
void idle_checkpoint_confine(void);

/* Something may have to be copied by a thread that waits. */
extern atomic_bool idle_checkpoint_awaits_wait;

/* Commits were made, but none of them is to be copied before that time: a wait which is over by then need not know of them. Any
 * thread, and in a signal handler. */
bool idle_checkpoint_rests_until(int64_t now, int64_t end);

/* Blocks the calling thread's signals, but those that come of what it does itself. */
void idle_checkpoint_block_signals(sigset_t *before);

/* The calling thread waits, with its signals blocked so, and before that those of mask: copies what is due. Returns when the next
 * copy is due; IDLE_WAL_NEVER if none is, or if the call may be part of a signal handler or of SQLite. errno is kept. */
int64_t idle_checkpoint_in_wait(int64_t now, const sigset_t *mask);

#endif
