/* embedded.c - enters embedded copies of SQLite. */
#include "embedded/embedded.h"

#include "base/guard.h"
#include "base/log.h"
#include "elf/object.h"
#include "embedded/embedded_connection.h"
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

/* This thread's last opener of which it is not sure that we found its SQLite (object.h); NULL once that made a connection. */
static _Thread_local const void *unanswered;

/* SQLite has just opened db and nobody has it yet. */
static int entry(sqlite3 *db, char **message, const struct sqlite3_api_routines *table)
{
	struct copy *copy = copy_find(table);
	int saved = errno;

	(void)message;
	/* the front door is opening it */
	if (guard_depth > 0 || !copy || settings_get(SETTING_EMBEDDED)->number == SWITCH_OFF)
		return SQLITE_OK;
	guard_enter(NULL);
	if (unanswered)
		object_confirm(unanswered, table);
	unanswered = NULL;
	atomic_store_explicit(&copy->answered, true, memory_order_relaxed);
	embedded_connection_open(copy, db);
	sqlite_forget_error(copy->sqlite, db);
	guard_leave();
	errno = saved;
	return SQLITE_OK;
}

/* 3.31 was the first to open with O_NOFOLLOW; a few builds later it is in use. A program's own files are opened without, and its
 * sqlite3_config() must find SQLite unused. */
#define FIRST_WITH_NOFOLLOW 3035000

/* How often the mutex below is tried: as long as another thread holds it, which is for a few instructions. */
#define TRIES 100

/* A signal handler may open files (signal-safety(7)), and may have interrupted SQLite in this very thread while it held the mutex
 * that sqlite3_auto_extension() takes: to wait for that would be for ever. False then. A copy that is not set up yet has no mutex
 * to try. */
static bool can_register(const struct copy *copy)
{
	const struct sqlite3_api_routines *table = copy->table;
	sqlite3_mutex *mutex;

	if (!atomic_load_explicit(&copy->answered, memory_order_relaxed) || !table->mutex_alloc || !table->mutex_try ||
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

/* Again at every file, for the case that the program called sqlite3_reset_auto_extension() or sqlite3_shutdown(): it is kept
 * once. */
static void enter(const struct object *object, const struct api_table *table)
{
	bool known = copy_find((const void *)table->address);
	struct copy *copy = copy_get(table);

	if (!copy)
		return;
	if (!known)
		log_write(LOG_DEBUG, "%s: SQLite %s found %s", object->path, table->version,
			  object->whole ? "in all that may hold it" : "near the code that opened a file");
	if (can_register(copy))
		copy->table->auto_extension((void (*)(void))entry);
}

void embedded_notice(const void *caller, int flags)
{
	struct object object;
	bool again = unanswered == caller;
	int saved = errno;

	/* whatever we open, and whatever a signal handler opens meanwhile, passes */
	guard_enter(NULL);
	unanswered = NULL;
	if (object_of_code(caller, &object)) {
		if (object_is_doubtful(&object, caller)) {
			if (again)
				object_search_whole(caller, &object);
			else
				unanswered = caller;
		}
		for (size_t i = 0; i < object.table_count; i++)
			if ((flags & O_NOFOLLOW) || object.tables[i].number < FIRST_WITH_NOFOLLOW)
				enter(&object, &object.tables[i]);
	}
	guard_leave();
	errno = saved;
}

/* The file of a SQLite that has no table. */
static bool is_unreached(const void *caller, int fd, struct object *object)
{
	static const char magic[] = "SQLite format 3";
	char header[sizeof(magic)];

	return object_of_code(caller, object) && object->table_count == 0 && !sqlite_is_known(caller) &&
	       pread(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header) && memcmp(header, magic, sizeof(magic)) == 0 &&
	       object_has_sqlite(caller, object);
}

void embedded_opened(const void *caller, const char *path, int fd)
{
	struct object object;
	int saved = errno;
	char *line;

	if (fd < 0) {
		unanswered = NULL;
		return;
	}
	guard_enter(NULL);
	if (is_unreached(caller, fd, &object) &&
	    log_warn_once(WARNING_UNREACHED, object.path,
			  "%s carries a SQLite that cannot be reached (it was built without extension loading, or is older than"
			  " 3.8.7): its databases keep their own settings",
			  object.path) &&
	    report_is_wanted() && (line = report_format_unreached(path, object.path))) {
		report_write(line);
		free(line);
	}
	guard_leave();
	errno = saved;
}
