/* lifecycle.c - makes and ends the records of connections. */
#include "policy/lifecycle.h"

#include "base/glibc.h"
#include "base/library.h"
#include "base/log.h"
#include "base/program.h"
#include "connection/pragma.h"
#include "connection/registry.h"
#include "connection/trace.h"
#include "elf/loader.h"
#include "fs/storage.h"
#include "locking/busy_handler.h"
#include "locking/busy_unshimmed.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/holder.h"
#include "locking/idle_watcher.h"
#include "locking/inherited_locks.h"
#include "policy/apply.h"
#include "policy/begin.h"
#include "policy/checkpoints.h"
#include "policy/idle_checkpoint.h"
#include "policy/program_settings.h"
#include "policy/same_file.h"
#include "policy/wal.h"
#include "report/report.h"
#include "sqlite/copy.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void warn_of_bad_setting(const char *message)
{
	log_warn_once(WARNING_BAD_SETTING, message, "%s", message);
}

static const char *passthrough_everywhere; /* set once, by first_connection() */

static void look_at_program(void)
{
	if (settings_get(SETTING_ENABLED)->number == SWITCH_OFF)
		passthrough_everywhere = "SQLPROD=off";
	else if (!program_matches(settings_get(SETTING_PROGRAMS)->text))
		passthrough_everywhere = "not in SQLPROD_PROGRAMS";
	else if (program_matches(settings_get(SETTING_SKIP_PROGRAMS)->text))
		passthrough_everywhere = "in SQLPROD_SKIP_PROGRAMS";
}

