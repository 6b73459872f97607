/* embedded.c - enters embedded copies of SQLite, and watches their connections. */
#include "embedded.h"

#include "apply.h"
#include "connection.h"
#include "door.h"
#include "loader.h"
#include "object.h"
#include "pragma.h"
#include "program.h"
#include "registry.h"
#include "report.h"
#include "slot.h"
#include "wait.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

#define COPIES_LIMIT 32

static const char collation_name[] = "sqlprod_end_of_connection";

/* A copy that we entered. Entries are never removed: an object that was unloaded may come back at its place. */
struct copy {
	const struct sqlite3_api_routines *table;
	const struct sqlite *sqlite;
	unsigned number;
	char version[16];
	struct slot_layout slots; /* learned from its first connection */
	atomic_bool slots_learned;
};

/* The argument of our callbacks, which SQLite keeps until the connection ends. */
struct watched {
	struct connection *connection;
	struct copy *copy;
	bool inside; /* a callback of ours is running statements */
};

static struct copy copies[COPIES_LIMIT];
static atomic_uint copies_count;
static pthread_mutex_t copies_lock = PTHREAD_MUTEX_INITIALIZER;

/* Another build may have been loaded at the same place: the version tells. */
static struct copy *copy_find(const struct sqlite3_api_routines *table, const char *version)
{
	for (unsigned i = atomic_load(&copies_count); i-- > 0;)
		if (copies[i].table == table && strcmp(copies[i].version, version) == 0)
			return &copies[i];
	return NULL;
}

/* An exporting library's table points to our own functions where we interpose them: its real ones are found by name. */
static const struct sqlite *functions_of(const struct sqlite3_api_routines *table, unsigned number)
{
	const void *start, *stop, *exec = (const void *)(uintptr_t)table->exec;

	loader_own_bounds(&start, &stop);
	if (exec >= start && exec < stop)
		return sqlite_of_function((const void *)(uintptr_t)table->libversion);
	return sqlite_of_table(table, number);
}

static struct copy *copy_get(const struct api_table *found)
{
	const struct sqlite3_api_routines *table = (const void *)found->address;
	struct copy *copy = copy_find(table, found->version);
	const struct sqlite *sqlite;
	unsigned count;

	if (copy)
		return copy;
	/* takes the loader's lock: never inside ours, as a constructor that opens a database comes the other way round */
	sqlite = functions_of(table, found->number);
	pthread_mutex_lock(&copies_lock);
	copy = copy_find(table, found->version);
	count = atomic_load(&copies_count);
	if (!copy && sqlite && count < COPIES_LIMIT) {
		copy = &copies[count];
		copy->table = table;
		copy->sqlite = sqlite;
		copy->number = found->number;
		memcpy(copy->version, found->version, sizeof(copy->version));
		atomic_store(&copies_count, count + 1);
	}
	pthread_mutex_unlock(&copies_lock);
	return copy;
}

/* What the program put into the busy slot since we looked last. */
static void look_at_busy_slot(struct watched *watched)
{
	struct connection *connection = watched->connection;
	const struct slot_layout *slots = &watched->copy->slots;
	int (*handler)(void *, int);
	void *argument;
	int timeout;

	if (!slots->known)
		return;
	slot_read(slots, connection->db, &handler, &argument, &timeout);
	if (handler == slots->stock || wait_is_ours(handler)) {
		if (timeout != connection->busy.timeout || connection->busy.handler)
			program_busy_timeout(connection, timeout);
	} else if (handler) {
		if (handler != connection->busy.handler || argument != connection->busy.argument)
			program_found_busy_handler(connection, handler, argument);
	} else if (connection->busy.timeout || connection->busy.handler) {
		program_busy_timeout(connection, 0);
	}
}

/* The BEGIN has run and holds nothing yet. Opening a row of the schema for writing takes the write lock and writes nothing; there
 * is no such row in an empty schema, but the lock is held (SQLITE_ERROR). Source: sqlite.org/c3ref/blob_open.html, measured. */
static void upgrade_begin(struct connection *connection, const struct statement *statement)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_blob *blob = NULL;
	int rc;

	if (sqlite->get_autocommit(connection->db))
		return;
	rc = sqlite->blob_open(connection->db, "main", "sqlite_master", "type", 1, 1, &blob);
	if (blob)
		sqlite->blob_close(blob);
	if (rc == SQLITE_OK || rc == SQLITE_ERROR) {
		program_rewritten(connection, statement);
	} else {
		connection->begins_left++;
		connection->begins_left_reason = "the database stayed busy";
	}
}

/* The program decided by PRAGMA, and SQLite has done it; the operator may want something else. */
static void override_pragma(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			    const struct rewrite *rewrite)
{
	size_t bytes;
	char *sql = statement_rewrite(text, statement, 0, rewrite->place, rewrite->words, &bytes);

	if (sql)
		pragma_run(connection, sql, NULL, 0);
	free(sql);
}

