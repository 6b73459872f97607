/* heap_limit.c - asks SQLite for the limit, and puts cache_size and temp_store back. */
#include "policy/heap_limit.h"

#include "base/guard.h"
#include "connection/callbacks.h"
#include "connection/outcome.h"
#include "connection/pragma.h"
#include "connection/registry.h"
#include "policy/unseen.h"

/* The caches of a dozen connections; more than that is a limit against accidents. */
#define ROOM ((long long)256 << 20)

/* sqlite.org/compile.html#default_cache_size: SQLite has PRAGMA hard_heap_limit since 3.31 */
#define DEFAULT_CACHE_SIZE "-2000"

static const char reason[] = "the program limits SQLite's memory (hard_heap_limit)";

const char *heap_limit_obstacle(const struct connection *connection, enum setting setting)
{
	long long bytes;

	if (connection->outcomes[setting].by == DECIDED_BY_OPERATOR || !connection->sqlite->hard_heap_limit64)
		return NULL;
	bytes = connection->sqlite->hard_heap_limit64(-1);
	return bytes > 0 && bytes < ROOM ? reason : NULL;
}

static bool is_applied(const struct connection *connection, enum setting setting)
{
	const struct outcome *outcome = &connection->outcomes[setting];

	return outcome->by == DECIDED_BY_RECIPE && outcome->got == outcome->wanted;
}

static void put_back(struct connection *connection, enum setting setting, const char *value)
{
	char answer[32];

	if (is_applied(connection, setting) && heap_limit_obstacle(connection, setting) &&
	    pragma_set(connection, setting, value, answer, sizeof(answer)) == SQLITE_OK)
		outcome_note(connection, setting, pragma_read(connection, setting), reason);
}

void heap_limit_changed(struct connection *connection)
{
	atomic_store(&connection->heap_unchecked, false);
	callbacks_suspend(connection);
	put_back(connection, SETTING_CACHE_SIZE, DEFAULT_CACHE_SIZE);
	if (!unseen_has_temp_tables(connection))
		put_back(connection, SETTING_TEMP_STORE, "0");
	callbacks_resume(connection);
}

struct limited {
	const struct sqlite *sqlite;
	struct connection *connection; /* one that is idle, locked */
	sqlite3_mutex *mutex;
};

static void mark(struct connection *connection, void *argument)
{
	const struct limited *limited = argument;

	if (connection->closing || connection->passthrough || connection->setup == SETUP_OPENING ||
	    !sqlite_is_same(connection->sqlite, limited->sqlite))
		return;
	connection_check_heap(connection);
}

/* May the program still ask what has failed? */
static bool has_failed(const struct sqlite *sqlite, sqlite3 *db)
{
	int rc = sqlite->errcode(db);

	return rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE;
}

/* A close sets connection->closing under the registry's lock before it takes the mutex. */
static void find_idle(struct connection *connection, void *argument)
{
	struct limited *limited = argument;
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_mutex *mutex;

	if (limited->connection || connection->closing || !atomic_load(&connection->heap_unchecked) ||
	    !sqlite_is_same(sqlite, limited->sqlite) || !sqlite->next_stmt || !sqlite->stmt_busy ||
	    !sqlite_try_mutex(sqlite, connection->db, false, &mutex))
		return;
	if (!sqlite_runs_statement(sqlite, connection->db) && !has_failed(sqlite, connection->db) &&
	    connection->callbacks_suspended == 0) {
		limited->connection = connection;
		limited->mutex = mutex;
	} else if (mutex) {
		sqlite->mutex_leave(mutex);
	}
}

void heap_limit_set(const struct sqlite *sqlite)
{
	struct limited limited = {.sqlite = sqlite};

	guard_enter(NULL);
	registry_visit(mark, &limited);
	for (;;) {
		limited.connection = NULL;
		registry_visit(find_idle, &limited);
		if (!limited.connection)
			break;
		heap_limit_changed(limited.connection);
		sqlite->mutex_leave(limited.mutex);
	}
	guard_leave();
}
