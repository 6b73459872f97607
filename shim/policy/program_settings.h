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

/* The setting of ours that this PRAGMA sets or asks for; SETTING_APPLIED_COUNT if it is about another, or about an attached
 * database alone. */
enum setting program_pragma_setting(const struct sql_text *text, const struct statement *statement);

/* A PRAGMA that sets one of our settings, from before SQLite gets it until it is known what became of it. */
struct program_pragma {
	enum setting setting;
	char value[64];
	bool overridden; /* the operator wants something else */
};

/* Before SQLite gets it; pragma->setting is filled in. Decides nothing yet: SQLite, or the program's authorizer, may refuse it. If
 * it is overridden it is to be rewritten as *out says. */
void program_pragma_begins(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			   struct program_pragma *pragma, struct rewrite *out);

/* After SQLite took it: now the program has decided. Or refused it: nothing has changed. */
void program_pragma_accepted(struct connection *connection, const struct program_pragma *pragma);
void program_pragma_refused(struct connection *connection, const struct program_pragma *pragma);

#endif
