/* begin.c - decides whether a BEGIN of the program's is rewritten. */
#include "policy/begin.h"

#include "connection/outcome.h"
#include "connection/pragma.h"
#include "connection/registry.h"
#include "locking/begin_mode.h"
#include "locking/begin_watch.h"
#include "locking/file_shim.h"
#include "locking/plain_begin.h"
#include "locking/write_lock.h"
#include "policy/attached.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* unknown: the answer for a statement of sqlite3_prepare(), of which SQLite has no text. */
static bool is_vacuum(const struct sqlite *sqlite, sqlite3_stmt *stmt, bool unknown)
{
	const char *sql = sqlite->sql(stmt);
	struct statement statement;

	if (!sql)
		return unknown;
	statement_read_utf8(sql, &statement);
	return statement.kind == STATEMENT_VACUUM;
}

static bool is_running_vacuum(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	(void)argument;
	return (!sqlite->stmt_busy || sqlite->stmt_busy(stmt)) && is_vacuum(sqlite, stmt, false);
}

static bool may_be_vacuum(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	(void)argument;
	return is_vacuum(sqlite, stmt, true);
}

/* SQLite begins VACUUM with a BEGIN of its own, which reaches our hook from inside sqlite3_step(). As BEGIN IMMEDIATE it would
 * make VACUUM fail. A copy that does not tell which statements run may be running any. */
static bool is_vacuuming(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return sqlite->sql && sqlite_find_statement(sqlite, connection->db, is_running_vacuum, NULL);
}

bool begin_may_be_vacuum(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return sqlite->sql && sqlite_find_statement(sqlite, connection->db, may_be_vacuum, NULL);
}

static bool is_writable(void *argument, const char *name, const char *file)
{
	const struct connection *connection = argument;

	(void)file;
	return !sqlite_is_read_only(connection->sqlite, connection->db, name);
}

/* Before 3.34, and not yet in 3.31, BEGIN IMMEDIATE fails where a database is attached read-only. */
static bool has_read_only_attached(struct connection *connection)
{
	return connection->attached && connection->sqlite->minor < 34 &&
	       pragma_each_database(connection, is_writable, connection) == SQLITE_ROW;
}

/* Who may write the database and not the -shm beside it reads, and SQLite refuses BEGIN IMMEDIATE. */
static bool has_read_only_shm(const struct connection *connection)
{
	return file_shim_serves(connection) && connection->shim->shm_is_read_only;
}

/* Why a transaction cannot begin with the write lock; NULL if it can. */
static const char *find_obstacle(struct connection *connection)
{
	if (!*connection->path && !connection->attached)
		return outcome_no_file(connection);
	if (connection->shared_cache || sqlite_shares_cache(connection->sqlite, connection->db))
		return "shared cache: no timeout waits for its locks";
	if (sqlite_is_read_only(connection->sqlite, connection->db, "main"))
		return "the database is read-only";
	if (has_read_only_shm(connection))
		return "its -shm is read-only";
	if (has_read_only_attached(connection))
		return "a database is attached read-only";
	if (connection->unreadable)
		return "the file is no database, or is encrypted and has no key yet";
	if (pragma_is_query_only(connection))
		return "PRAGMA query_only is on";
	if (is_vacuuming(connection))
		return "VACUUM's own";
	if (attached_has_file_twice(connection))
		return "one file is attached under two names: the connection would wait for itself";
	return NULL;
}

static const char *obstacle_of(struct connection *connection)
{
	/* one that is opened meanwhile is looked for again */
	uint64_t newest = registry_newest();
	const char *obstacle = find_obstacle(connection);

	connection->begin_free_at = obstacle ? 0 : newest;
	return obstacle;
}

/* Has no obstacle come since begin_free_at was set? One that begins to share the cache has to be opened, or to ATTACH, for that. */
static bool is_free_still(const struct connection *connection)
{
	return connection->begin_free_at == registry_newest() && file_shim_serves(connection) && !attached_by_any() &&
	       !connection->attached && !connection->shared_cache && !connection->query_only && !connection->unreadable;
}

