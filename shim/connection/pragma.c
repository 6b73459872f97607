/* pragma.c - runs one PRAGMA, or another statement of ours, on a program's connection. */
#include "connection/pragma.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "PRAGMA main.journal_size_limit=-9223372036854775808" and more. */
#define SQL_SIZE 96

static void copy(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

int pragma_finish(struct connection *connection, sqlite3_stmt *stmt, bool inside)
{
	const struct sqlite *sqlite = connection->sqlite;
	int rc = sqlite->finalize(stmt);

	if (inside && rc != SQLITE_OK && sqlite->get_autocommit(connection->db))
		connection->rolled_back = rc;
	return rc;
}

int pragma_run_raw(struct connection *connection, const char *sql, char *answer, size_t size)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;
	const unsigned char *column;
	bool inside = !sqlite->get_autocommit(connection->db);
	int rc;

	if (answer)
		answer[0] = '\0';
	rc = sqlite->prepare_v2(connection->db, sql, -1, &stmt, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite->step(stmt);
	if (rc == SQLITE_ROW && answer && (column = sqlite->column_text(stmt, 0)))
		copy(answer, size, (const char *)column);
	return pragma_finish(connection, stmt, inside);
}

int pragma_run(struct connection *connection, const char *sql, char *answer, size_t size)
{
	int rc;

	callbacks_suspend(connection);
	rc = pragma_run_raw(connection, sql, answer, size);
	callbacks_resume(connection);
	return rc;
}

int pragma_each_database(struct connection *connection, bool (*see)(void *argument, const char *name, const char *file),
			 void *argument)
{
	const struct sqlite *sqlite = connection->sqlite;
	bool inside = !sqlite->get_autocommit(connection->db), more = true;
	sqlite3_stmt *stmt = NULL;
	int rc;

	callbacks_suspend(connection);
	rc = sqlite->prepare_v2(connection->db, "PRAGMA database_list", -1, &stmt, NULL);
	rc = rc == SQLITE_OK ? SQLITE_ROW : rc;
	while (more && rc == SQLITE_ROW && (rc = sqlite->step(stmt)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite->column_text(stmt, 1);
		const char *file = (const char *)sqlite->column_text(stmt, 2);
		if (!name)
			rc = SQLITE_NOMEM;
		else
			more = see(argument, name, file ? file : "");
	}
	pragma_finish(connection, stmt, inside);
	callbacks_resume(connection);
	return rc;
}

/* Without a schema these two would change attached databases as well, which keep their own. The others mean the main database or
 * the whole connection (sqlite3Pragma(), src/pragma.c), and a name costs time. sql is a buffer of SQL_SIZE bytes, value is a word
 * or a number. */
static void format(enum setting setting, const char *value, char *sql)
{
	bool names_main = setting == SETTING_JOURNAL_MODE || setting == SETTING_MMAP_SIZE;

	sql = stpcpy(sql, names_main ? "PRAGMA main." : "PRAGMA ");
	sql = stpcpy(sql, settings_table[setting].pragma);
	if (*value)
		stpcpy(stpcpy(sql, "="), value);
}

int64_t pragma_read(struct connection *connection, enum setting setting)
{
	char sql[SQL_SIZE], answer[32];
	struct setting_value value;

	format(setting, "", sql);
	if (pragma_run_raw(connection, sql, answer, sizeof(answer)) != SQLITE_OK)
		return VALUE_UNKNOWN;
	if (setting_parse(&settings_table[setting], answer, &value) && !value.keep)
		return value.number;
	/* word settings: SQLite's own numbers are the words' indices */
	if (answer[0] >= '0' && answer[0] <= '9' && answer[1] == '\0')
		return answer[0] - '0';
	return VALUE_UNKNOWN;
}

static bool is_on(struct connection *connection, const char *sql)
{
	char answer[4];

	return pragma_run(connection, sql, answer, sizeof(answer)) == SQLITE_OK && answer[0] == '1';
}

bool pragma_is_query_only(struct connection *connection)
{
	return connection->query_only && is_on(connection, "PRAGMA query_only");
}

bool pragma_shows_empty_results(struct connection *connection)
{
	return connection->empty_results && is_on(connection, "PRAGMA empty_result_callbacks");
}

int pragma_set(struct connection *connection, enum setting setting, const char *value, char *answer, size_t size)
{
	char sql[SQL_SIZE];

	format(setting, value, sql);
	return pragma_run_raw(connection, sql, answer, size);
}

/* Source: sqlite3GetBoolean(), src/pragma.c. */
bool pragma_is_true(const char *value)
{
	static const char *const words[] = {"on", "yes", "true"};

	if (value[0] >= '0' && value[0] <= '9')
		return (unsigned char)strtol(value, NULL, 0) != 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}
