/* foreign_keys.h - foreign_keys=ON by recipe deletes nothing in a program that did not ask for it.
 *
 * Two statements delete rows that they would have kept with the switch off (sqlite.org/foreignkeys.html#fk_schemacommands): DROP
 * TABLE of a parent, which runs an implicit DELETE with all its actions, and REPLACE into a parent, which fires ON DELETE actions
 * for the row it replaces. An ordinary DELETE does what the schema says: that is the setting.
 *
 * DROP TABLE: SQLite decides about the implicit DELETE when it compiles the statement, also when it compiles one again that the
 * program kept and steps once more. Just before, it asks the authorizer. So ours turns the switch off there, and the next statement
 * turns it on again. REPLACE: the recipe yields, and the switch stays off on this connection. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_H
#define SQLPROD_POLICY_FOREIGN_KEYS_H

#include "connection/connection.h"

/* Turns foreign_keys on or off on the connection, also inside a transaction, where PRAGMA foreign_keys does nothing. False if
 * SQLite did not do it. */
bool foreign_keys_set(struct connection *connection, bool on);

/* Is it on now? */
bool foreign_keys_are_on(struct connection *connection);

/* Before each statement, while foreign_keys is on by recipe, with the connection's mutex held: ends a suspension, prepares for a
 * DROP TABLE, yields where this statement's REPLACE, or one inside the schema, could delete rows. */
void foreign_keys_before(struct connection *connection, const struct sql_text *text, const struct statement *statement);

/* Before a statement of sqlite3_prepare() or sqlite3_prepare16() is prepared: yields. */
void foreign_keys_before_v1(struct connection *connection);

/* Before statements run that foreign_keys_before() will not see: they may drop tables. */
void foreign_keys_before_unseen(struct connection *connection);

/* Ends a suspension. */
void foreign_keys_resume(struct connection *connection);

/* Our authorizer, to be installed in front of the program's; its first argument is the connection. */
int foreign_keys_authorize(void *connection, int action, const char *first, const char *second, const char *schema,
			   const char *trigger);

#endif
