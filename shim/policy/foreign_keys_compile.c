/* foreign_keys_compile.c - compiles what the program prepares or executes, with foreign keys or without. */
#include "base/log.h"
#include "connection/error_log.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_harm.h"
#include "policy/foreign_keys_returning.h"
#include "policy/foreign_keys_watch.h"
#include "sqlite/callbacks.h"

#include <string.h>

/* One statement on its way through the compiler. */
struct compile {
	struct connection *connection;
	const struct sql_text *text;
	const struct statement *statement;
	bool is_harmful;
	int (*prepare)(void *argument);
	void *argument;
	sqlite3_stmt **stmt;
};

static void say_left_off(struct connection *connection, enum warning topic, const char *why, const char *table)
{
	const char *path = *connection->path ? connection->path : "a database without a file";

	connection->outcomes[SETTING_FOREIGN_KEYS].reason = why;
	log_warn_once(topic, connection->path,
		      "foreign_keys left off for a statement on %s (table %s): %s; set SQLPROD_FOREIGN_KEYS=on to enforce them all "
		      "the same",
		      path, table && *table ? table : "unknown", why);
}

static int prepare_without(const struct compile *compile, struct foreign_key_watch *watch)
{
	struct connection *connection = compile->connection;
	int rc;

	foreign_keys_switch(connection, false);
	watch_begin(connection, watch);
	rc = compile->prepare(compile->argument);
	watch_end(connection, watch);
	if (connection->foreign_keys.ours)
		foreign_keys_switch(connection, true);
	return rc;
}

/* Where foreign keys may be what it fails by, it is compiled again, and that failure is the one for the program's error log. */
static int prepare_with(const struct compile *compile, struct foreign_key_watch *watch)
{
	struct connection *connection = compile->connection;
	int rc;

	error_log_hold();
	watch_begin(connection, watch);
	rc = compile->prepare(compile->argument);
	watch_end(connection, watch);
	error_log_release(rc == SQLITE_OK || watch->denied || !foreign_keys_may_refuse_compile(connection, watch, rc));
	return rc;
}

/* SQLite takes a parent whose key the program's authorizer hides for missing, and would refuse every row. */
static bool hides_parent(const struct compile *compile, unsigned ignored)
{
	struct foreign_key_watch without = {.mode = WATCH_NOTHING};
	sqlite3_stmt *with = *compile->stmt;
	bool compiles;

	error_log_suspend();
	compiles = ignored && prepare_without(compile, &without) == SQLITE_OK;
	error_log_resume();
	if (compiles)
		compile->connection->sqlite->finalize(*compile->stmt);
	*compile->stmt = with;
	return compiles && without.ignored < ignored;
}

/* Errors that the code for a foreign key can meet: of the parent, of its key's collation, of limits that the program has set. An
 * action can meet them before the authorizer is asked about it: its column is generated, its default calls a function that this
 * connection has not, its table is one that may not be written. */
static bool is_of_keys(const char *message)
{
	static const char *const errors[] = {"no such table",
					     "foreign key",
					     "no such collation sequence",
					     "triggers nested too deep",
					     "Expression tree is too large",
					     "cannot UPDATE generated column",
					     "no such function",
					     "table "};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strncmp(message, errors[i], strlen(errors[i])) == 0)
			return true;
	return false;
}

bool foreign_keys_may_refuse_compile(const struct connection *connection, const struct foreign_key_watch *watch, int rc)
{
	const char *message = connection->sqlite->errmsg ? connection->sqlite->errmsg(connection->db) : "";

	if ((rc & 0xff) == SQLITE_AUTH)
		return true;
	return (rc & 0xff) == SQLITE_ERROR && (is_of_keys(message) || watch_has_more(watch));
}

static void say_it_yields(struct connection *connection, const char *table)
{
	connection->foreign_keys.miscounts = true;
	say_left_off(connection, WARNING_FOREIGN_KEYS_YIELD,
		     "REPLACE, an upsert or a trigger would set its ON DELETE or ON UPDATE actions off, or fail", table);
}

/* One that is known to set actions off. False if it has to be judged after all: the compile has read other schemas. */
static bool compile_known(const struct compile *compile, const char *table, int *rc)
{
	struct connection *connection = compile->connection;
	bool holds;

	error_log_hold();
	*rc = prepare_without(compile, &(struct foreign_key_watch){.mode = WATCH_NOTHING});
	holds = foreign_keys_harm_holds(connection);
	error_log_release(holds);
	if (holds && *rc == SQLITE_OK)
		say_it_yields(connection, table);
	if (holds)
		return true;
	connection->sqlite->finalize(*compile->stmt);
	*compile->stmt = NULL;
	return false;
}

