/* sqlite.c - finds the copies of SQLite that hooks and embedded copies lead to, and keeps their functions. */
#include "sqlite/sqlite.h"

#include "elf/loaded_symbol.h"

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Never shrinks. Lock-free: a thread inside dlopen() holds the loader's lock when it gets here, other threads take it from here. */
static struct sqlite *_Atomic copies;

/* Python, Perl, Tcl and others load SQLite with RTLD_LOCAL, so the global scope does not have it. A compiler may also have turned
 * the caller's call into a jump: then the return address lies in another object than the caller. */
static void *symbol_for_caller(const char *name, const void *caller)
{
	void *symbol = library_next_symbol_unlocked(name);
	struct loaded loaded;

	if (symbol || loaded_symbol_only(name, &symbol))
		return symbol;
	symbol = loader_symbol(NULL, name);
	if (!symbol && loader_find(caller, &loaded))
		symbol = loader_symbol(loaded.name, name);
	return symbol ? symbol : loader_symbol_anywhere(name);
}

static atomic_bool unreachable;

void sqlite_found_unreachable(void)
{
	atomic_store_explicit(&unreachable, true, memory_order_relaxed);
}

bool sqlite_has_unreachable(void)
{
	return atomic_load_explicit(&unreachable, memory_order_relaxed);
}

static int missing(void)
{
	return SQLITE_ERROR;
}

/* The first records are static: a program must be able to open its database when memory is out. */
static struct sqlite *allocate(void)
{
	static struct sqlite first[4];
	static atomic_uint used;
	unsigned n = atomic_load(&used);

	while (n < sizeof(first) / sizeof(first[0]))
		if (atomic_compare_exchange_weak(&used, &n, n + 1))
			return &first[n];
	return calloc(1, sizeof(struct sqlite));
}

static void stand_in(struct sqlite *copy)
{
	copy->has_authorizer = copy->set_authorizer != NULL;
	copy->has_progress = copy->progress_handler != NULL;
	copy->has_key = copy->key != NULL;
	if (!copy->close_v2)
		copy->close_v2 = copy->close;
#define SQLITE_STAND_IN(function)                                                                                                  \
	if (!copy->function)                                                                                                       \
		*(void **)&copy->function = (void *)(uintptr_t)missing;
	SQLITE_TABLED(SQLITE_STAND_IN)
	SQLITE_KEYED(SQLITE_STAND_IN)
#undef SQLITE_STAND_IN
}

/* In the object, or what it needs. */
static void *symbol_in(const struct loaded *loaded, const char *name)
{
	void *symbol;

	return loaded_symbol_of(loaded, name, &symbol) ? symbol : loader_symbol(loaded->name, name);
}