static void statement_ended(struct connection *connection, sqlite3_stmt *stmt)
{
	const char *sql = connection->sqlite->sql(stmt);
	unsigned watch = atomic_load_explicit(&connection->watch, memory_order_relaxed);
	struct statement statement;
	struct rewrite rewrite;
	struct sql_text text;

	if (!sql || !(watch >> statement_first_letter(sql, -1) & 1))
		return;
	text = sql_text_utf8(sql, -1);
	statement_read(&text, 0, &statement);
	if (!program_statement(connection, &text, &statement, &rewrite))
		return;
	if (statement.kind == STATEMENT_BEGIN)
		upgrade_begin(connection, &statement);
	else
		override_pragma(connection, &text, &statement, &rewrite);
}

/* Our trace callback, called with the connection's mutex held. What we run ourselves comes by here too. */
static int traced(unsigned event, void *argument, void *subject, void *detail)
{
	struct watched *watched = argument;
	struct connection *connection = watched->connection;

	(void)detail;
	if (watched->inside || connection->off)
		return 0;
	watched->inside = true;
	door_depth++;
	if (event == SQLITE_TRACE_STMT)
		look_at_busy_slot(watched);
	else if (event == SQLITE_TRACE_PROFILE)
		statement_ended(connection, subject);
	else if (report_is_wanted())
		apply_read_back(connection);
	door_depth--;
	watched->inside = false;
	return 0;
}

static int collate(void *argument, int left_size, const void *left, int right_size, const void *right)
{
	int order = memcmp(left, right, (size_t)(left_size < right_size ? left_size : right_size));

	(void)argument;
	return order ? order : left_size - right_size;
}

/* SQLite frees the handle: it ends the collation that we defined for no other purpose. */
static void ended(void *argument)
{
	struct watched *watched = argument;
	struct connection *connection = watched->connection;
	char *line;

	if (report_is_wanted() && connection->pid == getpid()) {
		line = report_format(connection);
		if (line)
			report_write(line);
		free(line);
	}
	registry_forget(connection, connection->serial);
	free(watched);
}

static void learn_slots(struct copy *copy, sqlite3 *db)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	if (atomic_load(&copy->slots_learned))
		return;
	pthread_mutex_lock(&lock);
	if (!atomic_load(&copy->slots_learned))
		slot_learn(copy->sqlite, db, &copy->slots);
	atomic_store(&copy->slots_learned, true);
	pthread_mutex_unlock(&lock);
}

/* Makes the connection's record and has SQLite call us about it. NULL if memory is out. */
static struct watched *watch(struct copy *copy, sqlite3 *db)
{
	const struct sqlite *sqlite = copy->sqlite;
	struct watched *watched = calloc(1, sizeof(*watched));
	bool begins;

	if (!watched)
		return NULL;
	learn_slots(copy, db);
	/* SQLITE_TRACE_PROFILE came with 3.14 */
	begins = copy->number >= 3014000 && sqlite->blob_open && sqlite->blob_close;
	watched->copy = copy;
	watched->connection = connection_open_behind(sqlite, db, "embedded copy", begins);
	if (!watched->connection ||
	    sqlite->create_collation_v2(db, collation_name, SQLITE_UTF8, watched, collate, ended) != SQLITE_OK) {
		free(watched);
		return NULL;
	}
	if (copy->number >= 3014000)
		sqlite->trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE | SQLITE_TRACE_CLOSE, traced, watched);
	return watched;
}

/* SQLite has just opened db and nobody has it yet. An error left in it would be taken for one of the opening. */
static int entry(sqlite3 *db, char **message, const struct sqlite3_api_routines *table)
{
	struct copy *copy = copy_find(table, table->libversion());
	struct watched *watched;
	int saved = errno;

	(void)message;
	/* the front door is opening it */
	if (door_depth > 0 || !copy || settings_get(SETTING_EMBEDDED)->number == SWITCH_OFF)
		return SQLITE_OK;
	door_depth++;
	watched = watch(copy, db);
	if (watched) {
		/* what we run now is not the program's */
		watched->inside = true;
		program_opened(watched->connection);
		watched->inside = false;
	}
	table->exec(db, "", NULL, NULL, NULL);
	door_depth--;
	errno = saved;
	return SQLITE_OK;
}

static void enter_all(const struct object *object)
{
	for (size_t i = 0; i < object->table_count; i++) {
		struct copy *copy = copy_get(&object->tables[i]);
		/* again at every file, for the case that the program called sqlite3_reset_auto_extension() or sqlite3_shutdown():
		 * it is kept once */
		if (copy)
			copy->table->auto_extension((void (*)(void))entry);
	}
}

void embedded_notice(const void *caller)
{
	const struct object *object;
	int saved = errno;

	object = object_of_code(caller);
	if (object && object->table_count) {
		door_depth++;
		enter_all(object);
		door_depth--;
	}
	errno = saved;
}

void embedded_opened(const void *caller, const char *path, int fd)
{
	static const char magic[] = "SQLite format 3";
	const struct object *object;
	char header[sizeof(magic)];
	int saved = errno;
	char *line;

	if (pread(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header) && memcmp(header, magic, sizeof(magic)) == 0 &&
	    (object = object_of_code(caller)) && object->has_magic && !sqlite_is_known(caller)) {
		if (report_warn_once(REPORT_UNREACHED, object->path,
				     "%s carries a SQLite that cannot be reached (it was built without extension loading):"
				     " its databases keep their own settings",
				     object->path) &&
		    report_is_wanted() && (line = report_format_unreached(path, object->path))) {
			report_write(line);
			free(line);
		}
	}
	errno = saved;
}
