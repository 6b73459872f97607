/* foreign_keys_watch.h - what one compile of a statement does by foreign key actions, and whether the program wrote that itself.
 *
 * SQLite compiles an action (CASCADE, SET NULL, SET DEFAULT) as a DELETE or UPDATE of the child, and asks the authorizer for it: by
 * the name of no trigger, as for the statement's own DELETE or UPDATE. What a trigger does comes with the trigger's name. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_WATCH_H
#define SQLPROD_POLICY_FOREIGN_KEYS_WATCH_H

#include "connection/connection.h"

#include <stddef.h>
#include <string.h>

#define WATCH_WRITES 24 /* that are told apart; with more it is not decided for foreign keys */

struct watched_write {
	int action;
	const char *schema, *table, *column; /* SQLite's own, until the schema is read again */
	bool by_trigger;
};

struct foreign_key_watch {
	struct foreign_key_watch *outer;
	enum {
		WATCH_PROGRAM,
		WATCH_PROBE,
		WATCH_NOTHING
	} mode; /* a statement of the program's, one of ours, one that is decided */
	enum write_verb verb;

	const char *schema, *table;        /* of the statement itself; the first for DROP TABLE only */
	unsigned deletes, updates, others; /* by no trigger: DELETEs, UPDATEs of a column of that table, of others */

	/* Of UPDATEs of that table some may be actions on itself: an UPDATE's own columns come first, and the action reads the
	 * table before it; after what an INSERT sets in its upsert, the check of the new row reads the parent. */
	bool has_read, has_updated_after_read;

	unsigned reads;   /* of any column */
	unsigned ignored; /* those for which the program's authorizer wants NULL */
	unsigned count, by_triggers;
	bool overflown;
	struct watched_write writes[WATCH_WRITES]; /* the first `count` */
};

/* A new one; what it has not seen is not set. */
static inline void watch_init(struct foreign_key_watch *watch, enum write_verb verb)
{
	memset(watch, 0, offsetof(struct foreign_key_watch, writes));
	watch->verb = verb;
}

/* Between these the authorizer shows the watch what is compiled. Calls nest as pairs. */
void watch_begin(struct connection *connection, struct foreign_key_watch *watch);
void watch_end(struct connection *connection, struct foreign_key_watch *watch);

/* The authorizer was asked. */
void watch_see(struct foreign_key_watch *watch, int action, const char *first, const char *second, const char *schema,
	       const char *trigger);

/* Has the watch seen what may be an action? */
bool watch_has_actions(const struct foreign_key_watch *watch);

/* Does the statement that was watched set an action off by anything else than its own DELETE or UPDATE of the parent? Compiles
 * statements of ours, so that what the watch holds of SQLite's may be gone afterwards. replaces: it may be UPDATE OR REPLACE.
 * again() compiles it once more without foreign keys, under a watch of the same kind, where UPDATEs may be actions on its own
 * table.
 */
bool watch_is_harmful(struct connection *connection, const struct foreign_key_watch *watch, bool replaces,
		      bool (*again)(void *argument, struct foreign_key_watch *watch), void *argument);

/* The same for a statement that is just beginning to be compiled, of which only the action and its arguments are known. True too if
 * it cannot be compiled with foreign keys. replaces: the program has prepared statements that replace rows. */
bool watch_would_be_harmful(struct connection *connection, const struct watched_write *write, bool replaces);

/* Is the table that is dropped, as the watch has seen, a parent or child? True in doubt. */
bool watch_drops_related(struct connection *connection, const struct foreign_key_watch *watch);

/* One of SQLite's own tables: it has no foreign keys. */
bool watch_is_internal(const char *table);

#endif
