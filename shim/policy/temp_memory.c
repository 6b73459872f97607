/* temp_memory.c - sends the temporary storage of VACUUM, CREATE INDEX, REINDEX and ALTER to files, and has VACUUM map no file. */
#include "policy/temp_memory.h"

#include "locking/file_shim.h"
#include "sql/first_words.h"
#include "sqlite/temp_store.h"

static bool is_by_recipe(const struct connection *connection)
{
	const struct outcome *outcome = &connection->outcomes[SETTING_TEMP_STORE];

	return outcome->by == DECIDED_BY_RECIPE && outcome->got == TEMP_STORE_MEMORY;
}

/* Others may use a shared cache's file. */
static bool may_unmap(const struct connection *connection)
{
	const struct outcome *outcome = &connection->outcomes[SETTING_MMAP_SIZE];

	return outcome->by == DECIDED_BY_RECIPE && outcome->got > 0 && !connection->shared_cache && file_shim_serves(connection);
}

/* SQLite changes nothing while a statement that runs has pages of the map. */
static void limit_map(const struct connection *connection, sqlite3_int64 limit)
{
	connection->shim->original->xFileControl(connection->shim->file, SQLITE_FCNTL_MMAP_SIZE, &limit);
}

/* Temporary storage as large as the data. */
enum need { NEED_NONE, NEED_SORT, NEED_VACUUM };

static enum need need_of(const struct statement *statement)
{
	switch (statement->kind) {
	case STATEMENT_VACUUM:
		return NEED_VACUUM;
	case STATEMENT_ALTER:
	case STATEMENT_INDEX:
		return NEED_SORT;
	default:
		return NEED_NONE;
	}
}

static enum need need_of_text(const char *sql)
{
	struct statement statement;

	switch (sql ? statement_first_letter(sql, -1) : 'z' - 0x60) {
	case 0: /* a comment, perhaps */
	case 'a' - 0x60:
	case 'v' - 0x60:
	case STATEMENT_CR:
	case STATEMENT_REI:
		break;
	default:
		return NEED_NONE;
	}
	statement_read_utf8(sql, &statement);
	return need_of(&statement);
}

/* The most that a statement needs which the program has not finalized. */
static enum need need_of_kept(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	enum need most = NEED_NONE, need;
	sqlite3_stmt *stmt = NULL;

	if (!sqlite->next_stmt || !sqlite->sql)
		return NEED_VACUUM;
	while ((stmt = sqlite->next_stmt(connection->db, stmt))) {
		need = need_of_text(sqlite->sql(stmt));
		if (need > most)
			most = need;
	}
	return most;
}

static void use_files(struct connection *connection, enum need need)
{
	if (is_by_recipe(connection) &&
	    temp_store_switch(connection->sqlite, connection->db, TEMP_STORE_BYTE_MEMORY, TEMP_STORE_BYTE_FILE))
		connection->temp_storage = TEMP_IN_FILES;
	/* VACUUM reads each page once, so that the map would only keep them in the process's memory */
	if (need == NEED_VACUUM && may_unmap(connection)) {
		limit_map(connection, 0);
		connection->temp_storage = TEMP_IN_FILES;
	}
}

static void use_memory(struct connection *connection)
{
	if (is_by_recipe(connection))
		temp_store_switch(connection->sqlite, connection->db, TEMP_STORE_BYTE_FILE, TEMP_STORE_BYTE_MEMORY);
	if (may_unmap(connection))
		limit_map(connection, connection->outcomes[SETTING_MMAP_SIZE].got);
	connection->temp_storage = TEMP_AS_SET;
}

void temp_memory_before(struct connection *connection, const struct statement *statement)
{
	enum need need = need_of(statement);

	if (need) {
		use_files(connection, need);
	} else if (connection->temp_storage == TEMP_IN_FILES && statement->kind == STATEMENT_PRAGMA) {
		/* PRAGMA temp_store and mmap_size answer when they are compiled; to change temp_store drops TEMP tables unless it
		 * is there already */
		use_memory(connection);
		connection->temp_storage = TEMP_UNCHECKED;
	}
}

void temp_memory_after(struct connection *connection)
{
	bool in_files = connection->temp_storage == TEMP_IN_FILES;
	enum need need = need_of_kept(connection);

	if (connection->temp_storage == TEMP_UNCHECKED)
		connection->temp_storage = TEMP_AS_SET;
	if (need)
		use_files(connection, need);
	else if (in_files)
		use_memory(connection);
}

void temp_memory_begins(struct connection *connection, const char *sql)
{
	enum need need = need_of_text(sql);

	if (need)
		use_files(connection, need);
}

void temp_memory_ended(struct connection *connection)
{
	if (connection->temp_storage == TEMP_IN_FILES)
		use_memory(connection);
}

void temp_memory_unseen(struct connection *connection)
{
	use_files(connection, NEED_SORT);
}
