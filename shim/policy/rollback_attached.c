/* rollback_attached.c - programs that set a rollback journal for attached databases, which others have in WAL mode. */
#include "policy/rollback_attached.h"

#include "connection/pragma.h"
#include "locking/file_shim.h"
#include "policy/apply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* SQLITE_MAX_ATTACHED is at most 125. */
#define ATTEMPTS 126

static bool is_in_wal(const struct file_shim *shim)
{
	return !shim->sets_wal && (shim->handoff.shm || wal_files_are_wal(&shim->files));
}

struct search {
	const struct connection *connection;
	const struct file_shim *wanted; /* NULL: any */
	bool has_moved;                 /* … the first one found in WAL mode */
	char *statement;                /* that takes the first one found out of WAL mode; to be freed */
};

/* NULL if memory is out. */
static char *make_statement(const char *schema)
{
	static const char before[] = "PRAGMA \"", after[] = "\".journal_mode=delete";
	char *sql = malloc(sizeof(before) + 2 * strlen(schema) + sizeof(after)), *end = sql;

	if (!sql)
		return NULL;
	end = stpcpy(end, before);
	for (; *schema; schema++) {
		if (*schema == '"')
			*end++ = '"';
		*end++ = *schema;
	}
	stpcpy(end, after);
	return sql;
}

static bool see(void *argument, const char *name, const char *path)
{
	struct search *search = argument;
	const sqlite3_file *file = *path ? sqlite_file(search->connection->sqlite, search->connection->db, name) : NULL;
	const struct file_shim *shim = file ? file_shim_find(file) : NULL;

	if (!shim || !shim->is_attached || (search->wanted && shim != search->wanted) || !is_in_wal(shim))
		return true;
	search->has_moved = wal_files_moved(shim);
	search->statement = make_statement(name);
	return false;
}

/* Each is looked for anew, as none can be left while the list is read. One that another connection puts back at once stays. */
bool rollback_attached_is_free(struct connection *connection, const struct file_shim *shim)
{
	struct search search = {.connection = connection, .wanted = shim};
	bool left = true;

	if (!connection->attached || settings_get(SETTING_JOURNAL_MODE)->keep || connection->busy.unknown ||
	    connection->shared_cache)
		return true;
	for (int count = 0; left && count < ATTEMPTS; count++) {
		if (pragma_each_database(connection, see, &search) != SQLITE_ROW)
			return true;
		left = search.statement && !search.has_moved && sqlite_is_idle(connection->sqlite, connection->db) &&
		       apply_attached_rollback_journal(connection, search.statement);
		free(search.statement);
		search.statement = NULL;
	}
	return false;
}

bool rollback_is_journal_mode(const char *sql, bool *names_schema)
{
	struct sql_text text = sql_text_utf8(sql, -1);
	struct statement statement;

	statement_read(&text, 0, &statement);
	*names_schema = statement.schema.start != statement.schema.end;
	return statement.kind == STATEMENT_PRAGMA && statement.has_value && span_is(&text, statement.name, "journal_mode");
}

static bool sets_all(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	const char *sql = sqlite->sql ? sqlite->sql(stmt) : NULL;
	bool names_schema;

	(void)argument;
	return sql && rollback_is_journal_mode(sql, &names_schema) && !names_schema;
}

/* Which statement it is that SQLite compiles again, it does not tell. */
bool rollback_attached_is_meant(const struct connection *connection)
{
	if (connection->pragma_names != PRAGMA_IS_KEPT)
		return connection->pragma_names == PRAGMA_NAMES_NONE;
	return connection->attached && sqlite_find_statement(connection->sqlite, connection->db, sets_all, NULL);
}

static void note(struct file_shim *shim, void *argument)
{
	if (shim->db == argument)
		shim->sets_wal = true;
}

void rollback_attached_is_set(struct connection *connection, struct file_shim *shim, const char *value)
{
	if (strcasecmp(value, settings_words[WORDS_JOURNAL][JOURNAL_WAL]) != 0)
		return;
	if (shim->is_attached)
		shim->sets_wal = true;
	else if (connection->attached && rollback_attached_is_meant(connection))
		file_shim_each(note, connection->db);
}