/* As ld.so would find them, if loaded is NULL. */
static void resolve(struct sqlite *copy, const struct loaded *loaded)
{
#define SQLITE_RESOLVE(function)                                                                                                   \
	*(void **)&copy->function = loaded ? symbol_in(loaded, "sqlite3_" #function) : loader_symbol(NULL, "sqlite3_" #function);
	SQLITE_INTERPOSED(SQLITE_RESOLVE)
	SQLITE_CALLED(SQLITE_RESOLVE)
	SQLITE_RESOLVE(interrupt)
#undef SQLITE_RESOLVE
	stand_in(copy);
}

/* Fills in the record's description; its functions are resolved already. */
static void describe(struct sqlite *copy, const struct loaded *loaded)
{
	copy->start = loaded->start;
	copy->stop = loaded->stop;
	copy->loaded = *loaded;
	snprintf(copy->object, sizeof(copy->object), "%s", loaded->name);
	if (copy->libversion)
		snprintf(copy->version, sizeof(copy->version), "%s", copy->libversion());
	copy->minor = (int)strtol(copy->version + 2, NULL, 10);
	if (copy->sourceid)
		snprintf(copy->source, sizeof(copy->source), "%s", copy->sourceid());
}

/* SQLITE_CONFIG_SINGLETHREAD has all mutexes be this one: src/mutex_noop.c */
bool sqlite_has_mutexes(const struct sqlite *sqlite)
{
	const sqlite3_mutex *none = (const sqlite3_mutex *)8, *mutex;

	mutex = sqlite->mutex_alloc ? sqlite->mutex_alloc(SQLITE_MUTEX_STATIC_MASTER) : NULL;
	return mutex && mutex != none;
}

int (*_Atomic sqlite_only_step)(sqlite3_stmt *stmt);
int (*_Atomic sqlite_unseen_step)(sqlite3_stmt *stmt);
static atomic_bool steps_wanted;

void sqlite_want_steps(void)
{
	atomic_store(&steps_wanted, true);
	atomic_store(&sqlite_unseen_step, (int (*)(sqlite3_stmt *))NULL);
}

/* What an embedded copy exports does not reach our hooks. */
static void note_step(const struct sqlite *copy)
{
	static atomic_bool several;
	int (*none)(sqlite3_stmt *) = NULL;

	if (copy->of_table || atomic_load(&sqlite_only_step) == copy->step)
		return;
	if (!atomic_load(&several) && atomic_compare_exchange_strong(&sqlite_only_step, &none, copy->step)) {
		atomic_store(&sqlite_unseen_step, copy->step);
		if (!atomic_load(&steps_wanted))
			return;
	} else {
		atomic_store(&several, true);
		atomic_store(&sqlite_only_step, (int (*)(sqlite3_stmt *))NULL);
	}
	atomic_store(&sqlite_unseen_step, (int (*)(sqlite3_stmt *))NULL);
}

/* Two threads may both get here: two records of one copy do no harm. */
static void publish(struct sqlite *copy)
{
	note_step(copy);
	copy->next = atomic_load(&copies);
	while (!atomic_compare_exchange_weak(&copies, &copy->next, copy))
		;
}

const struct sqlite *sqlite_of_function(const void *function)
{
	struct loaded loaded;
	struct sqlite *copy;

	for (copy = atomic_load(&copies); copy; copy = copy->next)
		if (!copy->of_table && function >= copy->start && function < copy->stop && loader_is_still(&copy->loaded, function))
			return copy;
	if (!loader_find(function, &loaded))
		return NULL;
	copy = allocate();
	if (!copy)
		return NULL;
	/* another interposer may define sqlite3_open() and nothing else: find the other functions as ld.so would */
	resolve(copy, symbol_in(&loaded, "sqlite3_libversion") ? &loaded : NULL);
	describe(copy, &loaded);
	publish(copy);
	return copy;
}

const struct sqlite *sqlite_of_caller(const char *name, const void *caller)
{
	const void *symbol = symbol_for_caller(name, caller);

	return symbol ? sqlite_of_function(symbol) : NULL;
}

void *sqlite_symbol(const struct sqlite *sqlite, const char *name)
{
	return symbol_in(&sqlite->loaded, name);
}

bool sqlite_is_known(const void *code)
{
	for (const struct sqlite *copy = atomic_load(&copies); copy; copy = copy->next)
		if (code >= copy->start && code < copy->stop)
			return true;
	return false;
}

bool sqlite_is_same(const struct sqlite *sqlite, const struct sqlite *other)
{
	return sqlite->libversion == other->libversion;
}

bool sqlite_is_alone(const struct sqlite *sqlite)
{
	const struct sqlite *copy = atomic_load(&copies);

	while (copy && sqlite_is_same(copy, sqlite))
		copy = copy->next;
	return !copy;
}

const struct sqlite *sqlite_of_table(const struct sqlite3_api_routines *table, unsigned number)
{
	struct loaded loaded;
	struct sqlite *copy;

	if (!loader_find((const void *)(uintptr_t)table->libversion, &loaded))
		return NULL;
	copy = allocate();
	if (!copy)
		return NULL;
#define SQLITE_TAKE(function) copy->function = table->function;
	SQLITE_TABLED(SQLITE_TAKE)
	SQLITE_LATER(SQLITE_TAKE)
	SQLITE_CALLED(SQLITE_TAKE)
#undef SQLITE_TAKE
	copy->interrupt = table->interruptx;
	copy->of_table = true;
	copy->table = table;
	if (number < 3014000)
		copy->trace_v2 = NULL;
	if (number < 3020000)
		copy->prepare_v3 = NULL, copy->prepare16_v3 = NULL;
	if (number < 3031000)
		copy->hard_heap_limit64 = NULL;
	if (number < 3034000)
		copy->txn_state = NULL;
	stand_in(copy);
	describe(copy, &loaded);
	publish(copy);
	return copy;
}

sqlite3 *sqlite_handle_of(sqlite3_stmt *stmt)
{
	for (const struct sqlite *copy = atomic_load(&copies); copy && stmt; copy = copy->next)
		if (copy->db_handle)
			return copy->db_handle(stmt);
	return NULL;
}

sqlite3_stmt *sqlite_find_statement(const struct sqlite *sqlite, sqlite3 *db,
				    bool (*matches)(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument),
				    const void *argument)
{
	sqlite3_stmt *stmt = NULL;

	while (sqlite->next_stmt && (stmt = sqlite->next_stmt(db, stmt)))
		if (matches(sqlite, stmt, argument))
			return stmt;
	return NULL;
}

static bool is_running(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	(void)argument;
	return sqlite->stmt_busy(stmt);
}

bool sqlite_runs_statement(const struct sqlite *sqlite, sqlite3 *db)
{
	return sqlite->stmt_busy && sqlite_find_statement(sqlite, db, is_running, NULL);
}

/* What sqlite3_interrupt() has ended leaves its mark until the next statement begins, or a checkpoint ends. */
int sqlite_checkpoint(const struct sqlite *sqlite, sqlite3 *db)
{
	int rc = sqlite->wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	return rc == SQLITE_INTERRUPT ? sqlite->wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) : rc;
}