/* Why a transaction cannot reserve the database, which has this obstacle to being locked; NULL if it can. */
static const char *reserve_obstacle(const struct connection *connection, const char *obstacle)
{
	if (*connection->path && !obstacle && !connection->shim)
		obstacle = "not SQLite's own unix VFS: no reservations";
	return obstacle;
}

/* Why it has nothing to reserve by now. Another connection may have set WAL since, and SQLite finds that out as it reads: its
 * policy is that of any other. */
static const char *reserve_lacks_wal(const struct connection *connection)
{
	int64_t mode = connection->outcomes[SETTING_JOURNAL_MODE].got;

	return connection->shim && !connection->shim->handoff.shm && mode != JOURNAL_WAL && mode != VALUE_UNKNOWN
		       ? "not in WAL mode: no reservations"
		       : NULL;
}

/* What the transactions of this connection are to get at their first read from now on. */
static void set_policy(struct connection *connection, enum reservation_policy policy)
{
	struct file_shim *shim = connection->shim;

	attached_set_policy(connection, policy, false);
	if (!file_shim_serves(connection))
		return;
	shim->reservation.policy = policy;
	shim->reservation.shares = shim->plain_begin_shares = false;
}

/* The transaction that now begins is deferred, and reserves at its first read. */
static void begin_reserved(struct connection *connection, const char *obstacle)
{
	obstacle = reserve_obstacle(connection, obstacle);
	set_policy(connection, obstacle ? READ_FREELY : READ_RESERVED);
	if (!obstacle)
		obstacle = reserve_lacks_wal(connection);
	if (obstacle)
		begin_not_upgraded(connection, obstacle);
}

/* SQLPROD_BEGIN=auto: is it immediate still? A connection whose statements are seen only when they have run reserves. */
static bool is_immediate(const struct connection *connection)
{
	return !connection_is_embedded(connection) && (!connection->shim || !begin_mode_reserves(connection->shim->begin_mode));
}

/* An embedded copy's BEGIN has run: its file shim takes the lock. */
static void begin_locked(struct connection *connection)
{
	const char *obstacle = reserve_obstacle(connection, obstacle_of(connection));

	/* there is only what is attached */
	if (!obstacle && !connection->shim) {
		set_policy(connection, READ_RESERVED);
		begin_not_upgraded(connection, outcome_no_file(connection));
		return;
	}
	set_policy(connection, obstacle ? READ_FREELY : READ_LOCKED);
	if (!obstacle)
		obstacle = reserve_lacks_wal(connection);
	if (!obstacle && !connection->sqlite->get_autocommit(connection->db))
		reservation_begun(connection->shim);
	begin_upgraded(connection, obstacle);
}

/* Did the last plain BEGIN leave all as begin_shared() would? Nothing is attached. */
static bool is_shared_still(const struct connection *connection)
{
	const struct file_shim *shim = connection->shim;

	return shim->plain_begin_shares && connection->statement_starts && shim->reservation.policy == READ_RESERVED &&
	       !connection->exclusive && shared_write_is_possible(shim);
}

/* The BEGIN stays as it is. Its transaction shares the write lock of the main database, and from its first read of it that of an
 * attached one; each it reserves at its first read. */
static bool begin_shared(struct connection *connection)
{
	bool in_memory = !*connection->path;

	if (connection->exclusive || !attached_can_be_reserved(connection))
		return false;
	set_policy(connection, READ_RESERVED);
	if (!in_memory && !begin_watch_start(connection))
		return false;
	attached_set_policy(connection, READ_RESERVED, true);
	begin_upgraded(connection, NULL);
	return true;
}

/* Only SQLPROD_BEGIN=auto lets a BEGIN be plain after all. */
static bool begin_immediate(struct connection *connection, const struct statement *statement, const struct setting_value *value,
			    struct rewrite *out)
{
	const char *obstacle = obstacle_of(connection);
	bool is_auto = value->number == TRANSACTION_AUTO && connection->shim && plain_begin_is_possible(connection->sqlite);
	const char *words = value->number == TRANSACTION_EXCLUSIVE ? "EXCLUSIVE" : is_auto ? PLAIN_BEGIN_MARK : "IMMEDIATE";

