/* foreign_keys.h - foreign_keys=ON by recipe refuses bad rows. It removes and changes no row that would have stayed, save by a
 * DELETE or UPDATE of the parent that the program itself wrote; and a program that worked without foreign keys works on.
 *
 * SQLite reads its flag when it compiles a statement: fresh, or again inside sqlite3_step() after the schema changed. So that is
 * where we decide, for each compile anew. The flag of the connection is on, as PRAGMA foreign_keys tells; it is changed in place
 * (sqlite/flag_bits.h), as SQLite's own ways to change it end the statements that run. Our authorizer sees every compile:
 *
 * - A statement that the program prepares or executes is compiled with foreign keys, and watched (foreign_keys_watch.h). If actions
 *   are due to anything else than its own DELETE or UPDATE of the parent (REPLACE, also one in the schema or handed into a trigger;
 *   an upsert; a DELETE inside a trigger), or if it cannot be compiled with foreign keys, as a parent is missing or has no unique
 *   key, it is compiled again without: foreign_keys_compile.c. DROP TABLE and ALTER TABLE are compiled without from the start.
 * - A kept statement that SQLite compiles again inside sqlite3_step() is watched too, and stepped again if need be:
 *   foreign_keys_step.h. A compile that neither hook sees is left without.
 *
 * Rows may come before their parents inside a transaction: PRAGMA defer_foreign_keys, likewise a flag, is set whenever we pass by,
 * whenever the write lock of the main database is taken, and where a BEGIN or SAVEPOINT was stepped. What is an orphan at COMMIT is
 * refused there. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_H
#define SQLPROD_POLICY_FOREIGN_KEYS_H

#include "connection/connection.h"

/* Turns foreign_keys on or off on the connection, by SQLite's own way. False if SQLite did not do it. */
bool foreign_keys_set(struct connection *connection, bool on);

/* Is it on now? */
bool foreign_keys_are_on(struct connection *connection);

/* On a connection that is just being opened: turns foreign keys on by recipe. NULL, or a constant that says why they stay off. */
const char *foreign_keys_begin(struct connection *connection);

/* Before each statement of the program's that is looked at; is_v1: of sqlite3_prepare(). */
void foreign_keys_before(struct connection *connection, const struct sql_text *text, const struct statement *statement, bool is_v1);

/* Between statements of the program's: what was left off is on again. */
void foreign_keys_enter(struct connection *connection);

/* Foreign keys are no longer ours: they stay as the program decided. */
void foreign_keys_leave_to_program(struct connection *connection);

/* Between these, statements are compiled without foreign keys: those of SQLite's own extensions. resume() only where suspend() was
 * true: while they are ours. */
bool foreign_keys_suspend(struct connection *connection);
void foreign_keys_resume(struct connection *connection);

/* The program says PRAGMA defer_foreign_keys, whoever decides on foreign keys: statements of ours must not end it. */
void foreign_keys_program_defers(struct connection *connection);

/* Before sqlite3_close_v2(), after which SQLite may keep the handle though we forget it. */
void foreign_keys_closing(struct connection *connection);

/* The flags of the connection itself, while foreign keys are ours. */
static inline void foreign_keys_switch(struct connection *connection, bool on)
{
	flag_bit_set(connection->db, connection->foreign_keys.bits->enabled, on);
}

static inline bool foreign_keys_is_switched_on(const struct connection *connection)
{
	return flag_bit_is_set(connection->db, connection->foreign_keys.bits->enabled);
}

/* SQLite clears this one where a transaction ends, or a statement outside of one: then the program's PRAGMA has ended too. */
static inline void foreign_keys_set_deferred(struct connection *connection, bool on)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->defers)
		return;
	keys->program_defers = keys->program_defers && flag_bit_is_set(connection->db, keys->bits->deferred);
	flag_bit_set(connection->db, keys->bits->deferred, on);
}

/* Between statements of the program's: orphans wait for COMMIT, and what was for a transaction that has ended is forgotten. SQLite
 * clears the flag at the end of each, and kept statements are not compiled again: so each BEGIN is seen where it is stepped
 * (foreign_keys_step.h). */
void foreign_keys_defer(struct connection *connection);

/* Our authorizer, to be installed in front of the program's; its first argument is the connection. */
int foreign_keys_authorize(void *connection, int action, const char *first, const char *second, const char *schema,
			   const char *trigger);

/* While foreign keys are ours: puts our authorizer in front, if it is not there yet. False if they are not ours, or no longer. */
bool foreign_keys_arm(struct connection *connection);

/* sqlite3_blob_open() by open(argument), once or twice: with foreign keys, SQLite refuses to open a child's column for writing. */
int foreign_keys_open_blob(struct connection *connection, const char *table, int (*open)(void *argument), void *argument);

/* May this error of a compile be due to foreign keys? A parent that is missing, or has no unique key; an action whose trigger does
 * not compile; and the program's authorizer may deny what an action does. */
struct foreign_key_watch;
bool foreign_keys_may_refuse_compile(const struct connection *connection, const struct foreign_key_watch *watch, int rc);

/* Compiles the program's statement by prepare(argument), which sets *stmt, once or twice; is_harmful: an attempt has shown that it
 * sets actions off for certain (foreign_keys_attempt.h). *enforced (may be NULL) tells whether foreign keys are in the result.
 * Returns SQLite's code. */
int foreign_keys_compile(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			 bool is_harmful, int (*prepare)(void *argument), void *argument, sqlite3_stmt **stmt, bool *enforced);

/* sqlite3_exec() of the text, which is that statement and no other. */
int foreign_keys_execute(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			 const char *sql, int (*callback)(void *, int, char **, char **), void *argument, char **message);

/* sqlite3_exec() of a text that is one statement without rows, which begins or ends a transaction. */
int foreign_keys_execute_rowless(struct connection *connection, const char *sql, char **message);

/* sqlite3_exec() of a text whose statements were not looked at, as memory is out: without foreign keys, if they are ours. */
int foreign_keys_execute_unseen(struct connection *connection, const char *sql, int (*callback)(void *, int, char **, char **),
				void *argument, char **message);

#endif
