/* program_settings.h - settings made by the program: by PRAGMA, and by sqlite3_busy_timeout() and sqlite3_busy_handler().
 *
 * They override the recipe, except a busy timeout below the recipe's; the operator's values override them. Every function wants the
 * connection's mutex held. */
#ifndef SQLPROD_POLICY_PROGRAM_SETTINGS_H
#define SQLPROD_POLICY_PROGRAM_SETTINGS_H

#include "connection/connection.h"
#include "sql/rewrite.h"

/* The program's sqlite3_busy_timeout(): the recipe's timeout is a floor, the operator's is exact. Returns SQLite's code. */
int program_busy_timeout(struct connection *connection, int milliseconds);

/* The program's sqlite3_busy_handler(). Its own handler stays; without one (NULL) the connection waits as after busy_timeout(0). */
int program_busy_handler(struct connection *connection, int (*handler)(void *, int), void *argument);

/* The same if the program's handler is found installed already. */
void program_found_busy_handler(struct connection *connection, int (*handler)(void *, int), void *argument);

/* After statements that may have set a busy timeout: is the program's handler still in its place? */
void program_check_busy_handler(struct connection *connection);

/* The program's sqlite3_wal_hook(): is_set, or taken away. A hook has the place that SQLite's own checkpoints need. */
void program_wal_hook(struct connection *connection, bool is_set);

/* The program's sqlite3_wal_autocheckpoint(). by_sqlite: SQLite itself calls, for a PRAGMA that was seen. Returns SQLite's code. */
int program_wal_autocheckpoint(struct connection *connection, int frames, bool by_sqlite);

/* The setting that this PRAGMA sets or queries; SETTING_APPLIED_COUNT if it is another PRAGMA, or for an attached database only. */
enum setting program_pragma_setting(const struct sql_text *text, const struct statement *statement);

/* A PRAGMA that sets one of our settings, from before SQLite gets it until its result is known. */
struct program_pragma {
	enum setting setting;
	char value[64];
	bool overridden; /* the operator wants something else */
};

/* Before SQLite gets it; pragma->setting is filled in. Changes nothing yet: SQLite, or the program's authorizer, may reject it. If
 * it is overridden, *out is how to rewrite it. */
void program_pragma_begins(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			   struct program_pragma *pragma, struct rewrite *out);

/* After SQLite accepted it, the setting is the program's; after SQLite rejected it, nothing has changed. */
void program_pragma_accepted(struct connection *connection, const struct program_pragma *pragma);
void program_pragma_refused(struct connection *connection, const struct program_pragma *pragma);

#endif
