/* apply.c - puts settings on one connection and reads them back. */
#include "apply.h"

#include "foreign_keys.h"
#include "pragma.h"
#include "report.h"
#include "storage.h"
#include "wait.h"
#include "wal.h"

#include <sys/resource.h>
#include <time.h>

/* Long enough to get past another connection's short read, short enough to go unnoticed. */
#define PATIENCE_MS 5
#define WAL_RETRY_MS 1000
#define WAL_ROOM ((rlim_t)128 << 20)

static const char no_file[] = "in-memory or temporary database";
static const char busy_reason[] = "the database was busy";

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *reason_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return NULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return busy_reason;
	case SQLITE_NOTADB:
		return "the file is no database, or is encrypted and has no key yet";
	case SQLITE_READONLY:
		return "the database is read-only";
	case SQLITE_CANTOPEN:
		return "the database, its folder or its -wal and -shm files cannot be opened";
	case SQLITE_IOERR:
		return "input/output error";
	case SQLITE_FULL:
		return "the disk is full";
	case SQLITE_CORRUPT:
		return "the database is damaged";
	case SQLITE_NOMEM:
		return "out of memory";
	default:
		return "SQLite refused";
	}
}

/* Are we to set it? If so, the outcome says who wants what. */
static bool is_due(struct connection *connection, enum setting setting)
{
	const struct setting_value *value = settings_get(setting);
	struct outcome *outcome = &connection->outcomes[setting];

	if (outcome->by == DECIDED_BY_PROGRAM || value->keep)
		return false;
	outcome->by = value->by_operator ? DECIDED_BY_OPERATOR : DECIDED_BY_RECIPE;
	outcome->wanted = value->number;
	return true;
}

static void note(struct connection *connection, enum setting setting, int64_t got, const char *reason)
{
	struct outcome *outcome = &connection->outcomes[setting];

	outcome->got = got;
	outcome->reason = reason;
	if (reason)
		report_log(LOG_INFO, "%s not set for %s: %s", settings_table[setting].pragma, connection->path, reason);
}

/* The number's digits, in front of end. */
static const char *decimal(int64_t number, char *end)
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*--end = '\0';
	do
		*--end = (char)('0' + rest % 10);
	while ((rest /= 10));
	if (number < 0)
		*--end = '-';
	return end;
}

/* Sets it by PRAGMA, and reads it back if somebody will see it or the PRAGMA itself answers. */
static void set_by_pragma(struct connection *connection, enum setting setting, int64_t number)
{
	char value[24], answer[32];
	struct setting_value parsed;
	int64_t got = number;
	int rc;

	rc = pragma_set(connection, setting, decimal(number, value + sizeof(value)), answer, sizeof(answer));
	if (rc == SQLITE_OK && setting_parse(&settings_table[setting], answer, &parsed))
		got = parsed.number;
	else if (reason_of(rc) == busy_reason)
		got = VALUE_UNKNOWN;
	else if (rc != SQLITE_OK || report_is_wanted())
		got = pragma_read(connection, setting);
	if (rc == SQLITE_OK && got != number)
		note(connection, setting, got, "SQLite does not go that far");
	else
		note(connection, setting, got, reason_of(rc));
}

static bool is_read_only(const struct connection *connection)
{
	return sqlite_is_read_only(connection->sqlite, connection->db, "main");
}

/* SQLCipher maps nothing that is encrypted, and where mmap_size is set it gives a new database a salt of zeros. An embedded one's
 * key functions are in no table. */
static bool encrypts(struct connection *connection)
{
	char version[16];

	if (!connection->behind)
		return connection->sqlite->has_key;
	return pragma_run(connection, "PRAGMA cipher_version", version, sizeof(version)) == SQLITE_OK && *version;
}

