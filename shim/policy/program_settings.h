/* program_settings.h - what the program decides for itself: by PRAGMA, and by sqlite3_busy_timeout() and sqlite3_busy_handler().
 *
 * Its word stands, but for what the operator wants otherwise and for too short a wait. Every function wants the connection's mutex
 * held. */
#ifndef SQLPROD_POLICY_PROGRAM_SETTINGS_H
#define SQLPROD_POLICY_PROGRAM_SETTINGS_H

#include "connection/connection.h"
#include "sql/rewrite.h"

/* The program's sqlite3_busy_timeout(): the recipe's timeout is a floor, the operator's is exact. Returns SQLite's code. */
int program_busy_timeout(struct connection *connection, int milliseconds);

/* The program's sqlite3_busy_handler(). Its own handler stays; without one (NULL) the connection waits as after busy_timeout(0). */
int program_busy_handler(struct connection *connection, int (*handler)(void *, int), void *argument);

/* The same where the program's handler is found to be in its slot already. */
void program_found_busy_handler(struct connection *connection, int (*handler)(void *, int), void *argument);

/* The setting of ours that this PRAGMA sets or asks for; SETTING_APPLIED_COUNT if it is about another, or about an attached
 * database alone. */
enum setting program_pragma_setting(const struct sql_text *text, const struct statement *statement);

/* This PRAGMA sets that one. True if it is to be rewritten, with *out filled. */
bool program_pragma(struct connection *connection, const struct sql_text *text, const struct statement *statement,
		    enum setting setting, struct rewrite *out);

#endif
