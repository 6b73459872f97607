/* journal_mode.c - sets the journal mode of a connection's main database, or notes why it is not changed. */
#include "policy/journal_mode.h"

#include "base/glibc.h"
#include "base/log.h"
#include "connection/outcome.h"
#include "connection/pragma.h"
#include "fs/storage.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/lock_owner.h"
#include "policy/rollback_journal.h"
#include "policy/unseen.h"
#include "policy/wal.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Other processes that start at the same time switch within this time even if they get no processor for some of it. */
#define FIRST_PATIENCE_MS 50
/* Long enough to get past another connection's short read, short enough to go unnoticed. */
#define PATIENCE_MS 5
#define WAL_RETRY_MS 1000
#define WAL_FIRST_RETRY_MS 10
#define WAL_ROOM ((rlim_t)128 << 20)

static int64_t now_ms(void)
{
	return monotonic_now() / 1000000;
}

bool journal_mode_is_due_again(const struct connection *connection)
{
	return connection->wal_retry_at && now_ms() >= connection->wal_retry_at;
}

int journal_mode_patience(const struct connection *connection)
{
	return connection->setup == SETUP_OPENED ? FIRST_PATIENCE_MS : PATIENCE_MS;
}

/* The database was busy: tries again soon at first, as it may be another process's switch that stood in the way, then ever later.
 */
static void retry_later(struct connection *connection)
{
	int64_t delay = WAL_FIRST_RETRY_MS << connection->wal_refusals;

	if (file_shim_serves(connection))
		journal_turn_set_due(connection->shim, delay < WAL_RETRY_MS);
	if (delay < WAL_RETRY_MS)
		connection->wal_refusals++;
	else
		delay = WAL_RETRY_MS;
	connection->wal_retry_at = now_ms() + delay;
}

static void warn_shared(struct connection *connection, int64_t mode)
{
	const struct storage *storage = &connection->storage;

	if (mode == JOURNAL_WAL)
		log_warn_once(WARNING_SHARED_STORAGE_WAL, connection->path,
			      "DANGER: %s is in WAL mode on a shared filesystem (%s at %s), which can lose data when several "
			      "machines use it;"
			      " it is left as it is. Close it everywhere and run PRAGMA journal_mode=DELETE",
			      connection->path, storage->type, storage->mount);
	else
		log_warn_once(
			WARNING_SHARED_STORAGE, storage->mount,
			"%s is on a shared filesystem (%s at %s): WAL and mmap are not used there, as they need memory that all its"
			" machines share",
			connection->path, storage->type, storage->mount);
}

/* A connection that enters WAL mode with an exclusive lock can never release the lock. If it has locked nothing yet, it enters WAL
 * mode like any other. */
static int switch_unlocked(struct connection *connection, const char *word, char *answer, size_t size)
{
	int rc;

	if (!connection->exclusive || connection->outcomes[SETTING_JOURNAL_MODE].wanted != JOURNAL_WAL)
		return pragma_set(connection, SETTING_JOURNAL_MODE, word, answer, size);
	pragma_run_raw(connection, "PRAGMA main.locking_mode=NORMAL", NULL, 0);
	rc = pragma_set(connection, SETTING_JOURNAL_MODE, word, answer, size);
	/* the first read enters WAL mode */
	pragma_run_raw(connection, "PRAGMA main.schema_version", NULL, 0);
	pragma_run_raw(connection, "PRAGMA main.locking_mode=EXCLUSIVE", NULL, 0);
	return rc;
}

/* Sets the journal mode. Returns SQLite's code; *got is the mode in force, VALUE_UNKNOWN if SQLite does not return it. */
static int switch_journal_mode(struct connection *connection, int64_t wanted, int64_t *got)
{
	const char *word = settings_words[WORDS_JOURNAL][wanted];
	char answer[32];
	struct setting_value value = {.number = wanted};
	int rc;

	rc = switch_unlocked(connection, word, answer, sizeof(answer));
	if (strcmp(answer, word) != 0 && (!setting_parse(&settings_table[SETTING_JOURNAL_MODE], answer, &value) || value.keep))
		value.number = VALUE_UNKNOWN;
	*got = value.number;
	return rc;
}

/* A write beyond RLIMIT_FSIZE kills the process, and a WAL outgrows a small database by far: it grows to 1000 pages of at most 64
 * KiB, and holds whole transactions. */
static bool has_room_for_wal(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= WAL_ROOM;
}

/* SQLite itself refuses WAL for such a database, except 3.8.9. */
static bool is_without_locks(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const char *name = sqlite->db_filename ? sqlite->db_filename(connection->db, "main") : NULL;

	return name && *name && sqlite->uri_boolean && sqlite->uri_boolean(name, "nolock", 0);
}

/* -wal and -shm are named after the name that the file was opened by: a connection by another name has others, and they lose each
 * other's transactions (sqlite.org/howtocorrupt.html, "Multiple links to the same file"). Before 3.10 a symbolic link has the same
 * effect. */