void apply_at_open(struct connection *connection)
{
	bool file = *connection->path;
	struct outcome *outcome;

	if (is_due(connection, SETTING_BUSY_TIMEOUT) && !connection->busy.unknown) {
		outcome = &connection->outcomes[SETTING_BUSY_TIMEOUT];
		connection->busy.timeout = (int)outcome->wanted;
		wait_set_timeout(connection, connection->busy.timeout);
		outcome->got = outcome->wanted;
	}
	if ((connection->behind || !connection->sqlite->has_authorizer) && !settings_get(SETTING_FOREIGN_KEYS)->by_operator) {
		connection->outcomes[SETTING_FOREIGN_KEYS].reason =
			connection->behind ? "in an embedded copy DROP TABLE cannot be kept from deleting rows"
					   : "in a SQLite without authorizers DROP TABLE cannot be kept from deleting rows";
	} else if (is_due(connection, SETTING_FOREIGN_KEYS)) {
		outcome = &connection->outcomes[SETTING_FOREIGN_KEYS];
		/* a copy built with SQLITE_DEFAULT_FOREIGN_KEYS=1 has decided for its program */
		bool was_on = foreign_keys_are_on(connection);
		bool ok = was_on == outcome->wanted || foreign_keys_set(connection, outcome->wanted == FOREIGN_KEYS_ON);
		note(connection, SETTING_FOREIGN_KEYS, ok ? outcome->wanted : VALUE_UNKNOWN, ok ? NULL : "SQLite refused");
		if (ok && !was_on && outcome->by == DECIDED_BY_RECIPE) {
			connection->foreign_keys = FOREIGN_KEYS_OURS;
			connection->schema_unchecked = true;
		}
	}
	if (is_due(connection, SETTING_TEMP_STORE))
		set_by_pragma(connection, SETTING_TEMP_STORE, connection->outcomes[SETTING_TEMP_STORE].wanted);
	if (is_due(connection, SETTING_MMAP_SIZE)) {
		if (!file)
			note(connection, SETTING_MMAP_SIZE, VALUE_UNKNOWN, no_file);
		else if (connection->shared_file)
			note(connection, SETTING_MMAP_SIZE, VALUE_UNKNOWN, "shared filesystem");
		else if (connection->layered_file && is_read_only(connection))
			/* docs.kernel.org/filesystems/overlayfs.html, Non-standard behavior: a reader would never see what is
			 * written */
			note(connection, SETTING_MMAP_SIZE, VALUE_UNKNOWN, "read-only on overlayfs");
		else if (encrypts(connection))
			note(connection, SETTING_MMAP_SIZE, VALUE_UNKNOWN, "this SQLite encrypts, and maps nothing");
		else
			set_by_pragma(connection, SETTING_MMAP_SIZE, connection->outcomes[SETTING_MMAP_SIZE].wanted);
	}
	if (is_due(connection, SETTING_JOURNAL_SIZE_LIMIT)) {
		if (!file)
			note(connection, SETTING_JOURNAL_SIZE_LIMIT, VALUE_UNKNOWN, no_file);
		else
			set_by_pragma(connection, SETTING_JOURNAL_SIZE_LIMIT,
				      connection->outcomes[SETTING_JOURNAL_SIZE_LIMIT].wanted);
	}
}

/* Between these the program sees nothing of what we run, and we wait for no lock longer than our own short patience, which takes
 * the place of the program's busy handler. Where that may be one that we have not seen, it has to stay. */
static void begin_run(struct connection *connection)
{
	pragma_hush(connection);
	if (!connection->busy.unknown)
		connection->sqlite->busy_timeout(connection->db, PATIENCE_MS);
}

static void end_run(struct connection *connection)
{
	if (connection->busy.handler)
		connection->sqlite->busy_handler(connection->db, connection->busy.handler, connection->busy.argument);
	else if (!connection->busy.unknown)
		wait_set_timeout(connection, connection->busy.timeout);
	pragma_unhush(connection);
}

static void warn_shared(struct connection *connection, int64_t mode)
{
	struct storage storage;

	storage_look(connection->path, &storage);
	if (mode == JOURNAL_WAL)
		report_warn_once(REPORT_SHARED_STORAGE_WAL, connection->path,
				 "DANGER: %s is in WAL mode on a shared filesystem (%s at %s), which can lose data when several "
				 "machines use it;"
				 " it is left as it is. Close it everywhere and run PRAGMA journal_mode=DELETE",
				 connection->path, storage.type, storage.mount);
	else
		report_warn_once(
			REPORT_SHARED_STORAGE, storage.mount,
			"%s is on a shared filesystem (%s at %s): WAL and mmap are not used there, as they need memory that all its"
			" machines share",
			connection->path, storage.type, storage.mount);
}

/* In WAL mode that it enters while it locks exclusively, a connection never gets out of that lock again. Where nothing was locked
 * yet it enters as any other does. */
static int switch_unlocked(struct connection *connection, const char *word, char *answer, size_t size)
{
	int rc;

	if (!connection->exclusive || connection->outcomes[SETTING_JOURNAL_MODE].wanted != JOURNAL_WAL)
		return pragma_set(connection, SETTING_JOURNAL_MODE, word, answer, size);
	pragma_run_hushed(connection, "PRAGMA main.locking_mode=NORMAL", NULL, 0);
	rc = pragma_set(connection, SETTING_JOURNAL_MODE, word, answer, size);
	/* it is the first read that enters */
	pragma_run_hushed(connection, "PRAGMA main.schema_version", NULL, 0);
	pragma_run_hushed(connection, "PRAGMA main.locking_mode=EXCLUSIVE", NULL, 0);
	return rc;
}

