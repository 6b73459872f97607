/* temp_memory.c - sends the temporary storage of VACUUM, CREATE INDEX, REINDEX and ALTER to files. */
#include "policy/temp_memory.h"

#include "sqlite/temp_store.h"

static bool is_by_recipe(const struct connection *connection)
{
	const struct outcome *outcome = &connection->outcomes[SETTING_TEMP_STORE];

	return outcome->by == DECIDED_BY_RECIPE && outcome->got == TEMP_STORE_MEMORY;
}

/* Does it need temporary storage as large as the data? */
static bool is_large(const struct statement *statement)
{
	return statement->kind == STATEMENT_VACUUM || statement->kind == STATEMENT_ALTER || statement->kind == STATEMENT_INDEX;
}

static bool is_large_text(const char *sql)
{
	struct sql_text text;
	struct statement statement;

	switch (sql ? statement_first_letter(sql, -1) : 'z' - 0x60) {
	case 0: /* a comment, perhaps */
	case 'a' - 0x60:
	case 'v' - 0x60:
	case STATEMENT_CR:
	case STATEMENT_REI:
		break;
	default:
		return false;
	}
	text = sql_text_utf8(sql, -1);
	statement_read(&text, 0, &statement);
	return is_large(&statement);
}

/* Is there a statement of that kind which the program has not finalized? */
static bool has_large(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;

	if (!sqlite->next_stmt || !sqlite->sql)
		return true;
	while ((stmt = sqlite->next_stmt(connection->db, stmt)))
		if (is_large_text(sqlite->sql(stmt)))
			return true;
	return false;
}

static void use_files(struct connection *connection)
{
	if (is_by_recipe(connection) &&
	    temp_store_switch(connection->sqlite, connection->db, TEMP_STORE_BYTE_MEMORY, TEMP_STORE_BYTE_FILE))
		connection->temp_storage = TEMP_IN_FILES;
}

static void use_memory(struct connection *connection)
{
	temp_store_switch(connection->sqlite, connection->db, TEMP_STORE_BYTE_FILE, TEMP_STORE_BYTE_MEMORY);
	connection->temp_storage = TEMP_AS_SET;
}

void temp_memory_before(struct connection *connection, const struct statement *statement)
{
	if (is_large(statement)) {
		use_files(connection);
	} else if (connection->temp_storage == TEMP_IN_FILES && statement->kind == STATEMENT_PRAGMA) {
		/* PRAGMA temp_store answers when it is compiled; to change it, it drops TEMP tables unless it is there already */
		use_memory(connection);
		connection->temp_storage = TEMP_UNCHECKED;
	}
}

void temp_memory_after(struct connection *connection)
{
	bool in_files = connection->temp_storage == TEMP_IN_FILES;

	if (connection->temp_storage == TEMP_UNCHECKED)
		connection->temp_storage = TEMP_AS_SET;
	if (has_large(connection))
		use_files(connection);
	else if (in_files)
		use_memory(connection);
}

void temp_memory_begins(struct connection *connection, const char *sql)
{
	if (is_large_text(sql))
		use_files(connection);
}

void temp_memory_ended(struct connection *connection)
{
	if (connection->temp_storage == TEMP_IN_FILES)
		use_memory(connection);
}
