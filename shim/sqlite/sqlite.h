/* sqlite.h - one copy of SQLite in this process: its functions, its version, where it came from.
 *
 * Two copies in one process are normal, and a handle belongs to the copy that opened it. A copy is found when a program opens a
 * connection, and kept in the connection's record; no function of SQLite is called before that (sqlite3_config() fails once SQLite
 * is initialized). */
#ifndef SQLPROD_SQLITE_SQLITE_H
#define SQLPROD_SQLITE_SQLITE_H

#include "elf/loader.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Encrypting builds only (SQLCipher, SEE); sqlite3.h does not declare them. */
int sqlite3_key(sqlite3 *db, const void *key, int bytes);
int sqlite3_key_v2(sqlite3 *db, const char *schema, const void *key, int bytes);

/* The interposed functions. If a copy lacks one, the member is a stand-in that returns SQLITE_ERROR, and for close_v2 it is
 * close. */
#define SQLITE_TABLED(X)                                                                                                           \
	X(open)                                                                                                                    \
	X(open_v2)                                                                                                                 \
	X(open16)                                                                                                                  \
	X(close)                                                                                                                   \
	X(close_v2)                                                                                                                \
	X(exec)                                                                                                                    \
	X(get_table)                                                                                                               \
	X(prepare)                                                                                                                 \
	X(prepare_v2)                                                                                                              \
	X(prepare16)                                                                                                               \
	X(prepare16_v2)                                                                                                            \
	X(busy_timeout)                                                                                                            \
	X(busy_handler)                                                                                                            \
	X(set_authorizer)                                                                                                          \
	X(trace)                                                                                                                   \
	X(trace_v2)                                                                                                                \
	X(profile)                                                                                                                 \
	X(commit_hook)                                                                                                             \
	X(rollback_hook)                                                                                                           \
	X(progress_handler)                                                                                                        \
	X(wal_hook)                                                                                                                \
	X(wal_autocheckpoint)

/* Interposed functions whose member is NULL in a copy that lacks them. */
#define SQLITE_LATER(X)                                                                                                            \
	X(prepare_v3)                                                                                                              \
	X(prepare16_v3)

/* Interposed functions that are not in the table for extensions. */
#define SQLITE_KEYED(X)                                                                                                            \
	X(key)                                                                                                                     \
	X(key_v2)                                                                                                                  \
	X(config)

/* Interposed functions that are looked up by name only: NULL in a copy that lacks them. */
#define SQLITE_NAMED(X)                                                                                                            \
	X(serialize)                                                                                                               \
	X(deserialize)                                                                                                             \
	X(auto_extension)

#define SQLITE_INTERPOSED(X) SQLITE_TABLED(X) SQLITE_LATER(X) SQLITE_KEYED(X) SQLITE_NAMED(X)

/* Functions that are called but not interposed, save step, backup_init, backup_finish, blob_open and hard_heap_limit64: NULL in a
 * copy that lacks them. */
#define SQLITE_CALLED(X)                                                                                                           \
	X(step)                                                                                                                    \
	X(reset)                                                                                                                   \
	X(db_handle)                                                                                                               \
	X(finalize)                                                                                                                \
	X(column_count)                                                                                                            \
	X(column_name)                                                                                                             \
	X(column_int)                                                                                                              \
	X(column_text)                                                                                                             \
	X(sql)                                                                                                                     \
	X(next_stmt)                                                                                                               \
	X(stmt_busy)                                                                                                               \
	X(stmt_status)                                                                                                             \
	X(stmt_readonly)                                                                                                           \
	X(get_autocommit)                                                                                                          \
	X(errmsg)                                                                                                                  \
	X(errcode)                                                                                                                 \
	X(db_config)                                                                                                               \
	X(db_filename)                                                                                                             \
	X(db_mutex)                                                                                                                \
	X(db_readonly)                                                                                                             \
	X(db_release_memory)                                                                                                       \
	X(db_status)                                                                                                               \
	X(file_control)                                                                                                            \
	X(backup_init)                                                                                                             \
	X(backup_finish)                                                                                                           \
	X(blob_open)                                                                                                               \
	X(blob_close)                                                                                                              \
	X(create_collation_v2)                                                                                                     \
	X(msize)                                                                                                                   \
	X(malloc)                                                                                                                  \
	X(free)                                                                                                                    \
	X(expanded_sql)                                                                                                            \
	X(mutex_alloc)                                                                                                             \
	X(mutex_enter)                                                                                                             \
	X(mutex_try)                                                                                                               \
	X(mutex_leave)                                                                                                             \
	X(uri_boolean)                                                                                                             \
	X(libversion)                                                                                                              \
	X(wal_checkpoint_v2)                                                                                                       \
	X(hard_heap_limit64)                                                                                                       \
	X(txn_state)                                                                                                               \
	X(update_hook)                                                                                                             \
	X(sourceid)

struct sqlite {
#define SQLITE_MEMBER(name) __typeof__(&sqlite3_##name) name;
	SQLITE_INTERPOSED(SQLITE_MEMBER)
	SQLITE_CALLED(SQLITE_MEMBER)
	SQLITE_MEMBER(interrupt) /* has another name in the table for extensions */
#undef SQLITE_MEMBER
	struct sqlite *next;
	char object[512];         /* path of the object that holds it, as the loader names it: "" for the main program */
	char version[16];         /* "3.40.1" */
	int minor;                /* 40 */
	char source[128];         /* its source id */
	bool of_table;            /* its functions are those of a table: an object may hold several */
	const void *table;        /* … where that lies, maybe in another object than they do; NULL otherwise */
	bool has_authorizer;      /* set_authorizer is not a stand-in */
	bool has_progress;        /* nor is progress_handler */
	bool has_key;             /* … nor is key: it encrypts */
	const void *start, *stop; /* where that object lies in memory */
	struct loaded loaded;     /* that object */
};

