/* world.h - runs the lines of a program: two connections, kept statements, cursors, in files of the current folder. */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "program.h"

#include <sqlite3.h>

#define RESULT_TEXT 16000
#define WORLD_STATEMENTS 24
#define NOT_RUN (-1)

struct result {
	int rc, changes, total_changes, autocommit;
	char message[120];
	/* rows as text, or the dump */
	char text[RESULT_TEXT];
};

struct statement {
	char name[16];
	char connection, api[8];
	bool is_cursor, busy;
	char sql[LINE_LENGTH];
	sqlite3_stmt *stmt;
};

struct world {
	sqlite3 *db[2];
	struct statement statements[WORLD_STATEMENTS];
};

void world_run(struct world *world, const char *text, struct result *result);

/* Closes all and removes the files. */
void world_end(struct world *world);

/* The statement of this name, or NULL. */
struct statement *world_find(struct world *world, const char *name);

/* The connection that a line is about, 'a' or 'b', or '\0'. */
char world_connection(struct world *world, const struct line *line);
bool world_has_cursor(const struct world *world, char connection);
bool world_in_transaction(const struct world *world, char connection);

/* The name of any cursor of a connection, or NULL; of any statement that sqlite3_prepare() made, which does not survive that
 * foreign_keys is switched. */
const char *world_cursor(const struct world *world, char connection);
const char *world_old_statement(const struct world *world, char connection);

void result_add(struct result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All rows and the schema that a connection sees. */
void world_dump(sqlite3 *db, struct result *result);

/* Was it a foreign key that failed? */
bool result_is_refusal(const struct result *result);

#endif
