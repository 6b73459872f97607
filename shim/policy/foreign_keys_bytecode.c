/* foreign_keys_bytecode.c - reads what EXPLAIN shows of a statement. */
#include "policy/foreign_keys_bytecode.h"

#include "connection/callbacks.h"
#include "sql/rewrite.h"
#include "sqlite/flag_bits.h"

#include <stdint.h>
#include <string.h>

/* Columns of EXPLAIN. */
enum { ADDRESS, OPCODE, P1, P2, P3, P4 };

static bool is_opcode(const char *opcode, const char *name)
{
	return strcmp(opcode, name) == 0;
}

static bool is_of_trigger(const struct sqlite *sqlite, sqlite3_stmt *explain)
{
	const char *text = (const char *)sqlite->column_text(explain, P4);

	/* old SQLites write it for an action too, without a name */
	return text && strncmp(text, "-- TRIGGER ", 11) == 0 && text[11];
}

/* How far a check of uniqueness was followed. */
struct check {
	enum { CHECK_NONE, CHECK_CONFLICT, CHECK_COMPARED } seen;
	unsigned cursor;
	uint64_t reads_rowid; /* of the first 64 cursors: the first check reads the rowid that it compares */
};

/* Is this the end of a check that compares a rowid which it has not read? */
static bool follow_check(struct check *check, const struct sqlite *sqlite, sqlite3_stmt *explain, const char *opcode)
{
	if (is_opcode(opcode, "NoConflict")) {
		check->seen = CHECK_CONFLICT;
		check->cursor = (unsigned)sqlite->column_int(explain, P1) % 64;
	} else if (check->seen == CHECK_CONFLICT && is_opcode(opcode, "IdxRowid")) {
		check->seen = CHECK_NONE;
		check->reads_rowid |= UINT64_C(1) << check->cursor;
	} else if (check->seen == CHECK_CONFLICT && is_opcode(opcode, "Eq")) {
		check->seen = CHECK_COMPARED;
	} else {
		bool ends = check->seen == CHECK_COMPARED && is_opcode(opcode, "Halt");

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
		const char *opcode = (const char *)sqlite->column_text(explain, OPCODE);

		if (!opcode)
			return SQLITE_NOMEM;
		if (sqlite->column_int(explain, ADDRESS) == 0) {
			if (code == NOTHING)
				code = STATEMENT;
			else
				code = is_of_trigger(sqlite, explain) ? TRIGGER : ACTION;
			bytecode->has_triggers |= code == TRIGGER;
			check = (struct check){0};
		}
		bytecode->counts_orphans |= is_opcode(opcode, "FkCounter");
		bytecode->rechecks_wrongly |= follow_check(&check, sqlite, explain, opcode);
		if (is_opcode(opcode, "Program") && sqlite->column_int(explain, P2) == 0) {
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
	const struct foreign_key_bits *bits = connection->foreign_keys.bits;
	/* EXPLAIN of a write ends like the write: with no row changed */
	int64_t changes = flag_bits_changes(connection->db, bits);
	void *sql = rewrite_make(&rewrite, text, (struct span){statement->start, text->length}, &bytes);
	int rc = SQLITE_NOMEM;

	*bytecode = (struct key_bytecode){0};
	if (!sql || !bits->changes_size) {
		rewrite_discard(sql, bytes);
		return rc;
	}
	callbacks_suspend(connection);
	if (text->wide)
		rc = sqlite->prepare16_v2(connection->db, sql, (int)bytes, &explain, NULL);
	else
		rc = sqlite->prepare_v2(connection->db, sql, (int)bytes, &explain, NULL);
	if (rc == SQLITE_OK)
		rc = read_all(sqlite, explain, bytecode);
	sqlite->finalize(explain);
	flag_bits_set_changes(connection->db, bits, changes);
	callbacks_resume(connection);
	rewrite_discard(sql, bytes);
	return rc;
}
