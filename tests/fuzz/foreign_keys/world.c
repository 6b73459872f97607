/* world.c - see world.h. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Loaded with a SQLite that is older than 3.20 too. */
#pragma weak sqlite3_prepare_v3

static sqlite3 **db_of(struct world *world, char connection)
{
	return &world->db[connection == 'b'];
}

void result_add(struct result *result, const char *format, ...)
{
	size_t used = strlen(result->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(result->text + used, sizeof(result->text) - used, format, arguments);
	va_end(arguments);
}

bool result_is_refusal(const struct result *result)
{
	/* one of sqlite3_prepare() with RETURNING has no other code for it */
	return ((result->rc & 0xff) == SQLITE_CONSTRAINT || result->rc == SQLITE_ERROR) &&
	       strncmp(result->message, "FOREIGN KEY", 11) == 0;
}

struct statement *world_find(struct world *world, const char *name)
{
	for (size_t i = 0; i < WORLD_STATEMENTS; i++) {
		if (world->statements[i].stmt && strcmp(world->statements[i].name, name) == 0)
			return &world->statements[i];
	}
	return NULL;
}

char world_connection(struct world *world, const struct line *line)
{
	const struct statement *statement;

	if (line->connection)
		return line->connection;
	statement = world_find(world, line->name);
	return statement ? statement->connection : '\0';
}

bool world_has_cursor(const struct world *world, char connection)
{
	for (size_t i = 0; i < WORLD_STATEMENTS; i++) {
		const struct statement *statement = &world->statements[i];

		if (statement->stmt && statement->busy && statement->connection == connection)
			return true;
	}
	return false;
}

bool world_in_transaction(const struct world *world, char connection)
{
	sqlite3 *db = world->db[connection == 'b'];

	return db && !sqlite3_get_autocommit(db);
}

static void forget(struct statement *statement)
{
	sqlite3_finalize(statement->stmt);
	memset(statement, 0, sizeof(*statement));
}

const char *world_cursor(const struct world *world, char connection)
{
	for (size_t i = 0; i < WORLD_STATEMENTS; i++) {
		const struct statement *statement = &world->statements[i];

		if (statement->stmt && statement->connection == connection && statement->is_cursor)
			return statement->name;
	}
	return NULL;
}

static int prepare(sqlite3 *db, const char *api, const char *sql, sqlite3_stmt **stmt)
{
	uint16_t wide[LINE_LENGTH];
	size_t length = strlen(sql);

	for (size_t i = 0; i <= length; i++)
		wide[i] = (unsigned char)sql[i];
	if (strcmp(api, "v1") == 0)
		return sqlite3_prepare(db, sql, -1, stmt, NULL);
	if (strcmp(api, "v3") == 0 && sqlite3_libversion_number() >= 3020000)
		return sqlite3_prepare_v3(db, sql, (int)length, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	if (strcmp(api, "16") == 0)
		return sqlite3_prepare16(db, wide, -1, stmt, NULL);
	if (strcmp(api, "16v2") == 0)
		return sqlite3_prepare16_v2(db, wide, (int)(length * sizeof(*wide)), stmt, NULL);
	return sqlite3_prepare_v2(db, sql, (int)length + 1, stmt, NULL);
}

const char *world_old_statement(const struct world *world, char connection)
{
	for (size_t i = 0; i < WORLD_STATEMENTS; i++) {
		const struct statement *statement = &world->statements[i];

		if (statement->stmt && statement->connection == connection && !statement->is_cursor &&
		    (strcmp(statement->api, "v1") == 0 || strcmp(statement->api, "16") == 0))
			return statement->name;
	}
	return NULL;
}

static void add_row(struct result *result, sqlite3_stmt *stmt)
{
	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		const char *text = (const char *)sqlite3_column_text(stmt, i);

		result_add(result, "%s%s", i ? "|" : "", text ? text : "NULL");
	}
	result_add(result, "\n");
}

static int step_through(sqlite3_stmt *stmt, struct result *result)
{
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		add_row(result, stmt);
	return rc;
}

/* The code of a step or of the reset that came after: the oldest API tells only the second. */
static void finish(struct result *result, sqlite3 *db, int rc)
{
	result->rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	if (result->rc != SQLITE_OK && result->rc != SQLITE_ROW) {
		snprintf(result->message, sizeof(result->message), "%s", sqlite3_errmsg(db));
		/* a statement of sqlite3_prepare() that has expired leaves no code */
		if ((sqlite3_extended_errcode(db) & 0xff) == (rc & 0xff))
			result->rc = sqlite3_extended_errcode(db);
	}
}

static int on_row(void *argument, int count, char **values, char **columns)
{
	(void)columns;
	for (int i = 0; i < count; i++)
		result_add(argument, "%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
	result_add(argument, "\n");
	return 0;
}

static void run_fresh(sqlite3 *db, const struct line *line, struct result *result)
{
	sqlite3_stmt *stmt = NULL;
	int rc = prepare(db, line->api, line->rest, &stmt);

	if (rc != SQLITE_OK) {
		finish(result, db, rc);
		return;
	}
	rc = step_through(stmt, result);
	if (rc != SQLITE_DONE)
		rc = sqlite3_reset(stmt);
	finish(result, db, rc);
	sqlite3_finalize(stmt);
}

static struct statement *new_statement(struct world *world, const struct line *line)
{
	struct statement *statement = world_find(world, line->name);

	if (statement)
		forget(statement);
	for (size_t i = 0; i < WORLD_STATEMENTS; i++) {
		if (!world->statements[i].stmt) {
			statement = &world->statements[i];
			snprintf(statement->name, sizeof(statement->name), "%s", line->name);
			snprintf(statement->api, sizeof(statement->api), "%s", line->api);
			snprintf(statement->sql, sizeof(statement->sql), "%s", line->rest);
			statement->connection = line->connection;
			statement->is_cursor = strcmp(line->verb, "cursor") == 0;
			return statement;
		}
	}
	return NULL;
}

static void bind(sqlite3_stmt *stmt, const char *values)
{
	for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
		if (*values == '\0' || *values == 'N')
			sqlite3_bind_null(stmt, i);
		else
			sqlite3_bind_int(stmt, i, atoi(values));
		values += strcspn(values, ",");
		values += *values == ',';
	}
}

static void run_kept(struct statement *statement, sqlite3 *db, const char *values, struct result *result)
{
	int rc;

	bind(statement->stmt, values);
	rc = step_through(statement->stmt, result);
	if (rc != SQLITE_DONE)
		rc = sqlite3_reset(statement->stmt);
	finish(result, db, rc);
	sqlite3_reset(statement->stmt);
}

static void run_next(struct statement *statement, sqlite3 *db, struct result *result)
{
	int rc = sqlite3_step(statement->stmt);

	statement->busy = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW)
		add_row(result, statement->stmt);
	else
		rc = sqlite3_reset(statement->stmt);
	finish(result, db, rc);
}

