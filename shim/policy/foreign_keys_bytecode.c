/* foreign_keys_bytecode.c - reads what EXPLAIN shows of a statement. */
#include "policy/foreign_keys_bytecode.h"

#include "connection/callbacks.h"
#include "sql/rewrite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Columns of EXPLAIN. */
enum { ADDRESS, OPCODE, P1, P2, P3, P4 };

static bool begins_with(const struct sqlite *sqlite, sqlite3_stmt *stmt, int column, const char *words)
{
	const char *text = (const char *)sqlite->column_text(stmt, column);

	return text && strncmp(text, words, strlen(words)) == 0;
}

/* How far a check of uniqueness was followed. */
struct check {
	enum { CHECK_NONE, CHECK_CONFLICT, CHECK_COMPARED } seen;
	unsigned long cursor;
	uint64_t reads_rowid; /* of the first 64 cursors: the first check reads the rowid that it compares */
};

/* Is this the end of a check that compares a rowid which it has not read? */
static bool follow_check(struct check *check, const struct sqlite *sqlite, sqlite3_stmt *explain)
{
	if (begins_with(sqlite, explain, OPCODE, "NoConflict")) {
		const char *cursor = (const char *)sqlite->column_text(explain, P1);

		check->seen = CHECK_CONFLICT;
		check->cursor = cursor ? strtoul(cursor, NULL, 10) % 64 : 0;
	} else if (check->seen == CHECK_CONFLICT && begins_with(sqlite, explain, OPCODE, "IdxRowid")) {
		check->seen = CHECK_NONE;
		check->reads_rowid |= UINT64_C(1) << check->cursor;
	} else if (check->seen == CHECK_CONFLICT && begins_with(sqlite, explain, OPCODE, "Eq")) {
		check->seen = CHECK_COMPARED;
	} else {
		bool ends = check->seen == CHECK_COMPARED && begins_with(sqlite, explain, OPCODE, "Halt");

		check->seen = CHECK_NONE;
		return ends && (check->reads_rowid >> check->cursor & 1);
	}
	return false;
}

static int read_all(const struct sqlite *sqlite, sqlite3_stmt *explain, struct key_bytecode *bytecode)
{
	enum { NOTHING, STATEMENT, TRIGGER, ACTION } code = NOTHING;
	struct check check = {0};
	int rc;

	while ((rc = sqlite->step(explain)) == SQLITE_ROW) {
		if (begins_with(sqlite, explain, ADDRESS, "0")) {
			if (code == NOTHING)
				code = STATEMENT;
			else
				code = begins_with(sqlite, explain, P4, "-- TRIGGER") ? TRIGGER : ACTION;
			bytecode->has_triggers |= code == TRIGGER;
			check = (struct check){0};
		}
		bytecode->counts_orphans |= begins_with(sqlite, explain, OPCODE, "FkCounter");
		bytecode->rechecks_wrongly |= follow_check(&check, sqlite, explain);
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
