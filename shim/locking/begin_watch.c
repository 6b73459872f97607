/* begin_watch.c - the trace callback. */
#include "locking/begin_watch.h"

#include "connection/registry.h"
#include "connection/trace.h"
#include "locking/begin_kind.h"
#include "locking/begin_mode.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "sql/first_words.h"
#include "sql/statement.h"

/* A BEGIN that is kept was prepared just before its transaction's first statements, and SQLite lists the latest first. */
#define LATEST 8

/* For so many transactions it is not looked for again. */
#define KEPT 32

/* Can this text be of a statement that begins a transaction, or of a VACUUM? Or, if that is asked, of one that ends a transaction?
 */
static bool may_matter(const char *sql, bool ends)
{
	switch (statement_first_letter(sql, -1)) {
	case 0: /* a comment comes first */
	case 'b' - 'a' + 1:
	case 'v' - 'a' + 1:
		return true;
	case 'c' - 'a' + 1:
	case 'e' - 'a' + 1:
	case 'r' - 'a' + 1:
		return ends;
	default:
		return false;
	}
}

struct kind {
	enum statement_kind statement;
	enum begin_form begin;
	bool is_seen; /* it has the text in begin_seen */
};

static __attribute__((noinline)) struct kind read_kind(const char *sql)
{
	struct statement statement;

	if (statement_is_plain_begin(sql, -1))
		return (struct kind){STATEMENT_BEGIN, BEGIN_PLAIN, false};
	statement_read_utf8(sql, &statement);
	return (struct kind){statement.kind, statement.begin, false};
}

/* ends: does it matter too whether it ends a transaction? */
static struct kind kind_of(const struct file_shim *shim, const char *sql, bool ends)
{
	if (begin_seen_is(&shim->begin_seen, sql, -1))
		return (struct kind){STATEMENT_BEGIN, BEGIN_PLAIN, true};
	return sql && may_matter(sql, ends) ? read_kind(sql) : (struct kind){STATEMENT_EMPTY, BEGIN_OTHER, false};
}

static struct begin_kind *kind_of_begin(struct file_shim *shim, const char *sql, bool is_seen)
{
	struct begin_seen *seen = &shim->begin_seen;
	struct begin_kind *kind;

	if (is_seen)
		return seen->kind;
	kind = begin_kind_find(shim->begin_mode, sql);
	begin_seen_note(seen, sql, kind);
	return kind;
}

static void begins(struct file_shim *shim, const char *sql, struct kind read)
{
	struct reservation *reservation = &shim->reservation;
	bool is_watched = read.begin == BEGIN_PLAIN && shim->plain_begin_shares;
	struct begin_kind *kind = is_watched ? kind_of_begin(shim, sql, read.is_seen) : NULL;
	int64_t now;

	reservation->kind = kind;
	reservation->shares = is_watched && !begin_mode_reserves(shim->begin_mode) && !begin_kind_reads(kind);
	if (is_watched)
		reservation->policy = READ_RESERVED;
	if (!reservation->shares)
		return;
	atomic_store_explicit(&shim->idle_lock.kind, kind, memory_order_relaxed);
	now = monotonic_tick();
	if (begin_crowd_is_due(&shim->begin_mode->crowd, now))
		begin_crowd_look(shim, now);
	/* where a waiter was woken this one waits at its first read, and shares nothing meanwhile */
	if (!begin_crowd_leaves(&shim->begin_mode->crowd) && !begin_kind_idles(kind) && !handoff_has_woken(&shim->handoff))
		shared_write_begin(shim, now + reservation_length(), false);
}

/* Does a statement of this text most likely read the database as soon as it runs? A SAVEPOINT does not. */
static bool reads_at_once(const char *sql)
{
	switch (statement_first_letter(sql, -1)) {
	case 's' - 'a' + 1:
	case 'i' - 'a' + 1:
	case 'u' - 'a' + 1:
	case 'd' - 'a' + 1:
	case 'w' - 'a' + 1:
		return true;
	default:
		return false;
	}
}

/* With which statement the transaction begins is then known without a search among all that the program keeps. */
static void note_first(struct file_shim *shim, sqlite3_stmt *stmt, const char *sql)
{
	struct reservation *reservation = &shim->reservation;

	if (!reads_at_once(sql))
		return;
	reservation->next_site = read_site_find(sql);
	reservation->next_reads = shim->sqlite->stmt_readonly && shim->sqlite->stmt_readonly(stmt);
}

/* Before the transaction's first read its end is seen here only. COMMIT, END and ROLLBACK are STATEMENT_OTHER; after others that
 * are the lock is shared again at the first read. A cursor that was open before BEGIN has a read lock, which tells nothing. */
static void statement_starts(struct connection *connection, sqlite3_stmt *stmt, const char *sql)
{
	struct file_shim *shim = connection->shim;
	bool outside, sees_end;
	struct kind kind;

	if (!file_shim_serves(connection))
		return;
	shim->reservation.next_site = NULL;
	outside = connection->sqlite->get_autocommit(connection->db) != 0;
	sees_end = shim->shared_write.has_begun && !shim->reservation.is_reading;
	/* most: within a transaction, where nothing begins, and shm_locks.c sees the end */
	if (!outside && !sees_end) {
		shim->vacuums = false;
		return;
	}
	kind = kind_of(shim, sql, sees_end);
	if (sql && !outside && kind.statement == STATEMENT_EMPTY)
		note_first(shim, stmt, sql);
	/* what VACUUM runs itself is not seen here */
	shim->vacuums = kind.statement == STATEMENT_VACUUM;
	if (sees_end && (!sql || outside || kind.statement == STATEMENT_OTHER))
		shared_write_end(shim);
	if (outside && kind.statement == STATEMENT_BEGIN)
		begins(shim, sql, kind);
}

bool begin_watch_start(struct connection *connection)
{
	struct file_shim *shim = connection->shim;

	if (!file_shim_serves(connection) || !shared_write_is_possible(shim) || !trace_watch(connection, statement_starts))
		return false;
	shim->plain_begin_shares = true;
	return true;
}

static bool keeps_begin(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;
	const char *sql;

	for (int i = 0; i < LATEST && (stmt = sqlite->next_stmt(connection->db, stmt)); i++) {
		sql = sqlite->sql(stmt);
		if (sql && may_matter(sql, false) && read_kind(sql).statement == STATEMENT_BEGIN)
			return true;
	}
	return false;
}

void begin_watch_rests(struct file_shim *shim)
{
	struct connection *connection = registry_find(shim->db);

	/* VACUUM puts the mask of the trace callback aside while it runs, and then back, whatever the callback is by then */
	if (!connection || connection->statement_starts != statement_starts || shim->vacuums)
		return;
	if (shim->begins_kept > 0)
		shim->begins_kept--;
	else if (keeps_begin(connection))
		shim->begins_kept = KEPT;
	else
		trace_watch(connection, NULL);
}