static void run_named(struct world *world, const struct line *line, struct result *result)
{
	struct statement *statement = world_find(world, line->name);
	sqlite3 *db;

	if (!statement)
		return;
	db = *db_of(world, statement->connection);
	result->rc = SQLITE_OK;
	if (strcmp(line->verb, "step") == 0 && !statement->is_cursor)
		run_kept(statement, db, line->rest, result);
	else if (strcmp(line->verb, "next") == 0 && statement->is_cursor)
		run_next(statement, db, result);
	else if (strcmp(line->verb, "drop") == 0 || strcmp(line->verb, "end") == 0)
		forget(statement);
}

static void run_new(struct world *world, const struct line *line, sqlite3 *db, struct result *result)
{
	struct statement *statement = new_statement(world, line);
	int rc;

	if (!statement)
		return;
	rc = prepare(db, line->api, line->rest, &statement->stmt);
	finish(result, db, rc);
	if (rc == SQLITE_OK && statement->is_cursor)
		run_next(statement, db, result);
}

static void open_connection(struct world *world, const struct line *line, struct result *result)
{
	sqlite3 **db = db_of(world, line->connection);

	if (*db)
		return;
	result->rc = sqlite3_open("main.db", db);
	sqlite3_extended_result_codes(*db, 1);
	sqlite3_limit(*db, SQLITE_LIMIT_TRIGGER_DEPTH, 20);
}

static void close_connection(struct world *world, const struct line *line, struct result *result)
{
	sqlite3 **db = db_of(world, line->connection);

	for (size_t i = 0; i < WORLD_STATEMENTS; i++) {
		if (world->statements[i].stmt && world->statements[i].connection == line->connection)
			forget(&world->statements[i]);
	}
	result->rc = sqlite3_close(*db);
	*db = NULL;
}

static void run_connected(struct world *world, const struct line *line, struct result *result)
{
	sqlite3 *db = *db_of(world, line->connection);

	if (!db)
		return;
	if (strcmp(line->verb, "close") == 0)
		close_connection(world, line, result);
	else if (strcmp(line->verb, "exec") == 0)
		finish(result, db, sqlite3_exec(db, line->rest, on_row, result, NULL));
	else if (strcmp(line->verb, "run") == 0)
		run_fresh(db, line, result);
	else if (strcmp(line->verb, "dump") == 0)
		world_dump(db, result);
	else
		run_new(world, line, db, result);
}

void world_run(struct world *world, const char *text, struct result *result)
{
	struct line line = line_read(text);
	char connection = world_connection(world, &line);
	sqlite3 *db;
	int before;

	result->rc = NOT_RUN;
	result->changes = result->total_changes = 0;
	result->autocommit = 1;
	result->message[0] = result->text[0] = '\0';
	if (!connection)
		return;
	db = *db_of(world, connection);
	before = db ? sqlite3_total_changes(db) : 0;
	if (strcmp(line.verb, "open") == 0)
		open_connection(world, &line, result);
	else if (line.connection)
		run_connected(world, &line, result);
	else
		run_named(world, &line, result);
	db = *db_of(world, connection);
	if (!db)
		return;
	result->changes = sqlite3_changes(db);
	result->total_changes = sqlite3_total_changes(db) - before;
	result->autocommit = sqlite3_get_autocommit(db);
}

void world_end(struct world *world)
{
	static const char *const files[] = {"main.db", "main.db-journal", "main.db-wal", "main.db-shm",
					    "aux.db",  "aux.db-journal",  "aux.db-wal",  "aux.db-shm"};

	for (size_t i = 0; i < WORLD_STATEMENTS; i++)
		forget(&world->statements[i]);
	for (size_t i = 0; i < 2; i++) {
		sqlite3_close(world->db[i]);
		world->db[i] = NULL;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
}
