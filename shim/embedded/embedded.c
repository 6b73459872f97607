/* embedded.c - finds embedded copies of SQLite and registers with them.
 *
 * How it works, in the order of events:
 *
 * 1. A program opens a file. Our hooks of open() and openat() (hook_open.c) see every call. The flags, a comparison without a
 * function call, exclude nearly all of them; the rest look like SQLite's unix VFS.
 *
 * 2. caller_find() finds the code that opens: the hook's caller, or a frame above it if another library interposes open() too.
 *
 * 3. object_of_code() finds the loaded object that the code lies in and searches it, once, for the table of functions that every
 * SQLite has for its loadable extensions (apitable.h): near the code first. If that table's copy then opens no connection, the next
 * open by the same code searches the whole object.
 *
 * 4. register_with() calls the copy's own sqlite3_auto_extension(), found in the table, with auto_extension() below. SQLite is
 * inside sqlite3_open*() at this moment and runs its auto extensions after the file is open, so that already the connection being
 * opened is served.
 *
 * 5. auto_extension() runs for each new connection, before the program has the handle. It makes the connection's record and
 * installs a trace callback (embedded_connection.c).
 *
 * 6. The trace callback runs at the start and at the end of each statement, with the connection's mutex held
 * (embedded_statement.c). A statement cannot be replaced, only followed: after a BEGIN the write lock is taken, after a PRAGMA the
 * operator's value is set.
 *
 * Nothing is locked here; object.c keeps what it found in a cache without locks, and loader_find() may take the loader's lock. No
 * code is patched. A SQLite that has no table (no extension loading, older than 3.8.7) is reported once and left alone. */
#include "embedded/embedded.h"

#include "base/guard.h"
#include "base/log.h"
#include "connection/registry.h"
#include "elf/object.h"
#include "embedded/embedded_connection.h"
#include "embedded/extension_entry.h"
#include "embedded/memory_image.h"
#include "report/report.h"
#include "sqlite/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

/* The code that opened this thread's last file, while it is doubtful whether its SQLite was found (object.h); NULL when a
 * connection has confirmed it. */
static _Thread_local const void *unconfirmed;

/* Called by SQLite inside sqlite3_open*(), before the program has the handle. */
static int auto_extension(sqlite3 *db, char **message, const struct sqlite3_api_routines *table)
{
	struct copy *copy = copy_find(table);
	struct connection *connection;
	int saved = errno;

	(void)message;
	/* the hook of sqlite3_open*() is running, and will serve it */
	if (guard_depth > 0 || !copy || settings_get(SETTING_EMBEDDED)->number == SWITCH_OFF)
		return SQLITE_OK;
	guard_enter(NULL);
	if (unconfirmed)
		object_confirm(unconfirmed, table);
	unconfirmed = NULL;
	atomic_store_explicit(&copy->initialized, true, memory_order_relaxed);
	embedded_connection_open(copy, db);
	connection = registry_find(db);
	if (connection && !connection->passthrough)
		memory_image_watch(copy);
	sqlite_forget_error(copy->sqlite, db);
	guard_leave();
	errno = saved;
	return SQLITE_OK;
}

/* 3.31 was the first release to open with O_NOFOLLOW, and some releases later all builds do. Without the flag it is a file of the
 * program's own, and SQLite must stay uninitialized for the program's sqlite3_config(). */
#define FIRST_WITH_NOFOLLOW 3035000

/* How often the mutex below is tried: another thread holds it for a few instructions only. */
#define TRIES 100

/* Can sqlite3_auto_extension() be called without a deadlock? A signal handler may open files (signal-safety(7)), and may have
 * interrupted SQLite in this very thread while it held the mutex that the function takes. A copy that is not initialized yet has no
 * mutex to try. */
static bool can_register(const struct copy *copy)
{
	const struct sqlite3_api_routines *table = copy->table;
	sqlite3_mutex *mutex;

	if (!atomic_load_explicit(&copy->initialized, memory_order_relaxed) || !table->mutex_alloc || !table->mutex_try ||
	    !table->mutex_leave)
		return true;
	/* NULL in a copy without threads */
	mutex = table->mutex_alloc(SQLITE_MUTEX_STATIC_MASTER);
	for (int i = 0; mutex && table->mutex_try(mutex) != SQLITE_OK; i++) {
		if (i == TRIES)
			return false;
		sched_yield();
	}
	if (mutex)
		table->mutex_leave(mutex);
	return true;
}

void embedded_copy_leave(struct copy *copy)
{
	extension_entry_leave(copy, auto_extension);
}

/* Registers auto_extension() with the copy. Repeated for every file, because the program may have called
 * sqlite3_reset_auto_extension() or sqlite3_shutdown(); SQLite keeps only one registration. */
static void register_with(const struct object *object, const struct api_table *table)
{
	bool known = copy_find((const void *)table->address);
	struct copy *copy = copy_get(table);

	if (!copy)
		return;
	if (!known)
		log_write(LOG_DEBUG, "%s: SQLite %s found %s", object_path(object), table->version,
			  object->whole ? "in all that may hold it" : "near the code that opened a file");
	if (!can_register(copy))
		return;
	extension_entry_add(copy, auto_extension, !known);
	atomic_store(&copy->leave, embedded_copy_leave);
}

static atomic_uint opened;

unsigned embedded_files_opened(void)
{
	return atomic_load_explicit(&opened, memory_order_relaxed);
}

void embedded_notice(const void *caller, int flags)
{
	struct object object;
	bool again = unconfirmed == caller;
	int saved = errno;

	atomic_fetch_add_explicit(&opened, 1, memory_order_relaxed);
	/* files that we open, or a signal handler opens during this, pass through */
	guard_enter(NULL);
	unconfirmed = NULL;
	if (object_of_code(caller, &object)) {
		if (object_is_doubtful(&object, caller)) {
			if (again)
				object_search_whole(caller, &object);
			else
				unconfirmed = caller;
		}
		for (size_t i = 0; i < object.table_count; i++)
			if ((flags & O_NOFOLLOW) || object.tables[i].number < FIRST_WITH_NOFOLLOW)
				register_with(&object, &object.tables[i]);
	}
	guard_leave();
	errno = saved;
}

/* The file of a SQLite that has no table. The object is asked first: a program without SQLite gets no system call of ours, which
 * its sandbox might forbid. */
static bool is_unreached(const void *caller, int fd, struct object *object)
{
	static const char magic[] = "SQLite format 3";
	char header[sizeof(magic)];

	return object_has_sqlite(caller, object) && object->table_count == 0 && !sqlite_is_known(caller) &&
	       pread(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header) && memcmp(header, magic, sizeof(magic)) == 0;
}

void embedded_opened(const void *caller, const char *path, int fd)
{
	struct object object;
	int saved = errno;
	char *line;

	if (fd < 0) {
		unconfirmed = NULL;
		return;
	}
	guard_enter(NULL);
	if (!is_unreached(caller, fd, &object)) {
		guard_leave();
		errno = saved;
		return;
	}
	sqlite_found_unreachable();
	if (log_warn_once(WARNING_UNREACHED, object_path(&object),
			  "%s carries a SQLite that cannot be reached (it was built without extension loading, or is older than"
			  " 3.8.7): its databases keep their own settings",
			  object_path(&object)) &&
	    report_is_wanted() && (line = report_format_unreached(path, object_path(&object)))) {
		report_write(line);
		free(line);
	}
	guard_leave();
	errno = saved;
}
