/* journal_turn.h - deferred transactions that have a rollback journal still, while the switch to WAL is about to be made.
 *
 * Where several processes start at once with a new database, one that gets no processor for a moment keeps the others from the
 * switch, and they go on without (policy/journal_mode.c). A BEGIN of an embedded copy stays deferred then: of two that have read
 * and both write, SQLite fails one at once. So while a connection tries the switch again at short intervals, its transactions take
 * turns, from their first read on, and with those that switch: by a lock on a byte of the database file that SQLite does not use,
 * far past its end. Nobody waits for longer than a reservation lasts, and with no lock of SQLite's. Nothing is written, and the
 * lock goes with its process.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_JOURNAL_TURN_H
#define SQLPROD_LOCKING_JOURNAL_TURN_H

#include <stdatomic.h>
#include <stdbool.h>

struct file_shim;

/* Part of struct file_shim. */
struct journal_turn {
	bool is_due;         /* the switch to WAL was refused, and is tried again soon */
	atomic_bool is_held; /* others of the process look */
	bool switches;       /* it is held for a switch, over several locks of SQLite's */
};

/* A statement that writes, begins or ends a transaction is next, and the switch is to be tried before: waits for the turn, which
 * journal_turn_begin_switch() then has, as the transaction would have to. Not as long: it is not lost if another one switches. */
void journal_turn_wait_to_switch(struct file_shim *shim);

/* Whether the connection may switch: it has the turn, or one of its own thread has. Else it is to try again; if it may, it says
 * when it is done. */
bool journal_turn_begin_switch(struct file_shim *shim);
void journal_turn_end_switch(struct file_shim *shim);

void journal_turn_set_due(struct file_shim *shim, bool is_due);

/* SQLite is about to take SHARED: if it is for a transaction, or for a statement that writes, waits for its turn. */
void journal_turn_wait(struct file_shim *shim);

/* SQLite did not get SHARED, or has given it back. */
void journal_turn_end(struct file_shim *shim);

#endif
