/* foreign_keys_bytecode.c - reads what EXPLAIN shows of a statement. */
#include "policy/foreign_keys_bytecode.h"

#include "connection/callbacks.h"
#include "sql/rewrite.h"

#include <string.h>

/* Columns of EXPLAIN. */
enum { ADDRESS, OPCODE, P1, P2, P3, P4 };

static bool begins_with(const struct sqlite *sqlite, sqlite3_stmt *stmt, int column, const char *words)
{
	const char *text = (const char *)sqlite->column_text(stmt, column);

	return text && strncmp(text, words, strlen(words)) == 0;
}

/* NoConflict, Eq, Halt: the first check has IdxRowid before Eq. n: how many of these were there in a row? */
static unsigned follow_recheck(const struct sqlite *sqlite, sqlite3_stmt *explain, unsigned n)
{
	if (begins_with(sqlite, explain, OPCODE, "NoConflict"))
		return 1;
	if (n == 1)
		return begins_with(sqlite, explain, OPCODE, "Eq") ? 2 : 0;
	return n == 2 && begins_with(sqlite, explain, OPCODE, "Halt") ? 3 : 0;
}

static int read_all(const struct sqlite *sqlite, sqlite3_stmt *explain, struct key_bytecode *bytecode)
{
	enum { NOTHING, STATEMENT, TRIGGER, ACTION } code = NOTHING;
	unsigned recheck = 0;
	int rc;

	while ((rc = sqlite->step(explain)) == SQLITE_ROW) {
		if (begins_with(sqlite, explain, ADDRESS, "0")) {
			if (code == NOTHING)
				code = STATEMENT;
			else
				code = begins_with(sqlite, explain, P4, "-- TRIGGER") ? TRIGGER : ACTION;
			bytecode->has_triggers |= code == TRIGGER;
		}
		recheck = follow_recheck(sqlite, explain, recheck);
		bytecode->rechecks_wrongly |= recheck == 3;
		if (begins_with(sqlite, explain, OPCODE, "Program") && begins_with(sqlite, explain, P2, "0")) {
			bytecode->by_statement += code == STATEMENT;
			bytecode->by_triggers += code == TRIGGER;
		}
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int foreign_keys_read_bytecode(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			       struct key_bytecode *bytecode)
{
	const struct rewrite rewrite = {{statement->start, statement->start}, "EXPLAIN"};
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *explain = NULL;
	size_t bytes = 0;
	void *sql = rewrite_make(&rewrite, text, (struct span){statement->start, text->length}, &bytes);
	int rc = SQLITE_NOMEM;

	*bytecode = (struct key_bytecode){0};
	if (!sql)
		return rc;
	callbacks_suspend(connection);
	if (text->wide)
		rc = sqlite->prepare16_v2(connection->db, sql, (int)bytes, &explain, NULL);
	else
		rc = sqlite->prepare_v2(connection->db, sql, (int)bytes, &explain, NULL);
	if (rc == SQLITE_OK)
		rc = read_all(sqlite, explain, bytecode);
	sqlite->finalize(explain);
	callbacks_resume(connection);
	rewrite_discard(sql, bytes);
	return rc;
}