static bool has_several_names(const struct connection *connection)
{
	struct stat status;

	return glibc_lstat(connection->path, &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

/* Such a database's VFS has no shared memory. */
static bool lacks_wal(struct connection *connection)
{
	char answer[4];

	return pragma_run(connection, "SELECT sqlite_compileoption_used('OMIT_WAL')", answer, sizeof(answer)) == SQLITE_OK &&
	       answer[0] == '1';
}

/* Files of another VFS have no shim (busy_handler.c). SQLite before 3.12 does not say which VFS it is, and none of its files has
 * one. */
static bool lacks_shim(const struct connection *connection)
{
	return !connection->shim && !connection->shared_cache &&
	       (connection_is_embedded(connection) || sqlite_vfs_name(connection->sqlite, connection->db, "main"));
}

/* Why the journal mode must not be changed; NULL if it may be set. */
static const char *obstacle_of(struct connection *connection, int64_t wanted)
{
	const char *obstacle = NULL;

	if (connection->storage.kind == STORAGE_SHARED && wanted == JOURNAL_WAL)
		return "shared filesystem";
	if (wanted == JOURNAL_WAL && connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_RECIPE && !has_room_for_wal())
		return "the limit on the size of files (RLIMIT_FSIZE) leaves no room for a WAL";
	if (sqlite_is_read_only(connection->sqlite, connection->db, "main"))
		return "the database is read-only";
	if (wanted == JOURNAL_WAL)
		obstacle = outcome_other_copy(connection);
	if (obstacle)
		return obstacle;
	if (wanted == JOURNAL_WAL && connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_RECIPE &&
	    rollback_journal_is_of_peer(connection))
		return "the program sets a rollback journal by another connection";
	if (wanted == JOURNAL_WAL && is_without_locks(connection))
		return "it was opened with nolock=1";
	if (wanted == JOURNAL_WAL && has_several_names(connection))
		return "the file has several names, and in WAL mode who opens it by another one does not see its transactions";
	if (wanted == JOURNAL_WAL && !wal_has_shared_memory(connection))
		return lacks_wal(connection) ? "this SQLite was built without WAL"
					     : "the VFS has no shared memory, which WAL needs";
	if (wanted == JOURNAL_WAL && connection->exclusive &&
	    (connection_is_set_up(connection) || connection_is_embedded(connection)))
		return "the program locks exclusively";
	if (connection->reached == REACHED_NOT_UPGRADED)
		return "BEGIN cannot be upgraded in this SQLite, and WAL without that makes transactions fail";
	if (wanted == JOURNAL_WAL && lacks_shim(connection) && connection_is_embedded(connection))
		return "its transactions cannot reserve: this SQLite's VFS is not its own, and WAL without that makes transactions "
		       "fail";
	if (wanted == JOURNAL_WAL && lacks_shim(connection) && connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_RECIPE)
		return "the program has a VFS of its own, by which writes to a file that was moved would not be refused in WAL "
		       "mode";
	if (connection->busy.unknown)
		return "the connection was opened out of sight: the switch could wait for long";
	return NULL;
}

/* The same for obstacles that may be gone by the next transaction. */
static const char *passing_obstacle(struct connection *connection, bool to_wal)
{
	if (pragma_is_query_only(connection))
		return "PRAGMA query_only is on";
	if (!connection->storage.full || !to_wal)
		return NULL;
	storage_look(connection->path, &connection->storage);
	return connection->storage.full ? "the disk is nearly full" : NULL;
}

/* Notes that WAL does not work for this database, which has a rollback journal again or still. */
static void note_no_wal(struct connection *connection, int rc)
{
	int64_t got = pragma_read(connection, SETTING_JOURNAL_MODE);

	outcome_note(connection, SETTING_JOURNAL_MODE, got,
		     (rc & 0xff) == SQLITE_CANTOPEN ? outcome_reason(rc) : "its -wal or -shm file cannot be used");
	if (wal_read_header(connection) == WAL_YES)
		log_warn_once(WARNING_NOT_APPLIED, connection->path,
			      "DANGER: %s is in WAL mode, but its -wal or -shm file cannot be used (%s). Close it everywhere and "
			      "run PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE",
			      connection->path, outcome_reason(rc));
}

/* Leaves the mode unchanged, because of the obstacle, or because no change is due (NULL). */
static void stay(struct connection *connection, const char *obstacle)
{
	struct outcome *outcome = &connection->outcomes[SETTING_JOURNAL_MODE];
	int64_t got = pragma_read(connection, SETTING_JOURNAL_MODE);

	if (obstacle)
		outcome_note(connection, SETTING_JOURNAL_MODE, got, got == outcome->wanted ? NULL : obstacle);
	else
		outcome->got = got;
	if (connection->storage.kind == STORAGE_SHARED)
		warn_shared(connection, got);
}

/* No database, or an encrypted one without its key: newer SQLCiphers (4.13) say SQLITE_NOMEM of each statement but the first. */
static bool is_unreadable(const struct connection *connection, int rc)
{
	return (rc & 0xff) == SQLITE_NOTADB || ((rc & 0xff) == SQLITE_NOMEM && connection->sqlite->has_key);
}

static bool cannot_be_read(struct connection *connection)
{
	return is_unreadable(connection, pragma_run_raw(connection, "PRAGMA main.schema_version", NULL, 0));
}

/* Waits for other switches and transactions that have one, and for another connection's write; false if that takes too long. */
static bool outwaits_others(const struct connection *connection)
{
	int64_t until = now_ms() + journal_mode_patience(connection);
	const struct timespec pause = {.tv_nsec = 1000000};

	while ((file_shim_serves(connection) && !journal_turn_begin_switch(connection->shim)) || wal_has_writer(connection)) {
		if (now_ms() >= until)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static void set(struct connection *connection, enum wal_header header)
{
	int64_t got, wanted = connection->outcomes[SETTING_JOURNAL_MODE].wanted;
	int rc = SQLITE_OK;

	/* SQLite would write to the program's error log that it could not */
	if (header == WAL_NO)
		rc = outwaits_others(connection) ? wal_try_files(connection, journal_mode_patience(connection)) : SQLITE_BUSY;
	if (rc == SQLITE_BUSY) {
		outcome_note(connection, SETTING_JOURNAL_MODE, pragma_read(connection, SETTING_JOURNAL_MODE),
			     outcome_reason(SQLITE_BUSY));
		retry_later(connection);
		return;
	}
	if (rc != SQLITE_OK) {
		note_no_wal(connection, rc);
		return;
	}
	rc = switch_journal_mode(connection, wanted, &got);
	connection->unreadable = is_unreadable(connection, rc);
	if (rc == SQLITE_OK && got == JOURNAL_WAL && header != WAL_YES && !wal_is_mapped(connection)) {
		rc = wal_try_lock(connection);
		if (rc != SQLITE_OK) {
			wal_undo(connection);
			note_no_wal(connection, rc);
			return;
		}
	}
	outcome_note(connection, SETTING_JOURNAL_MODE, got,
		     rc == SQLITE_OK && got != wanted ? "SQLite kept its mode: the file is immutable" : outcome_reason(rc));
	/* SQLITE_ERROR: a statement of the connection is still running */
	if (outcome_was_busy(rc) || rc == SQLITE_ERROR)
		retry_later(connection);
}

bool journal_mode_leave_wal(struct connection *connection)
{
	bool left = pragma_run_raw(connection, "PRAGMA main.journal_mode=delete", NULL, 0) == SQLITE_OK &&
		    wal_read_header(connection) == WAL_NO && !wal_is_mapped(connection);

	if (left && connection_is_set_up(connection)) {
		connection->outcomes[SETTING_JOURNAL_MODE].got = JOURNAL_DELETE;
		connection->wal_retry_at = now_ms() + WAL_RETRY_MS;
	}
	return left;
}

static bool is_not_of_thread(struct file_shim *other, void *argument)
{
	return !file_shim_is_of_thread(argument, other);
}

/* Can whoever holds the lock go on while this thread waits? */
static bool may_be_waited_for(struct file_shim *shim)
{
	return lock_owner_find(&shim->files, false).lock || wal_files_each(is_not_of_thread, shim);
}

void journal_mode_switch_for_program(struct connection *connection)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int64_t now = now_ms(), until = now + journal_mode_patience(connection), last = now + connection->busy.asked;

	while (wal_has_writer(connection) ||
	       (pragma_run_raw(connection, "PRAGMA main.journal_mode=wal", NULL, 0) & 0xff) == SQLITE_BUSY) {
		now = now_ms();
		if (now >= until && (now >= last || !may_be_waited_for(connection->shim)))
			return;
		nanosleep(&pause, NULL);
		if (wal_read_header(connection) != WAL_NO)
			return;
	}
}

void journal_mode_apply(struct connection *connection)
{
	bool due = outcome_is_due(connection, SETTING_JOURNAL_MODE);
	int64_t wanted = connection->outcomes[SETTING_JOURNAL_MODE].wanted;
	enum wal_header header;
	const char *obstacle;

	connection->wal_retry_at = 0;
	if (!*connection->path) {
		if (due)
			outcome_note(connection, SETTING_JOURNAL_MODE, VALUE_UNKNOWN, outcome_no_file(connection));
		return;
	}
	due = due && !unseen_decided(connection, SETTING_JOURNAL_MODE);
	obstacle = due ? obstacle_of(connection, wanted) : NULL;
	if (!due || obstacle) {
		stay(connection, obstacle);
		return;
	}
	header = wanted == JOURNAL_WAL ? wal_read_header(connection) : WAL_UNKNOWN;
	if (wanted == JOURNAL_WAL && header != WAL_YES && storage_is_mount_point(connection->path)) {
		/* as with several names; also, the -wal would be in the container's folder, which may be removed with the
		 * container */
		stay(connection, "the file is a mount of its own, and who opens it by another path does not see its -wal");
		connection->unreadable = header == WAL_UNKNOWN && cannot_be_read(connection);
		return;
	}
	obstacle = passing_obstacle(connection, header == WAL_NO);
	if (!obstacle) {
		set(connection, header);
		if (file_shim_serves(connection))
			journal_turn_end_switch(connection->shim);
		return;
	}
	stay(connection, obstacle);
	connection->wal_retry_at = now_ms() + WAL_RETRY_MS;
}