static int compile_watched(struct compile *compile, struct foreign_key_watch *watch, bool *enforced)
{
	struct connection *connection = compile->connection;
	const char *table = watch->table;
	bool hides = false, interrupted = false;
	int rc = SQLITE_OK, with = SQLITE_OK;

	if (!compile->is_harmful)
		rc = with = prepare_with(compile, watch);
	if (watch->denied) {
		error_log_resume();
		connection->sqlite->finalize(*compile->stmt);
		with = SQLITE_OK;
	} else if (compile->is_harmful) {
		table = connection->foreign_keys.attempt->table;
	} else if (rc == SQLITE_OK) {
		if (!watch_has_actions(watch) && !watch->ignored && !watch_may_recheck(connection, watch) &&
		    !watch_may_miscount(connection, watch))
			return rc;
		hides = hides_parent(compile, watch->ignored);
		*enforced = !hides && !watch_is_harmful(connection, watch, compile->text, compile->statement, &interrupted);
		sqlite_forget_error(connection->sqlite, connection->db);
		if (*enforced)
			return rc;
		connection->sqlite->finalize(*compile->stmt);
		*compile->stmt = NULL;
		if (interrupted)
			return SQLITE_INTERRUPT;
	} else if (!foreign_keys_may_refuse_compile(connection, watch, rc)) {
		return rc;
	}
	*enforced = false;
	rc = prepare_without(compile, &(struct foreign_key_watch){.mode = WATCH_NOTHING});
	if (rc == SQLITE_OK && (watch->denied || compile->is_harmful))
		foreign_keys_harm_note(connection, compile->text, compile->statement->start, table);
	if (rc == SQLITE_OK)
		connection->foreign_keys.miscounts = true;
	if (rc == SQLITE_OK && hides)
		say_left_off(connection, WARNING_FOREIGN_KEYS_SCHEMA, "the program's authorizer hides the key of a parent table",
			     table);
	else if (rc == SQLITE_OK && with == SQLITE_OK)
		say_it_yields(connection, table);
	else if (rc == SQLITE_OK)
		say_left_off(connection, WARNING_FOREIGN_KEYS_SCHEMA,
			     "it does not compile with them, as where a parent table is missing or has no unique key", table);
	return rc;
}

static int compile_write(struct compile *compile, bool *enforced)
{
	const char *known = foreign_keys_harm_find(compile->connection, compile->text, compile->statement->start);
	struct foreign_key_watch watch;
	int rc;

	*enforced = false;
	if (known && compile_known(compile, known, &rc))
		return rc;
	*enforced = true;
	watch_init(&watch, compile->statement->verb, compile->statement->kind == STATEMENT_REPLACE);
	rc = compile_watched(compile, &watch, enforced);
	watch_release(&watch);
	return rc;
}

/* With foreign keys SQLite would delete all rows of the table before it drops it, with all actions; that is also what takes orphans
 * among them out of the count for COMMIT. */
static int compile_drop(struct compile *compile)
{
	struct connection *connection = compile->connection;
	struct foreign_key_watch watch = {.verb = WRITE_OTHER};
	int rc = prepare_without(compile, &watch);

	if (rc == SQLITE_OK && connection->foreign_keys.ours &&
	    flag_bits_orphans(connection->db, connection->foreign_keys.bits) > 0 && watch_drops_related(connection, &watch)) {
		flag_bits_forget_orphans(connection->db, connection->foreign_keys.bits);
		sqlite_forget_error(connection->sqlite, connection->db);
	}
	watch_release(&watch);
	return rc;
}

int foreign_keys_open_blob(struct connection *connection, const char *table, int (*open)(void *argument), void *argument)
{
	const char *message;
	int rc = open(argument);

	message = rc == SQLITE_ERROR && connection->sqlite->errmsg ? connection->sqlite->errmsg(connection->db) : "";
	if (strncmp(message, "cannot open foreign key", 23) != 0 || !foreign_keys_arm(connection))
		return rc;
	foreign_keys_switch(connection, false);
	rc = open(argument);
	foreign_keys_switch(connection, true);
	if (rc == SQLITE_OK)
		say_left_off(connection, WARNING_FOREIGN_KEYS_SCHEMA,
			     "sqlite3_blob_open() opens no column of a foreign key for writing", table);
	return rc;
}

int foreign_keys_compile(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			 bool is_harmful, int (*prepare)(void *argument), void *argument, sqlite3_stmt **stmt, bool *enforced)
{
	struct compile compile = {connection, text, statement, is_harmful, prepare, argument, stmt};
	bool dummy;
	int rc;

	if (!enforced)
		enforced = &dummy;
	*enforced = true;
	if (!connection->foreign_keys.guarded || !connection->foreign_keys.ours)
		return prepare(argument);
	if (statement->kind == STATEMENT_WRITE || statement->kind == STATEMENT_REPLACE) {
		rc = compile_write(&compile, enforced);
		foreign_keys_returning_note(connection, rc == SQLITE_OK ? *stmt : NULL);
		return rc;
	}
	if (statement->kind != STATEMENT_DROP_TABLE && statement->kind != STATEMENT_ALTER)
		return prepare(argument);
	*enforced = false;
	if (statement->kind == STATEMENT_DROP_TABLE)
		return compile_drop(&compile);
	rc = prepare_without(&compile, &(struct foreign_key_watch){.mode = WATCH_NOTHING});
	/* In legacy mode, and before 3.26, ALTER TABLE RENAME changes the children's REFERENCES with foreign keys on, and reads the
	 * flag when it runs: the old recipe to rebuild a table would leave them pointing at one that is gone. */
	if (connection->foreign_keys.ours) {
		foreign_keys_switch(connection, false);
		connection->foreign_keys.left = FOREIGN_KEYS_OFF_UNTIL_CALL;
	}
	return rc;
}
