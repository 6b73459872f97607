/* foreign_keys_watch.h - what one compile of a statement does by foreign key actions, and whether the program wrote that itself.
 *
 * SQLite compiles an action (CASCADE, SET NULL, SET DEFAULT) as a DELETE or UPDATE of the child, and asks the authorizer for it: by
 * the name of no trigger, as for the statement's own DELETE or UPDATE. What a trigger does comes with the trigger's name. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_WATCH_H
#define SQLPROD_POLICY_FOREIGN_KEYS_WATCH_H

#include "connection/connection.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define WATCH_WRITES 24 /* that are told apart; with more it is not decided for foreign keys */
#define WATCH_SOURCES 6
#define WATCH_NAME 128

struct watched_write {
	const char *schema, *table, *column;
};

/* A table that is read, and of which columns: a bit for each watch_bit_of_column(). */
struct watched_source {
	char schema[64], table[WATCH_NAME];
	uint64_t columns;
};

struct foreign_key_watch {
	struct foreign_key_watch *outer;
	const sqlite3_stmt *inside; /* what this thread stepped when it began */
	enum {
		WATCH_PROGRAM,
		WATCH_PROBE,
		WATCH_NOTHING
	} mode; /* a statement of the program's; one that is only counted, as ours are; one that is decided */
	enum write_verb verb;
	bool replaces; /* by its own words: it may be UPDATE OR REPLACE */
	bool denied;   /* what was seen is harmful for certain, so that the compile was ended */

	unsigned deletes, updates, others; /* by no trigger: DELETEs, UPDATEs of a column of that table, of others */

	/* Of UPDATEs of that table some may be actions on itself: an UPDATE's own columns come first, and the action reads the
	 * table before it, or a trigger that calls it writes; after what an INSERT sets in its upsert, the check of the new row
	 * reads the parent. */
	bool has_read, has_updated_after_read;

	/* Might REPLACE be in an UPDATE, its own or a trigger's? Then foreign keys have the same columns read for each unique key.
	 */
	bool has_updated, may_recheck;
	unsigned char reads_of[16]; /* by a hash of the column, since the last UPDATE was seen */
	unsigned updated;           /* the hash of its table */

	unsigned reads;                 /* of any column */
	unsigned ignored;               /* those for which the program's authorizer wants NULL */
	struct watched_source *sources; /* if set: tables that are read, by no trigger; WATCH_SOURCES at most */
	unsigned source_count;

	unsigned by_triggers; /* writes */
	unsigned count;
	bool overflown;
	unsigned char
		known; /* in an attempt: foreign_keys_update_find() of its table, as long as it sets only columns in that; else 0 */

	/* Of the statement itself. All names are copies: within one call SQLite may compile several
	 * times, and reads the schema again in between. */
	char schema[64], table[WATCH_NAME];

	struct watched_write writes[WATCH_WRITES]; /* the first `count`: UPDATEs of that table, in a statement of the program's */
};

/* A new one; what it has not seen is not set. */
static inline void watch_init(struct foreign_key_watch *watch, enum write_verb verb, bool replaces)
{
	memset(watch, 0, offsetof(struct foreign_key_watch, schema));
	watch->schema[0] = watch->table[0] = '\0';
	watch->verb = verb;
	watch->replaces = replaces;
}

/* Frees its copies. */
void watch_release(struct foreign_key_watch *watch);

/* Between these the authorizer shows what is compiled to a copy of the watch, which has it at the end. Calls nest as pairs, but for
 * those that a callback of the program's leaves by longjmp(): the copy is not on the stack. */
void watch_begin(struct connection *connection, struct foreign_key_watch *watch);
void watch_end(struct connection *connection, struct foreign_key_watch *watch);

/* A call of the program's has begun that is inside of no other: what is shown still is of one that was left like that. */
void watch_forget(struct connection *connection);

/* The authorizer was asked. */
void watch_see(struct foreign_key_watch *watch, int action, const char *first, const char *second, const char *schema,
	       const char *trigger);

/* The same for the first question that the watch is shown, of a compile that is only counted: about the INSERT or DELETE that the
 * statement itself is. */
void watch_begin_probe(struct foreign_key_watch *watch, int action, const char *table);

uint64_t watch_bit_of_column(const char *column);

/* Has the watch seen what may be an action? */
bool watch_has_actions(const struct foreign_key_watch *watch);

/* May foreign keys have it look again whether rows are unique, and wrongly? foreign_keys_bytecode.h */
bool watch_may_recheck(const struct connection *connection, const struct foreign_key_watch *watch);

/* May it count less orphans than none, which SQLite refuses since 3.52, in a statement that cannot be stepped again? */
bool watch_may_miscount(const struct connection *connection, const struct foreign_key_watch *watch);

/* Has it seen more than the statement's own write? That may be due to foreign keys, and be what does not compile. */
bool watch_has_more(const struct foreign_key_watch *watch);

/* Are these, as far as it has come, all due to the statement's own DELETE? And does no authorizer of the program's hide anything?
 */
bool watch_is_clear(const struct connection *connection, const struct foreign_key_watch *watch);

/* Is an action called by what is no DELETE or plain UPDATE, whatever else is seen? */
bool watch_is_harmful_for_certain(const struct foreign_key_watch *watch);

/* Does the statement that was watched, and just compiled, set an action off by anything else than its own DELETE or UPDATE of the
 * parent, or fail where it would not without foreign keys? True in doubt. Compiles statements of ours. *interrupted becomes true if
 * the program did that meanwhile. */
bool watch_is_harmful(struct connection *connection, const struct foreign_key_watch *watch, const struct sql_text *text,
		      const struct statement *statement, bool *interrupted);

/* Is the table that is dropped, as the watch has seen, a parent or child? True in doubt. */
bool watch_drops_related(struct connection *connection, const struct foreign_key_watch *watch);

/* Does this INSERT read the foreign keys of a table that has orphans, and all those keys of the one that it writes to? Then its
 * rows may be those of the other, as when a table is made anew, and orphans among them are no new ones. */
bool watch_copies_rows(struct connection *connection, const char *sql);

/* How many of what it saw are actions. own: of the columns that an UPDATE sets. */
unsigned watch_count_actions(const struct foreign_key_watch *watch, unsigned own);

/* May UPDATEs of its table be actions? What a trigger deletes can set one off, too. */
bool watch_is_in_doubt(const struct foreign_key_watch *watch);

/* One of SQLite's own tables: it has no foreign keys. */
static inline bool watch_is_internal(const char *table)
{
	return !table || ((table[0] | 0x20) == 's' && strncasecmp(table, "sqlite_", 7) == 0);
}

#endif