/* A library such as libfaketime may stand before libc's clock. */
static void look_at_clock(void)
{
	struct loaded clock, libc;

	if (loader_find((const void *)(uintptr_t)clock_gettime, &clock) && loader_find((const void *)(uintptr_t)strerror, &libc) &&
	    clock.start != libc.start)
		monotonic_ask_kernel();
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Once per process that opens a database. Others have no business with our warnings. */
static void first_connection(void)
{
	settings_complain(warn_of_bad_setting);
	look_at_program();
	look_at_clock();
	pthread_atfork(registry_before_fork, registry_after_fork, registry_after_fork);
	pthread_atfork(NULL, NULL, reservation_forked);
	pthread_atfork(NULL, NULL, holder_forked);
	pthread_atfork(NULL, NULL, shared_write_forked);
	inherited_locks_start();
	/* the last one to be registered is the first one before a fork: no lock is held yet */
	pthread_atfork(idle_watcher_before_fork, idle_watcher_after_fork, idle_watcher_forked);
	pthread_atfork(checkpoint_all, NULL, NULL);
	pthread_atfork(idle_checkpoint_before_fork, idle_checkpoint_after_fork, idle_checkpoint_forked);
	idle_checkpoint_start();
}

/* Why the operator excludes this connection; NULL if not. */
static const char *passthrough_reason(const char *path)
{
	if (passthrough_everywhere)
		return passthrough_everywhere;
	if (!settings_match_path(settings_get(SETTING_DATABASES)->text, path))
		return "not in SQLPROD_DATABASES";
	if (settings_match_path(settings_get(SETTING_SKIP_DATABASES)->text, path))
		return "in SQLPROD_SKIP_DATABASES";
	return NULL;
}

/* Does a VFS of the program's own keep the database in memory or on another machine, as cowsql's does? No other process has it
 * then, and how its locks wait is not known. Such a VFS leaves its name as it is, or there is no file of that name. */
static bool is_no_file(const struct connection *connection)
{
	const char *vfs = sqlite_vfs_name(connection->sqlite, connection->db, "main");
	struct stat status;

	if (!*connection->path || (vfs && (strncmp(vfs, "unix", strlen("unix")) == 0 || strcmp(vfs, "memdb") == 0)))
		return false;
	return *connection->path != '/' || glibc_stat(connection->path, &status) != 0;
}

/* They pass everything through, though whoever named them in LD_PRELOAD expects them to serve. */
static void warn_of_other_copies(void)
{
	struct loaded own, loaded;

	for (const struct library_copy *copy = library_others(); copy; copy = copy->following)
		if (loader_find(copy->start, &loaded) && loader_find(&once, &own))
			log_warn_once(
				WARNING_SECOND_LIBRARY, loaded.name,
				"%s is in this process as well as %s, which serves it: the other one does nothing. Name only one "
				"of them in LD_PRELOAD and /etc/ld.so.preload",
				loaded.name, own.name);
}

static struct connection *record(const struct sqlite *sqlite, sqlite3 *db, enum reached reached)
{
	struct connection *connection = registry_allocate();
	const char *path = sqlite->db_filename ? sqlite->db_filename(db, "main") : NULL;

	if (!connection)
		return NULL;
	connection->sqlite = sqlite;
	connection->pid = getpid();
	connection->reached = reached;
	connection->path = strdup(path ? path : "");
	if (!connection->path) {
		/* without a path nothing can be decided: every call passes through */
		connection->passthrough = "no memory for its path";
	}
	for (int i = 0; i < SETTING_APPLIED_COUNT; i++)
		connection->outcomes[i] = (struct outcome){.wanted = VALUE_UNKNOWN, .got = VALUE_UNKNOWN};
	return connection;
}

/* Is a setting wanted that would be dangerous on a shared filesystem? */
static bool trusts_storage(void)
{
	const struct setting_value *mode = settings_get(SETTING_JOURNAL_MODE), *map = settings_get(SETTING_MMAP_SIZE);

	return (!mode->keep && mode->number == JOURNAL_WAL) || (!map->keep && map->number > 0);
}

static void look_at_storage(struct connection *connection)
{
	storage_look(connection->path, &connection->storage);
	if (connection->storage.kind == STORAGE_UNKNOWN && trusts_storage())
		log_warn_once(
			WARNING_UNKNOWN_STORAGE, "",
			"the filesystem of %s cannot be determined and is treated as a local disk. If other machines use it too, "
			"set SQLPROD_JOURNAL_MODE=keep and SQLPROD_MMAP_SIZE=0",
			connection->path);
}

static void set_up(struct connection *connection, bool shared_cache)
{
	if (!connection->passthrough && is_no_file(connection))
		connection->passthrough = "its VFS does not keep it in a file of that name";
	if (connection->passthrough) {
		connection_update_interest(connection);
		log_write(LOG_INFO, "%s left alone: %s", connection->path, connection->passthrough);
		report_open_connection(connection);
		return;
	}
	connection_lock(connection);
	same_file_look(connection, shared_cache);
	if (*connection->path)
		look_at_storage(connection);
	busy_handler_prepare(connection);
	report_start_intervals();
	begin_prepare(connection);
	apply_at_open(connection);
	busy_handler_reinstall(connection, 0);
	connection->setup = SETUP_OPENED;
	connection_update_interest(connection);
	connection_unlock(connection);
	log_write(LOG_DEBUG, "opened %s with SQLite %s", connection->path, connection->sqlite->version);
}

/* A new record, found by its handle from now on; NULL if memory is out. */
static struct connection *insert(const struct sqlite *sqlite, sqlite3 *db, enum reached reached)
{
	struct connection *connection;

	glibc_once(&once, first_connection);
	if (library_others())
		warn_of_other_copies();
	connection = record(sqlite, db, reached);
	if (!connection)
		return NULL;
	/* other threads read it without the mutex */
	if (!connection->passthrough)
		connection->passthrough = passthrough_reason(connection->path);
	registry_insert(connection, db);
	return connection;
}

struct connection *lifecycle_opening(const struct sqlite *sqlite, sqlite3 *db)
{
	struct connection *connection = insert(sqlite, db, REACHED_BY_HOOKS);

	if (!connection)
		return NULL;
	connection->unseen = UNSEEN_STATEMENTS;
	connection_update_interest(connection);
	return connection;
}

void lifecycle_open(const struct sqlite *sqlite, sqlite3 *db, bool shared_cache, struct connection *connection)
{
	int saved = errno;

	if (!connection || connection->db != db)
		connection = insert(sqlite, db, REACHED_BY_HOOKS);
	if (connection)
		set_up(connection, shared_cache);
	errno = saved;
}

struct connection *lifecycle_open_embedded(const struct sqlite *sqlite, sqlite3 *db, const struct callback_offsets *offsets,
					   bool upgrades)
{
	struct connection *connection = insert(sqlite, db, upgrades ? REACHED_EMBEDDED : REACHED_NOT_UPGRADED);

	if (!connection)
		return NULL;
	connection->unseen = UNSEEN_STATEMENTS;
	connection->offsets = offsets;
	set_up(connection, false);
	return connection;
}

void lifecycle_open_failed(const struct sqlite *sqlite, sqlite3 *db)
{
	struct connection *connection = registry_allocate();

	if (!connection)
		return;
	connection->sqlite = sqlite;
	connection->passthrough = "it could not be opened";
	connection->report_done = true;
	registry_insert(connection, db);
}

/* Has the program a busy handler that we did not see it set? A timeout other than 0 says that it has none. */
static void look_for_busy_handler(struct connection *connection)
{
	const struct busy_offsets *layout = offsets_busy_if_known(connection->sqlite);
	struct busy_callback now = {.handler = NULL};
	char timeout[16];

	if (pragma_run(connection, "PRAGMA busy_timeout", timeout, sizeof(timeout)) == SQLITE_OK && atoi(timeout) > 0)
		return;
	if (!callback_read_busy(layout, connection->db, &now))
		connection->busy.unknown = true;
	else if (now.handler)
		program_found_busy_handler(connection, now.handler, now.argument);
}

struct connection *lifecycle_adopt(const struct sqlite *sqlite, sqlite3 *db)
{
	sqlite3_mutex *mutex = sqlite->db_mutex && sqlite->mutex_enter && sqlite->mutex_leave ? sqlite->db_mutex(db) : NULL;
	struct connection *connection;

	/* two threads may use it for the first time at once: the second one finds the record of the first */
	if (mutex)
		sqlite->mutex_enter(mutex);
	connection = registry_find(db);
	if (!connection) {
		connection = insert(sqlite, db, REACHED_ADOPTED);
		if (connection) {
			connection->unseen = UNSEEN_STATEMENTS;
			connection->offsets = copy_offsets_if_known(sqlite);
			look_for_busy_handler(connection);
			set_up(connection, false);
		}
	}
	if (mutex)
		sqlite->mutex_leave(mutex);
	return connection;
}

/* Statements may keep the connection alive after sqlite3_close_v2(), with its pages and its mutex: only the callbacks that need its
 * record are given back. */
static void leave_to_statements(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	connection_lock(connection);
	if (!sqlite->next_stmt || sqlite->next_stmt(connection->db, NULL))
		trace_give_back(connection);
	busy_unshimmed_give_back(connection);
	connection_unlock(connection);
}

char *lifecycle_closing(struct connection *connection, bool v2)
{
	char *line = NULL;

	if (connection->passthrough) {
		v2 = false;
	} else {
		connection_lock(connection);
		wal_copy_before_close(connection);
		connection_unlock(connection);
	}
	if (report_is_wanted() && !connection->report_done && connection->pid == getpid()) {
		connection_lock(connection);
		if (!connection->passthrough)
			apply_read_back(connection);
		line = report_format(connection, false);
		connection_unlock(connection);
	}
	if (v2)
		leave_to_statements(connection);
	return line;
}
