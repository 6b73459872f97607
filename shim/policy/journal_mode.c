/* journal_mode.c - sets the journal mode of a connection's main database, or notes why it is not changed. */
#include "policy/journal_mode.h"

#include "base/log.h"
#include "connection/outcome.h"
#include "connection/pragma.h"
#include "fs/storage.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/lock_owner.h"
#include "policy/journal_mode_obstacle.h"
#include "policy/unseen.h"
#include "policy/wal.h"

#include <string.h>
#include <time.h>

/* Other processes that start at the same time switch within this time even if they get no processor for some of it. */
#define FIRST_PATIENCE_MS 50
/* Long enough to get past another connection's short read, short enough to go unnoticed. */
#define PATIENCE_MS 5
#define WAL_RETRY_MS 1000
#define WAL_FIRST_RETRY_MS 10

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
	obstacle = due ? journal_mode_obstacle(connection, wanted) : NULL;
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
	obstacle = journal_mode_passing_obstacle(connection, header == WAL_NO);
	if (!obstacle) {
		set(connection, header);
		if (file_shim_serves(connection))
			journal_turn_end_switch(connection->shim);
		return;
	}
	stay(connection, obstacle);
	connection->wal_retry_at = now_ms() + WAL_RETRY_MS;
}
