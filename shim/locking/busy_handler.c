/* busy_handler.c - the busy handler, and its place in the connection. */
#include "locking/busy_handler.h"

#include "connection/registry.h"
#include "locking/busy_unshimmed.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/plain_begin.h"
#include "locking/wait_log.h"

#include <string.h>

#define MILLISECOND INT64_C(1000000)

struct checkpoint {
	const sqlite3 *db;
	int64_t writers_wait_since; /* 0: none do */
};

static void look_for_checkpoint(struct file_shim *shim, void *argument)
{
	struct checkpoint *checkpoint = argument;

	if (shim->db == checkpoint->db && shim->checkpoints && shim->shared_write.hold != WRITE_NONE)
		checkpoint->writers_wait_since = shim->handoff.acquired_at;
}

/* A checkpoint that waits for readers keeps all writers waiting, as it has the write lock: for no longer than the program asked, or
 * a reservation lasts. A writer that ends gives its read lock back a moment after the write lock. */
static bool is_checkpoint_over(struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);
	struct checkpoint checkpoint = {.db = shim->db};
	int64_t patience = reservation_length();

	look_for_checkpoint(shim, &checkpoint);
	if (shim->is_of_many)
		file_shim_each(look_for_checkpoint, &checkpoint);
	if (!connection || !checkpoint.writers_wait_since)
		return false;
	if (patience < connection->busy.asked * MILLISECOND)
		patience = connection->busy.asked * MILLISECOND;
	return monotonic_now() - checkpoint.writers_wait_since >= patience;
}

static void give_up(struct file_shim *shim, int count)
{
	if (count == 0)
		return;
	shim->busy.given_up++;
	wait_log_polled(shim, WAIT_OF_STATEMENT, false, WAIT_ENDS_BUSY);
}

/* SQLite calls this when a lock is taken; count says how often in this wait. 0 gives up: SQLITE_BUSY. */
static int on_busy(void *argument, int count)
{
	struct file_shim *shim = argument;
	bool under_cursor;

	if (is_checkpoint_over(shim)) {
		give_up(shim, count);
		return 0;
	}
	if (count == 0) {
		shim->busy.purpose =
			shim->may_make_plain && plain_begin_runs(shim, &under_cursor) ? WAIT_OF_BEGIN : WAIT_OF_STATEMENT;
		if (shim->busy.purpose == WAIT_OF_BEGIN || shim->sqlite->get_autocommit(shim->db))
			shim->busy.begin_gave_up = false;
	}
	if (busy_wait_sleep(shim, shim->busy.purpose, count))
		return 1;
	/* a BEGIN does not fail: it is tried once more, and takes no lock then (write_lock.c, file_shim.c) */
	shim->begin_is_plain =
		shim->busy.purpose == WAIT_OF_BEGIN && (shim->handoff.attempt == ATTEMPT_REFUSED || file_shim_is_refused(shim));
	shim->busy.begin_gave_up |= shim->begin_is_plain && !shim->handoff.shm;
	return shim->begin_is_plain;
}

bool busy_handler_wait(struct file_shim *shim, enum busy_purpose purpose, int count)
{
	const struct connection *connection = registry_find(shim->db);

	if (!connection)
		return false;
	if (connection->busy.handler)
		return busy_wait_goes_on(shim, purpose, count) && connection->busy.handler(connection->busy.argument, count) != 0;
	shim->busy.timeout = connection->busy.timeout;
	return shim->busy.timeout > 0 && busy_wait_sleep(shim, purpose, count);
}

void busy_handler_give_back(struct file_shim *shim)
{
	const struct connection *connection = shim->busy.slot.callback ? registry_find(shim->db) : NULL;

	/* in a shared cache the file may outlive the connection */
	if (connection && connection->shim == shim)
		busy_slot_give_back(&shim->busy.slot, shim->db, on_busy, shim);
}

enum busy_kind busy_handler_kind(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);

	if (connection && connection->busy.handler)
		return BUSY_BY_PROGRAM;
	if (busy_slot_has(&shim->busy.slot, on_busy, shim))
		return BUSY_BY_US;
	return connection && !connection->busy.unknown && connection->busy.timeout <= 0 ? BUSY_FAILS : BUSY_BY_SQLITE;
}