/* The copy that a call of the function `name` ("sqlite3_open") from the code at `caller` would reach without our hooks: the next
 * definition in the global scope, else the one in the scope of the caller's object, else, as a return address can be misleading,
 * one in any loaded object. NULL if there is none, or if memory is out and the process has many copies. Takes the loader's lock
 * in the process's first thread, and where several loaded objects define it. Source: ld.so(8), dlsym(3). */
const struct sqlite *sqlite_of_caller(const char *name, const void *caller);

/* The copy's own function of this name ("sqlite3changeset_apply"); NULL if it has none. */
void *sqlite_symbol(const struct sqlite *sqlite, const char *name);

/* The copy in the object in which this function lies; its functions are found by name. NULL as above. */
const struct sqlite *sqlite_of_function(const void *function);

/* The copy that an embedded table of functions describes. number is its version (3040001): functions that were added to the table
 * later are taken only if that version has them. NULL when memory is out. */
struct sqlite3_api_routines;
const struct sqlite *sqlite_of_table(const struct sqlite3_api_routines *table, unsigned number);

/* Does it bear calls for one connection from several threads, and is it not configured for a single one? */
bool sqlite_has_mutexes(const struct sqlite *sqlite);

/* Does this code address lie in the object of a known copy? */
bool sqlite_is_known(const void *code);

/* Are these records of one copy, which may have several? */
bool sqlite_is_same(const struct sqlite *sqlite, const struct sqlite *other);

/* Was only one copy seen in this process so far? */
bool sqlite_is_alone(const struct sqlite *sqlite);

/* sqlite3_step() of the copy that hooks have found, while they have found one only; else NULL. And the same as long as nobody wants
 * to see steps, which once wanted they stay. */
extern int (*_Atomic sqlite_only_step)(sqlite3_stmt *stmt);
extern int (*_Atomic sqlite_unseen_step)(sqlite3_stmt *stmt);
void sqlite_want_steps(void);

/* The handle of a statement of any copy: where it is kept is the same in all. NULL if no copy can tell. */
sqlite3 *sqlite_handle_of(sqlite3_stmt *stmt);

/* The first of the handle's statements that matches() accepts; NULL if there is none, or if the copy does not list them. */
sqlite3_stmt *sqlite_find_statement(const struct sqlite *sqlite, sqlite3 *db,
				    bool (*matches)(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument),
				    const void *argument);

/* Has the handle a statement that has been stepped, and is neither at its end nor reset? False if the copy cannot tell. */
bool sqlite_runs_statement(const struct sqlite *sqlite, sqlite3 *db);

/* Copies the -wal of the main database as far as readers allow, also where a statement of the handle's was interrupted just before.
 * The copy has sqlite3_wal_checkpoint_v2(). SQLite's result. */
int sqlite_checkpoint(const struct sqlite *sqlite, sqlite3 *db);

/* Is it outside of a transaction, and runs none? */
bool sqlite_is_idle(const struct sqlite *sqlite, sqlite3 *db);

/* Takes the handle's mutex (*mutex, to be left by sqlite->mutex_leave()) unless another thread has it, or the copy cannot tell. One
 * without a mutex of its own (NULL) is taken if is_free says that no other thread uses it. */
bool sqlite_try_mutex(const struct sqlite *sqlite, sqlite3 *db, bool is_free, sqlite3_mutex **mutex);

/* Notes that a copy which cannot be reached is in the process, and may open any file at any time. Was one noted? */
void sqlite_found_unreachable(void);
bool sqlite_has_unreachable(void);

/* Does this code address lie in the copy's object, or in ours? (SQLite may reach one of its exported functions by a jump, after
 * which our own frame looks like the caller.) */
static inline bool sqlite_owns(const struct sqlite *sqlite, const void *code)
{
	return (code >= sqlite->start && code < sqlite->stop) || loader_is_ours(code);
}

/* SQLite's file object for that database of the handle ("main"); NULL if there is none, or it is not open. */
sqlite3_file *sqlite_file(const struct sqlite *sqlite, sqlite3 *db, const char *schema);

/* The name of the VFS of that database of the handle, "unix"; NULL if the copy cannot return it (before 3.12). */
const char *sqlite_vfs_name(const struct sqlite *sqlite, sqlite3 *db, const char *schema);

/* Resets the handle's error code to SQLITE_OK: the program would take an error left by a statement of ours for its own. */
void sqlite_forget_error(const struct sqlite *sqlite, sqlite3 *db);

/* Is that database read-only? False if there is none, or in a copy without sqlite3_db_readonly() (before 3.7.11). */
bool sqlite_is_read_only(const struct sqlite *sqlite, sqlite3 *db, const char *schema);

/* Does the handle share the cache of a database, main or attached, with another handle now? False in a copy without the
 * means to ask (before 3.14). */
bool sqlite_shares_cache(const struct sqlite *sqlite, sqlite3 *db);

#endif