/* Sets the journal mode. Returns SQLite's code; *got is the mode in force, VALUE_UNKNOWN if SQLite does not say.
 */
static int switch_journal_mode(struct connection *connection, int64_t wanted, int64_t *got)
{
	const struct setting_spec *spec = &settings_table[SETTING_JOURNAL_MODE];
	char answer[32];
	struct setting_value value;
	int rc;

	rc = switch_unlocked(connection, spec->words[wanted], answer, sizeof(answer));
	*got = setting_parse(spec, answer, &value) && !value.keep ? value.number : VALUE_UNKNOWN;
	return rc;
}

/* A write beyond RLIMIT_FSIZE kills the process, and a WAL outgrows a small database by far: it is let grow to 1000 pages, of at
 * most 64 KiB, and holds a whole transaction. */
static bool has_room_for_wal(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= WAL_ROOM;
}

/* SQLite itself refuses WAL there, but 3.8.9 does not. */
static bool is_without_locks(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const char *name = sqlite->db_filename ? sqlite->db_filename(connection->db, "main") : NULL;

	return name && *name && sqlite->uri_boolean && sqlite->uri_boolean(name, "nolock", 0);
}

/* Why the journal mode must stay, NULL if it may be set. */
static const char *journal_mode_obstacle(const struct connection *connection, int64_t wanted)
{
	if (connection->shared_file && wanted == JOURNAL_WAL)
		return "shared filesystem";
	if (wanted == JOURNAL_WAL && connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_RECIPE && !has_room_for_wal())
		return "the limit on the size of files (RLIMIT_FSIZE) leaves no room for a WAL";
	if (is_read_only(connection))
		return "the database is read-only";
	if (wanted == JOURNAL_WAL && is_without_locks(connection))
		return "it was opened with nolock=1";
	if (wanted == JOURNAL_WAL && !wal_has_shared_memory(connection))
		return "the VFS has no shared memory, or this SQLite no WAL";
	if (wanted == JOURNAL_WAL && connection->exclusive && (connection->settled || connection->behind))
		return "the program locks exclusively";
	if (connection->no_begin)
		return "BEGIN cannot be upgraded in this SQLite, and WAL without that makes transactions fail";
	if (connection->busy.unknown)
		return "the connection was opened out of sight: the switch could wait for long";
	return NULL;
}

/* The same for what may be gone by the next transaction. */
static const char *passing_obstacle(struct connection *connection, bool to_wal)
{
	struct storage storage;

	if (pragma_is_query_only(connection))
		return "PRAGMA query_only is on";
	if (!connection->full_disk || !to_wal)
		return NULL;
	storage_look(connection->path, &storage);
	connection->full_disk = storage.full;
	return storage.full ? "the disk is nearly full" : NULL;
}

/* WAL was found not to work for this database, which has its rollback journal or went back to it. */
static void note_no_wal(struct connection *connection, int rc)
{
	int64_t got = pragma_read(connection, SETTING_JOURNAL_MODE);

	note(connection, SETTING_JOURNAL_MODE, got,
	     (rc & 0xff) == SQLITE_CANTOPEN ? reason_of(rc) : "its -wal or -shm file cannot be used");
	if (wal_read_header(connection) == WAL_YES)
		report_warn_once(
			REPORT_NOT_APPLIED, connection->path,
			"DANGER: %s is in WAL mode, but its -wal or -shm file cannot be used (%s). Close it everywhere and "
			"run PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE",
			connection->path, reason_of(rc));
}