bool sqlite_is_idle(const struct sqlite *sqlite, sqlite3 *db)
{
	return sqlite->get_autocommit(db) && !sqlite_runs_statement(sqlite, db);
}

bool sqlite_try_mutex(const struct sqlite *sqlite, sqlite3 *db, bool is_free, sqlite3_mutex **mutex)
{
	if (!sqlite->db_mutex || !sqlite->mutex_try || !sqlite->mutex_leave)
		return false;
	*mutex = sqlite->db_mutex(db);
	return *mutex ? sqlite->mutex_try(*mutex) == SQLITE_OK : is_free;
}

sqlite3_file *sqlite_file(const struct sqlite *sqlite, sqlite3 *db, const char *schema)
{
	sqlite3_file *file = NULL;

	if (!sqlite->file_control || sqlite->file_control(db, schema, SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK)
		return NULL;
	return file && file->pMethods ? file : NULL;
}

const char *sqlite_vfs_name(const struct sqlite *sqlite, sqlite3 *db, const char *schema)
{
	const sqlite3_vfs *vfs = NULL;

	if (!sqlite->file_control || sqlite->file_control(db, schema, SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK)
		return NULL;
	return vfs ? vfs->zName : NULL;
}

void sqlite_forget_error(const struct sqlite *sqlite, sqlite3 *db)
{
	sqlite->exec(db, "", NULL, NULL, NULL);
}

bool sqlite_is_read_only(const struct sqlite *sqlite, sqlite3 *db, const char *schema)
{
	return sqlite->db_readonly && sqlite->db_readonly(db, schema) == 1;
}

/* CACHE_USED_SHARED divides a shared cache's memory by the number of its connections: it differs from CACHE_USED if it is
 * shared. */
bool sqlite_shares_cache(const struct sqlite *sqlite, sqlite3 *db)
{
	int whole = 0, part = 0, most = 0;

	return sqlite->db_status && sqlite->db_status(db, SQLITE_DBSTATUS_CACHE_USED, &whole, &most, 0) == SQLITE_OK &&
	       sqlite->db_status(db, SQLITE_DBSTATUS_CACHE_USED_SHARED, &part, &most, 0) == SQLITE_OK && part != whole;
}