	set_policy(connection, obstacle || !is_auto ? READ_FREELY : READ_RESERVED);
	if (obstacle) {
		begin_not_upgraded(connection, obstacle);
		return false;
	}
	if (value->number == TRANSACTION_AUTO && begin_shared(connection))
		return false;
	if (is_auto) {
		connection->shim->may_make_plain = connection->first_awaited = true;
		connection_update_interest(connection);
	}
	out->place = statement->mode;
	snprintf(out->words, sizeof(out->words), "%s", words);
	return true;
}

bool begin_again(struct connection *connection)
{
	const struct setting_value *value = settings_get(SETTING_BEGIN);

	if (value->keep || !is_free_still(connection))
		return false;
	if (value->number == TRANSACTION_RESERVE || (value->number == TRANSACTION_AUTO && !is_immediate(connection))) {
		begin_reserved(connection, NULL);
		return true;
	}
	if (value->number != TRANSACTION_AUTO || !is_shared_still(connection))
		return value->number == TRANSACTION_AUTO && begin_shared(connection);
	connection->shim->reservation.shares = false;
	connection->begins_rewritten++;
	return true;
}

void begin_first_statement(struct connection *connection)
{
	connection->first_awaited = false;
	connection_update_interest(connection);
	if (file_shim_serves(connection))
		write_lock_used(connection->shim);
}

void begin_prepared_once(struct rewrite *rewrite)
{
	if (strcmp(rewrite->words, PLAIN_BEGIN_MARK) == 0)
		strcpy(rewrite->words, "IMMEDIATE");
}

bool begin_rewrite(struct connection *connection, const struct statement *statement, struct rewrite *out)
{
	bool deferred = statement->begin == BEGIN_DEFERRED;
	const struct setting_value *value = settings_get(deferred ? SETTING_BEGIN_DEFERRED : SETTING_BEGIN);

	if (connection->attached == ATTACHED_UNCHECKED)
		attached_look(connection);
	if (statement->begin == BEGIN_OTHER)
		return false;
	if (value->keep) {
		set_policy(connection, READ_FREELY);
		begin_not_upgraded(connection, deferred ? "BEGIN DEFERRED was spelt out" : "SQLPROD_BEGIN=keep");
		return false;
	}
	if (value->number == TRANSACTION_RESERVE || (value->number == TRANSACTION_AUTO && !is_immediate(connection))) {
		begin_reserved(connection, obstacle_of(connection));
		return false;
	}
	if (connection_is_embedded(connection)) {
		begin_locked(connection);
		return false;
	}
	return begin_immediate(connection, statement, value, out);
}

/* It is RELEASE of its name that ends it, so no BEGIN IMMEDIATE can stand in for it. SQLPROD_BEGIN_DEFERRED applies: a SAVEPOINT
 * outside of a transaction is documented as BEGIN DEFERRED. */
bool begin_savepoint(struct connection *connection)
{
	const struct setting_value *value = settings_get(SETTING_BEGIN_DEFERRED);
	const char *obstacle = "SAVEPOINT outside of a transaction begins one as BEGIN DEFERRED does";

	if (!value->keep && value->number == TRANSACTION_RESERVE) {
		begin_reserved(connection, obstacle_of(connection));
		return false;
	}
	set_policy(connection, READ_FREELY);
	if (!value->keep)
		obstacle = obstacle_of(connection);
	if (obstacle)
		begin_not_upgraded(connection, obstacle);
	return !obstacle;
}

void begin_prepare(struct connection *connection)
{
	const struct setting_value *value = settings_get(SETTING_BEGIN);

	if (connection_is_embedded(connection) && !value->keep &&
	    (value->number == TRANSACTION_AUTO || value->number == TRANSACTION_RESERVE))
		set_policy(connection, READ_RESERVED);
}

void begin_upgraded(struct connection *connection, const char *obstacle)
{
	if (obstacle)
		begin_not_upgraded(connection, obstacle);
	else
		connection->begins_rewritten++;
}

void begin_not_upgraded(struct connection *connection, const char *reason)
{
	connection->begins_not_upgraded++;
	connection->begins_not_upgraded_reason = reason;
}
