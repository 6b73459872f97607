/* rollback_journal.c - programs that set a rollback journal, in a file that the recipe has in WAL mode. */
#include "policy/rollback_journal.h"

#include "base/guard.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "policy/apply.h"
#include "policy/rollback_attached.h"
#include "policy/wal.h"
#include "sql/first_words.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

static atomic_bool any; /* has the program ever set one? */

/* SQLite takes the first mode that begins with the value, be it cut short or empty (src/pragma.c); the words are in its order. */
bool rollback_journal_is_named(const char *value)
{
	const char(*words)[SETTING_WORD_SIZE] = settings_words[WORDS_JOURNAL];
	size_t n = strlen(value);
	int mode = 0;

	while (*words[mode] && strncasecmp(words[mode], value, n) != 0)
		mode++;
	return *words[mode] && mode != JOURNAL_WAL;
}

void rollback_journal_note(struct connection *connection, const char *value)
{
	bool is_one = rollback_journal_is_named(value);

	atomic_store_explicit(&connection->sets_rollback_journal, is_one, memory_order_relaxed);
	if (is_one)
		atomic_store_explicit(&any, true, memory_order_relaxed);
}

/* A connection that has left WAL finds the file in that mode again once another program's has used it. */
static bool may_be_wal_of_program(const struct connection *connection)
{
	return connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_PROGRAM &&
	       !atomic_load_explicit(&connection->sets_rollback_journal, memory_order_relaxed);
}

/* A file whose header says that it is not is so as long as others have its -wal open: who opens it beside them goes by that. */
static bool is_in_wal(const struct connection *connection)
{
	return wal_is_mapped(connection) || wal_read_header(connection) == WAL_YES;
}

static bool is_in_wal_by_recipe(const struct connection *connection)
{
	return !settings_get(SETTING_JOURNAL_MODE)->keep && !may_be_wal_of_program(connection) && is_in_wal(connection);
}

/* Would it write back what it has read, and others have changed since? Without a shim nothing makes it forget: page_cache.h */
static bool keeps_pages(const struct connection *connection)
{
	return !connection->shim && connection_is_set_up(connection);
}

/* Is it known what its locks are? */
static bool may_leave(const struct connection *connection)
{
	return connection->shim && !connection->busy.unknown && !connection->shared_cache;
}

/* SQLite would give up the -wal, and then be refused the header, which still says WAL: nothing could be read any more. */
static bool has_moved(const struct connection *connection)
{
	return connection->shim && wal_files_moved(connection->shim);
}

/* No statement runs, and the file is not in WAL mode: SQLite frees all pages. A cache that is shared may be in use. */
static bool leave_and_forget(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return sqlite->db_release_memory && !connection->shared_cache && apply_rollback_journal(connection) &&
	       sqlite->db_release_memory(connection->db) == SQLITE_OK;
}

bool rollback_journal_is_free(struct connection *connection)
{
	bool keeps = keeps_pages(connection);

	if (!is_in_wal_by_recipe(connection) || (!keeps && !may_leave(connection)))
		return true;
	if (sqlite_is_idle(connection->sqlite, connection->db) && !has_moved(connection) &&
	    (keeps ? leave_and_forget(connection) : apply_rollback_journal(connection)))
		return true;
	/* synchronous was set for a rollback journal */
	if (connection_is_set_up(connection))
		connection->setup = SETUP_RECHECK;
	return false;
}

/* An unqualified PRAGMA sets the mode of all databases, and fails where one of them cannot be left. */
static bool is_free(struct connection *connection, const struct file_shim *shim)
{
	if (shim->is_attached)
		return rollback_attached_is_free(connection, shim);
	return (!rollback_attached_is_meant(connection) || rollback_attached_is_free(connection, NULL)) &&
	       rollback_journal_is_free(connection);
}

static bool asks_free(struct connection *connection, const struct file_shim *shim)
{
	bool free;

	guard_enter(NULL);
	free = is_free(connection, shim);
	guard_leave();
	/* it is the program's decision, as when the statement was prepared */
	if (free && !shim->is_attached)
		connection->wal_retry_at = 0;
	connection->pragma_ignored |= !free;
	return free;
}

/* With SQLite's words of the PRAGMA, of which it keeps its own copy. */
static const char *compiled(void *argument, const char *name, char *value)
{
	struct file_shim *shim = argument;
	struct connection *connection = registry_find(shim->db);

	/* not where it is ours */
	if (!connection || connection->callbacks_suspended || connection->passthrough || !value ||
	    strcasecmp(name, "journal_mode") != 0)
		return NULL;
	if (!rollback_journal_is_named(value)) {
		rollback_attached_is_set(connection, shim, value);
		return NULL;
	}
	if (asks_free(connection, shim))
		return NULL;
	if (!*value)
		return "wal";
	/* any word that is no mode makes a query of it */
	memset(value, '?', strlen(value));
	return NULL;
}

static void watch(struct file_shim *shim, void *argument)
{
	const struct connection *connection = argument;

	if (shim->db != connection->db || atomic_load_explicit(&shim->pragma, memory_order_relaxed))
		return;
	shim->reader_argument = shim;
	atomic_store_explicit(&shim->pragma, compiled, memory_order_relaxed);
}

void rollback_journal_watch(struct connection *connection, bool names_schema)
{
	connection->pragma_names = names_schema ? PRAGMA_NAMES_SCHEMA : PRAGMA_NAMES_NONE;
	if (connection->attached)
		file_shim_each(watch, connection);
	else if (connection->shim)
		watch(connection->shim, connection);
}

bool rollback_journal_is_watched(const struct connection *connection)
{
	return file_shim_serves(connection) && atomic_load_explicit(&connection->shim->pragma, memory_order_relaxed) == compiled;
}

bool rollback_journal_was_set(struct connection *connection)
{
	bool was_set = !is_in_wal_by_recipe(connection) || !may_leave(connection);

	if (!was_set && connection_is_set_up(connection))
		connection->setup = SETUP_RECHECK;
	return was_set;
}

/* Nothing that this statement does with the file has been done yet, and SQLite does not leave WAL while another one runs. */
void rollback_journal_starts(const struct connection *connection, const char *sql)
{
	unsigned letter = statement_first_letter(sql, -1);
	bool names_schema;

	/* 0: a comment may precede it */
	if (!connection->sqlite->db_release_memory || (letter && letter != LETTER_NUMBER('p')))
		return;
	if (rollback_is_journal_mode(sql, &names_schema))
		connection->sqlite->db_release_memory(connection->db);
}

struct peer_search {
	const struct connection *connection;
	bool found;
};

static bool see_peer(struct connection *peer, void *argument)
{
	struct peer_search *search = argument;

	search->found = peer != search->connection && peer->device == search->connection->device &&
			atomic_load_explicit(&peer->sets_rollback_journal, memory_order_relaxed);
	return !search->found;
}

bool rollback_journal_is_of_peer(struct connection *connection)
{
	struct peer_search search = {.connection = connection};

	if (connection->inode && atomic_load_explicit(&any, memory_order_relaxed))
		registry_visit_peers(PEERS_BY_INODE, connection->inode, see_peer, &search);
	return search.found;
}