static void apply_journal_mode(struct connection *connection)
{
	struct outcome *outcome = &connection->outcomes[SETTING_JOURNAL_MODE];
	const char *obstacle;
	enum wal_header header;
	int64_t got;
	int rc;

	connection->wal_retry = 0;
	if (!*connection->path) {
		if (is_due(connection, SETTING_JOURNAL_MODE))
			note(connection, SETTING_JOURNAL_MODE, VALUE_UNKNOWN, no_file);
		return;
	}
	if (!is_due(connection, SETTING_JOURNAL_MODE)) {
		outcome->got = pragma_read(connection, SETTING_JOURNAL_MODE);
		if (connection->shared_file)
			warn_shared(connection, outcome->got);
		return;
	}
	obstacle = journal_mode_obstacle(connection, outcome->wanted);
	if (obstacle) {
		got = pragma_read(connection, SETTING_JOURNAL_MODE);
		note(connection, SETTING_JOURNAL_MODE, got, got == outcome->wanted ? NULL : obstacle);
		if (connection->shared_file)
			warn_shared(connection, got);
		return;
	}
	header = outcome->wanted == JOURNAL_WAL ? wal_read_header(connection) : WAL_UNTOLD;
	obstacle = passing_obstacle(connection, header == WAL_NO);
	if (obstacle) {
		note(connection, SETTING_JOURNAL_MODE, pragma_read(connection, SETTING_JOURNAL_MODE), obstacle);
		connection->wal_retry = now_ms() + WAL_RETRY_MS;
		return;
	}
	rc = header == WAL_NO ? wal_try_files(connection) : SQLITE_OK;
	if (rc != SQLITE_OK) {
		note_no_wal(connection, rc);
		return;
	}
	rc = switch_journal_mode(connection, outcome->wanted, &got);
	connection->unreadable = (rc & 0xff) == SQLITE_NOTADB;
	if (rc == SQLITE_OK && got == JOURNAL_WAL && header != WAL_YES && !wal_is_mapped(connection)) {
		rc = wal_try_lock(connection);
		if (rc != SQLITE_OK) {
			wal_undo(connection);
			note_no_wal(connection, rc);
			return;
		}
	}
	if (rc == SQLITE_OK && got != outcome->wanted)
		note(connection, SETTING_JOURNAL_MODE, got, "SQLite kept its mode: the file is immutable");
	else
		note(connection, SETTING_JOURNAL_MODE, got, reason_of(rc));
	/* SQLITE_ERROR: a statement of the connection is still running */
	if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED || rc == SQLITE_ERROR)
		connection->wal_retry = now_ms() + WAL_RETRY_MS;
}

static void apply_synchronous(struct connection *connection)
{
	struct outcome *outcome = &connection->outcomes[SETTING_SYNCHRONOUS];

	if (!is_due(connection, SETTING_SYNCHRONOUS))
		return;
	if (!*connection->path)
		note(connection, SETTING_SYNCHRONOUS, VALUE_UNKNOWN, no_file);
	else if (outcome->by == DECIDED_BY_RECIPE && connection->outcomes[SETTING_JOURNAL_MODE].got != JOURNAL_WAL)
		note(connection, SETTING_SYNCHRONOUS, VALUE_UNKNOWN, "only with WAL");
	else
		set_by_pragma(connection, SETTING_SYNCHRONOUS, outcome->wanted);
}

static void put_on(struct connection *connection)
{
	begin_run(connection);
	apply_journal_mode(connection);
	apply_synchronous(connection);
	if (is_due(connection, SETTING_CACHE_SIZE)) {
		if (*connection->path)
			set_by_pragma(connection, SETTING_CACHE_SIZE, connection->outcomes[SETTING_CACHE_SIZE].wanted);
		else
			note(connection, SETTING_CACHE_SIZE, VALUE_UNKNOWN, no_file);
	}
	if (is_due(connection, SETTING_WAL_AUTOCHECKPOINT))
		set_by_pragma(connection, SETTING_WAL_AUTOCHECKPOINT, connection->outcomes[SETTING_WAL_AUTOCHECKPOINT].wanted);
	end_run(connection);
	connection->settled = true;
	connection_set_watch(connection);
	report_open_connection(connection);
}

void apply_at_first_use(struct connection *connection)
{
	if (!connection->sqlite->get_autocommit(connection->db))
		return;
	put_on(connection);
}

void apply_wal_again(struct connection *connection)
{
	if (now_ms() < connection->wal_retry || !connection->sqlite->get_autocommit(connection->db))
		return;
	put_on(connection);
}

void apply_synchronous_full(struct connection *connection)
{
	struct outcome *outcome = &connection->outcomes[SETTING_SYNCHRONOUS];

	if (outcome->by != DECIDED_BY_RECIPE || outcome->got != SYNCHRONOUS_NORMAL ||
	    !connection->sqlite->get_autocommit(connection->db))
		return;
	pragma_run(connection, "PRAGMA synchronous=2", NULL, 0);
	note(connection, SETTING_SYNCHRONOUS, SYNCHRONOUS_FULL, "only with WAL");
}

void apply_recheck_synchronous(struct connection *connection)
{
	if (!connection->sqlite->get_autocommit(connection->db))
		return;
	connection->recheck = false;
	begin_run(connection);
	connection->outcomes[SETTING_JOURNAL_MODE].got = pragma_read(connection, SETTING_JOURNAL_MODE);
	apply_synchronous(connection);
	end_run(connection);
	connection_set_watch(connection);
}

void apply_read_back(struct connection *connection)
{
	begin_run(connection);
	for (int i = 0; i < SETTING_APPLIED_COUNT; i++) {
		bool reads_schema = i == SETTING_JOURNAL_MODE || i == SETTING_SYNCHRONOUS || i == SETTING_CACHE_SIZE;
		if (connection->outcomes[i].got == VALUE_UNKNOWN && (connection->settled || !reads_schema))
			connection->outcomes[i].got = pragma_read(connection, (enum setting)i);
	}
	end_run(connection);
}
