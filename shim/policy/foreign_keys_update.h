/* foreign_keys_update.h - tables and columns that an UPDATE is known to set without replacing a row.
 *
 * An UPDATE of a parent's key sets off its ON UPDATE actions, as the program wrote it; but where the schema has ON CONFLICT REPLACE
 * it could delete other rows of the parent, with their ON DELETE actions. Statements of ours that find out cost ten times the
 * compile (foreign_keys_question.c). The answer depends on the columns that are set and on the schemas, where no trigger and no
 * authorizer of the program's has to do with it. It holds for fewer columns, too, as fewer unique keys change, and for the columns
 * of two such UPDATEs together. So columns are kept for each table, a few, as long as the schemas in SQLite's memory stay the same.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_UPDATE_H
#define SQLPROD_POLICY_FOREIGN_KEYS_UPDATE_H

#include "connection/connection.h"

struct foreign_key_watch;

/* Makes place, while nothing is known: foreign_keys_harm_begin(). */
void foreign_keys_update_begin(struct connection *connection);

/* Nothing is known any more. */
void foreign_keys_update_forget(struct connection *connection);

/* Around the statements of ours: before() returns false where nothing can be kept; after(), if it was true, keeps the columns that
 * the watch has recorded. */
struct schema_stamp;
bool foreign_keys_update_before(struct connection *connection, struct schema_stamp *stamp);
void foreign_keys_update_after(struct connection *connection, const struct schema_stamp *stamp,
			       const struct foreign_key_watch *watch);

/* The number of what is known of UPDATEs of the table; 0 if nothing is. schema may be NULL. */
unsigned foreign_keys_update_find(const struct connection *connection, const char *schema, const char *table);

/* Is the column in what has this number? */
bool foreign_keys_update_sets(const struct connection *connection, unsigned known, const char *column);

/* Are the schemas still those of what is known? */
bool foreign_keys_update_holds(const struct connection *connection);

/* Is the UPDATE that the watch has recorded a known one? */
bool foreign_keys_update_is_known(const struct connection *connection, const struct foreign_key_watch *watch);

#endif