bool busy_handler_is_ours(int (*handler)(void *, int))
{
	return handler == on_busy || busy_unshimmed_is(handler);
}

/* A VFS of somebody else's may know its files by their methods: SQLite3 Multiple Ciphers writes damaged pages if these are not its
 * own. SQLite before 3.12 does not say which VFS it is. */
static bool is_own_vfs(const struct connection *connection, const char *schema)
{
	static const char *const names[] = {"unix", "unix-excl"};
	const char *vfs = sqlite_vfs_name(connection->sqlite, connection->db, schema);

	for (size_t i = 0; vfs && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(vfs, names[i]) == 0)
			return true;
	return false;
}

static bool is_fair(void)
{
	const struct setting_value *way = settings_get(SETTING_BUSY_WAIT);

	return !way->keep && way->number == BUSY_WAIT_FAIR;
}

void busy_handler_prepare(struct connection *connection)
{
	const struct setting_value *mode = settings_get(SETTING_JOURNAL_MODE);
	bool cares = !mode->keep && mode->number == JOURNAL_WAL;

	if (!connection->file || !*connection->path)
		return;
	if (!connection->shared_cache && is_own_vfs(connection, "main"))
		connection->shim = file_shim_install(connection, connection->file, connection->path, is_fair());
	if (!connection->shim) {
		if (is_fair())
			busy_unshimmed_prepare(connection);
		return;
	}
	wal_files_begin(connection->shim, connection->sqlite->db_filename(connection->db, "main"), cares);
	connection->shim->files.path_look.has_ctime = connection->storage.has_ctime;
	/* until the first use settles it: PRAGMAs are none, and may be all that is sent before the last close */
	wal_files_set_by_recipe(&connection->shim->files,
				cares && connection->outcomes[SETTING_JOURNAL_MODE].by != DECIDED_BY_PROGRAM);
}

void busy_handler_prepare_attached(struct connection *connection, const char *schema, const char *path)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct busy_offsets *layout = offsets_busy_if_known(sqlite);
	sqlite3_file *file = sqlite_file(sqlite, connection->db, schema);
	struct file_shim *shim;

	if (!file || connection->shared_cache || sqlite_shares_cache(sqlite, connection->db) || !is_own_vfs(connection, schema))
		return;
	shim = file_shim_install(connection, file, path, is_fair());
	if (!shim)
		return;
	shim->is_attached = shim->files.looked = true;
	wal_files_begin(shim, sqlite->db_filename(connection->db, schema), false);
	file_shim_find_map(shim);
	if (layout)
		busy_slot_find_interrupted(&shim->busy.slot, layout, shim->db);
	if (file_shim_serves(connection))
		shim->reservation.policy = connection->shim->reservation.policy;
}

int busy_handler_set_timeout(struct connection *connection, int milliseconds)
{
	const struct sqlite *sqlite = connection->sqlite;
	struct file_shim *shim = connection->shim;
	int rc;

	if (connection->unshimmed)
		return busy_unshimmed_set_timeout(connection, milliseconds);
	if (!file_shim_serves(connection) || !shim->fair)
		return sqlite->busy_timeout(connection->db, milliseconds);
	rc = busy_slot_set_timeout(&shim->busy.slot, sqlite, shim->db, milliseconds, on_busy, shim);
	if (rc == SQLITE_OK && busy_slot_has(&shim->busy.slot, on_busy, shim))
		shim->busy.timeout = milliseconds;
	return rc;
}

bool busy_handler_is_replaced(const struct connection *connection)
{
	const struct file_shim *shim = connection->shim;

	if (connection->unshimmed)
		return busy_unshimmed_is_replaced(connection);
	return file_shim_serves(connection) && busy_slot_has_sqlites(&shim->busy.slot, connection->db);
}

void busy_handler_reinstall(struct connection *connection, int least)
{
	int timeout;

	if (!busy_handler_is_replaced(connection))
		return;
	timeout = connection->unshimmed ? busy_unshimmed_timeout(connection) : *connection->shim->busy.slot.pragma_timeout;
	busy_handler_set_timeout(connection, timeout < least ? least : timeout);
}
