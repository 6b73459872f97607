/* turn.h - whose turn it is to have a database's write lock.
 *
 * What a gate (gate.h) sees, each connection for itself, and what follows: when to wake one who waits, when to let it go first,
 * when to wait for a checkpoint. A connection that comes back at once may take the lock again for a millisecond, its turn: handing
 * over costs more than a short transaction. Nothing here can keep a lock from anybody: at worst it is found late, by one who looks.
 */
#ifndef SQLPROD_TURN_H
#define SQLPROD_TURN_H

#include "gate.h"

/* The write lock is about to be tried; was had; is about to be given back; was given back. */
void turn_wanted(struct gate *gate);
void turn_taken(struct gate *gate);
void turn_ends(struct gate *gate);
void turn_ended(struct gate *gate);

/* Lets the next one in, unless the turn goes on. */
void turn_pass_on(struct gate *gate);

/* A transaction begins, with no lock held yet. May sleep a millisecond, to let one go first who was just woken. */
void turn_before_read(struct gate *gate);

/* The checkpoint lock is about to be tried; somebody else has it, and will let the next one in at the end. */
void turn_checkpoint_wanted(struct gate *gate);
void turn_checkpoint_refused(struct gate *gate);

/* Waits until the write lock was given back and it is our turn (true), or until the clock shows `until`, at most TURN_NAP away. Who
 * waits since an earlier time goes first. gate->shared must not be NULL. */
#define TURN_NAP INT64_C(64000000)
bool turn_wait(struct gate *gate, int64_t since, int64_t until);

/* Is somebody checkpointing after a commit? A writer that came now would keep the WAL from starting anew. */
bool turn_checkpoint_runs(struct gate *gate);

/* Moves with each commit to the database, whoever made it. */
uint32_t turn_changes(const struct gate *gate);

#endif
