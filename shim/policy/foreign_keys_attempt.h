/* foreign_keys_attempt.h - foreign_keys=ON by recipe: a compile that is watched without having been read.
 *
 * Of most statements it need not be known what they say: they are compiled with foreign keys, and our authorizer sees no action in
 * them. So a statement is attempted like that. An authorizer must not compile anything itself
 * (sqlite.org/c3ref/set_authorizer.html); so, as soon as it sees what would have to be asked about (foreign_keys_watch.h), it
 * denies, the compile fails, and the caller goes the long way, where statements of ours may be compiled. The program sees only that
 * way's result.
 *
 * Attempted are what sqlite3_prepare_v2() compiles, where nothing else is due, and kept statements that SQLite compiles again
 * inside sqlite3_step() (foreign_keys_step.h). */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_ATTEMPT_H
#define SQLPROD_POLICY_FOREIGN_KEYS_ATTEMPT_H

#include "connection/connection.h"
#include "connection/error_log.h"

struct foreign_keys_attempt {
	struct connection *connection; /* NULL where none is under way */
	enum {
		ATTEMPT_UNASKED, /* nothing was seen yet that foreign keys matter to */
		ATTEMPT_INSERTS, /* nothing but that it is an INSERT, into the table that foreign_keys.inserted names */
		ATTEMPT_WATCHED,
		ATTEMPT_DENIED,
		ATTEMPT_DECIDED, /* it is no attempt any more: how to compile it has been decided */
	} state;
	bool may_be_update_or; /* by its text, which an UPDATE has to be asked about then */
	bool is_harmful;       /* denied because it sets actions off for certain */
	sqlite3_stmt *inside;  /* of a prepare: what this thread stepped when it began */
};

/* What this thread steps. Not on the stack: a callback may longjmp() out of it. */
struct foreign_keys_step {
	sqlite3_stmt *stmt;                  /* NULL outside of foreign_keys_step(); not if a callback has left it by longjmp() */
	struct foreign_keys_attempt attempt; /* its connection is set once our authorizer was asked about the statement */
};
extern _Thread_local struct foreign_keys_step foreign_keys_stepping;

/* The prepare that this thread attempts. Not on the stack: a callback may longjmp() out of it. */
extern _Thread_local struct foreign_keys_attempt foreign_keys_preparing;

/* Is it under way on this connection, and no statement stepped inside of it? One that a callback has left by longjmp() is still
 * there, but steps have begun since. */
static inline bool foreign_keys_prepares(const struct connection *connection)
{
	return foreign_keys_preparing.connection == connection && foreign_keys_preparing.inside == foreign_keys_stepping.stmt;
}

/* Is this question the first in the attempt that is under way, about an INSERT or DELETE, and nothing to be denied? As in most of
 * them it is then the only one. */
bool foreign_keys_attempt_begins(struct connection *connection, int action, const char *table, const char *trigger);

/* The authorizer was asked, and the program's has answered. Returns the answer. */
int foreign_keys_attempt_see(struct foreign_keys_attempt *attempt, int action, const char *first, const char *second,
			     const char *schema, const char *trigger, int answer);

/* Has it failed with rc because of us, or of foreign keys? Then the long way has to be gone. To be called once when it failed. */
bool foreign_keys_attempt_failed(const struct foreign_keys_attempt *attempt, struct connection *connection, int rc);

/* Around a compile of a statement that was not read, and may be an UPDATE OR … False if the long way has to be gone: for a virtual
 * table's statement inside of another's compile. outer: to be handed to foreign_keys_attempt_leave(). */
static inline bool foreign_keys_attempt_enter(struct connection *connection, bool may_be_update_or,
					      struct foreign_keys_attempt *outer)
{
	*outer = foreign_keys_preparing;
	if (outer->connection == connection)
		return false;
	foreign_keys_preparing =
		(struct foreign_keys_attempt){connection, ATTEMPT_UNASKED, may_be_update_or, false, foreign_keys_stepping.stmt};
	return true;
}

/* It has returned rc. False if the long way has to be gone after all; *is_harmful then tells that the statement sets actions off
 * for certain. */
static inline bool foreign_keys_attempt_leave(struct connection *connection, const struct foreign_keys_attempt *outer, int rc,
					      bool *is_harmful)
{
	struct foreign_keys_attempt self;

	if (rc == SQLITE_OK) {
		if (foreign_keys_preparing.state != ATTEMPT_UNASKED)
			error_log_release(true);
		foreign_keys_preparing = *outer;
		return true;
	}
	self = foreign_keys_preparing;
	foreign_keys_preparing = *outer;
	*is_harmful = self.is_harmful;
	return !foreign_keys_attempt_failed(&self, connection, rc);
}

#endif
