/* apply.c - which settings are applied when, and what is in the way of each. */
#include "policy/apply.h"

#include "connection/outcome.h"
#include "connection/pragma.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "policy/apply_setting.h"
#include "policy/foreign_keys.h"
#include "policy/journal_mode.h"
#include "policy/litestream.h"
#include "policy/program_settings.h"
#include "policy/unseen.h"
#include "policy/wal.h"
#include "report/report.h"
#include "sqlite/callback_offsets.h"
#include "sqlite/temp_store.h"

/* Does this SQLite encrypt? SQLCipher maps no encrypted file, and with mmap_size it gives a new database a salt of zeros. The key
 * functions of an embedded one are not in its table. */
static bool encrypts(struct connection *connection)
{
	char version[16];

	if (!connection_is_embedded(connection))
		return connection->sqlite->has_key;
	return pragma_run(connection, "PRAGMA cipher_version", version, sizeof(version)) == SQLITE_OK && *version;
}

static void apply_busy_timeout(struct connection *connection)
{
	struct outcome *outcome = &connection->outcomes[SETTING_BUSY_TIMEOUT];

	if (!outcome_is_due(connection, SETTING_BUSY_TIMEOUT) || connection->busy.unknown)
		return;
	connection->busy.timeout = (int)outcome->wanted;
	if (outcome->by == DECIDED_BY_OPERATOR)
		connection->busy.asked = connection->busy.timeout;
	busy_handler_set_timeout(connection, connection->busy.timeout);
	outcome->got = outcome->wanted;
}

/* Why foreign keys cannot be guarded as foreign_keys.h promises; NULL if they can. */
static const char *foreign_keys_obstacle(const struct connection *connection)
{
	if (connection_is_embedded(connection))
		return "in an embedded copy DROP TABLE cannot be kept from deleting rows";
	if (connection->reached == REACHED_ADOPTED)
		return "the connection was opened out of sight: it may have an authorizer, whose place ours would take";
	if (!connection->sqlite->has_authorizer)
		return "in a SQLite without authorizers DROP TABLE cannot be kept from deleting rows";
	if (connection->sqlite->minor < 15)
		return "before SQLite 3.15 RESTRICT cannot wait for COMMIT, and a REPLACE of the parent would be refused";
	return NULL;
}

static void apply_foreign_keys(struct connection *connection)
{
	struct outcome *outcome = &connection->outcomes[SETTING_FOREIGN_KEYS];
	const char *obstacle = settings_get(SETTING_FOREIGN_KEYS)->by_operator ? NULL : foreign_keys_obstacle(connection);
	bool was_on;

	if (obstacle) {
		outcome->reason = obstacle;
		return;
	}
	if (!outcome_is_due(connection, SETTING_FOREIGN_KEYS))
		return;
	/* a copy built with SQLITE_DEFAULT_FOREIGN_KEYS=1 has decided for its program */
	was_on = foreign_keys_are_on(connection);
	if (outcome->by == DECIDED_BY_RECIPE && !was_on)
		obstacle = foreign_keys_begin(connection);
	else if (was_on != (outcome->wanted == FOREIGN_KEYS_ON) && !foreign_keys_set(connection, !was_on))
		obstacle = "SQLite refused";
	/* sqlite3_db_config() takes it there as well */
	if (!obstacle && report_is_wanted() && pragma_read(connection, SETTING_FOREIGN_KEYS) == VALUE_UNKNOWN)
		obstacle = "this SQLite was built without foreign keys";
	outcome_note(connection, SETTING_FOREIGN_KEYS, obstacle ? VALUE_UNKNOWN : outcome->wanted, obstacle);
}

static const char *mmap_obstacle(struct connection *connection)
{
	const char *obstacle;

	if (!*connection->path)
		return outcome_no_file(connection);
	if (connection->storage.kind == STORAGE_SHARED)
		return "shared filesystem";
	obstacle = outcome_other_copy(connection);
	if (obstacle)
		return obstacle;
	/* docs.kernel.org/filesystems/overlayfs.html, Non-standard behavior: a reader would never see what is written */
	if (connection->storage.kind == STORAGE_LAYERED && sqlite_is_read_only(connection->sqlite, connection->db, "main"))
		return "read-only on overlayfs";
	if (encrypts(connection))
		return "this SQLite encrypts, and maps nothing";
	return NULL;
}

void apply_at_open(struct connection *connection)
{
	callbacks_suspend(connection);
	apply_busy_timeout(connection);
	apply_foreign_keys(connection);
	unseen_look(connection, false);
	apply_setting_memory(connection, SETTING_TEMP_STORE,
			     unseen_has_temp_tables(connection) ? "it would delete the TEMP tables that are there" : NULL);
	if (connection->outcomes[SETTING_TEMP_STORE].got == TEMP_STORE_MEMORY)
		temp_store_learn(connection->sqlite, connection->db);
	/* the question asks SQLite */
	if (outcome_is_due(connection, SETTING_MMAP_SIZE))
		apply_setting(connection, SETTING_MMAP_SIZE, mmap_obstacle(connection));
	apply_setting(connection, SETTING_JOURNAL_SIZE_LIMIT, outcome_no_file(connection));
	callbacks_resume(connection);
}

/* Between these the program's callbacks see none of our statements, and these wait for journal_mode_patience() at most, as a
 * timeout replaces the program's busy handler. A handler that we may not have seen cannot be replaced. */
static void begin_run(struct connection *connection)
{
	callbacks_suspend(connection);
	if (!connection->busy.unknown)
		connection->sqlite->busy_timeout(connection->db, journal_mode_patience(connection));
}

static void end_run(struct connection *connection)
{
	if (connection->busy.handler)
		connection->sqlite->busy_handler(connection->db, connection->busy.handler, connection->busy.argument);
	else if (!connection->busy.unknown)
		busy_handler_set_timeout(connection, connection->busy.timeout);
	callbacks_resume(connection);
}

static void apply_synchronous(struct connection *connection)
{
	bool without_wal = connection->outcomes[SETTING_JOURNAL_MODE].got != JOURNAL_WAL;
	bool by_recipe = !settings_get(SETTING_SYNCHRONOUS)->by_operator;
	const char *obstacle = outcome_no_file(connection);

	if (!obstacle && by_recipe && without_wal)
		obstacle = "only with WAL";
	apply_setting(connection, SETTING_SYNCHRONOUS, obstacle);
}

/* Litestream takes a -wal that started anew while it was away for a continuation, and loses the frames between, as long as the file
 * is as long as it remembers (0.5.17: findings/litestream_misses_restart.sh). With a limit of 0 SQLite cuts the file when it starts
 * anew. */
static void apply_replicated_limit(struct connection *connection)
{
	struct outcome *outcome = &connection->outcomes[SETTING_JOURNAL_SIZE_LIMIT];

	if (outcome->by != DECIDED_BY_RECIPE || outcome->got != outcome->wanted || outcome->wanted == 0 ||
	    connection->outcomes[SETTING_JOURNAL_MODE].got != JOURNAL_WAL || !litestream_replicates(connection->path))
		return;
	outcome->wanted = 0;
	apply_setting_by_pragma(connection, SETTING_JOURNAL_SIZE_LIMIT, 0);
	if (outcome->got == 0)
		outcome->reason = "Litestream replicates it: 0, so that it sees when the -wal starts anew";
}

/* After synchronous was applied: are its commits to wait for the disk in groups? */
static void note_group_commit(const struct connection *connection)
{
	const struct outcome *outcome = &connection->outcomes[SETTING_SYNCHRONOUS];
	long long groups = settings_get(SETTING_GROUP_COMMIT)->number;
	bool by_operator = outcome->by == DECIDED_BY_OPERATOR && outcome->wanted >= SYNCHRONOUS_FULL;

	if (file_shim_serves(connection))
		connection->shim->group_commit.wanted = groups == GROUP_COMMIT_ON || (groups == GROUP_COMMIT_AUTO && by_operator);
}

static void apply_all_at_first_use(struct connection *connection)
{
	begin_run(connection);
	if (connection->setup == SETUP_OPENED)
		unseen_look(connection, true);
	journal_mode_apply(connection);
	wal_note_decider(connection);
	wal_copy_left(connection);
	apply_replicated_limit(connection);
	apply_synchronous(connection);
	note_group_commit(connection);
	apply_setting_memory(connection, SETTING_CACHE_SIZE, outcome_no_file(connection));
	if (connection->offsets && callback_has_wal_hook(connection->offsets, connection->db))
		program_wal_hook(connection, true);
	apply_setting(connection, SETTING_WAL_AUTOCHECKPOINT, NULL);
	end_run(connection);
	connection->setup = SETUP_DONE;
	connection_update_interest(connection);
	report_open_connection(connection);
}

void apply_at_first_use(struct connection *connection)
{
	if (!connection->sqlite->get_autocommit(connection->db))
		return;
	apply_all_at_first_use(connection);
}

void apply_wal_again(struct connection *connection, bool may_wait)
{
	if (!journal_mode_is_due_again(connection) || !connection->sqlite->get_autocommit(connection->db))
		return;
	may_wait = may_wait && file_shim_serves(connection);
	if (may_wait)
		journal_turn_wait_to_switch(connection->shim);
	apply_all_at_first_use(connection);
	if (may_wait)
		journal_turn_end(connection->shim);
}

void apply_schema_again(struct connection *connection)
{
	begin_run(connection);
	/* its transaction, which SQLite 3.7.17 begins for no LIMIT 0, compares the schema's cookie; the program's own statement
	 * waits for a file that is locked */
	pragma_run(connection, "SELECT 1 FROM sqlite_master LIMIT 1", NULL, 0);
	end_run(connection);
	sqlite_forget_error(connection->sqlite, connection->db);
}

void apply_synchronous_full(struct connection *connection)
{
	struct outcome *outcome = &connection->outcomes[SETTING_SYNCHRONOUS];

	if (outcome->by != DECIDED_BY_RECIPE || outcome->got != SYNCHRONOUS_NORMAL ||
	    !connection->sqlite->get_autocommit(connection->db))
		return;
	pragma_run(connection, "PRAGMA synchronous=2", NULL, 0);
	outcome_note(connection, SETTING_SYNCHRONOUS, SYNCHRONOUS_FULL, "only with WAL");
}

void apply_program_wal(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	if (!file_shim_serves(connection) || connection->exclusive || connection->busy.unknown ||
	    wal_read_header(connection) != WAL_NO || sqlite_is_read_only(sqlite, connection->db, "main") ||
	    !sqlite_is_idle(sqlite, connection->db))
		return;
	begin_run(connection);
	journal_mode_switch_for_program(connection);
	end_run(connection);
	sqlite_forget_error(sqlite, connection->db);
}

bool apply_rollback_journal(struct connection *connection)
{
	bool left;

	apply_synchronous_full(connection);
	begin_run(connection);
	left = journal_mode_leave_wal(connection);
	end_run(connection);
	sqlite_forget_error(connection->sqlite, connection->db);
	wal_note_decider(connection);
	if (!left && connection_is_set_up(connection))
		connection->setup = SETUP_RECHECK;
	connection_update_interest(connection);
	return left;
}

bool apply_attached_rollback_journal(struct connection *connection, const char *statement)
{
	int rc;

	begin_run(connection);
	rc = pragma_run_raw(connection, statement, NULL, 0);
	end_run(connection);
	sqlite_forget_error(connection->sqlite, connection->db);
	return rc == SQLITE_OK;
}

void apply_empty_wal(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	/* it would wait for as long as the program's handler wants; inside a transaction that has read, SQLite refuses */
	if (connection->busy.unknown || !sqlite->wal_checkpoint_v2 || sqlite_runs_statement(sqlite, connection->db) ||
	    (file_shim_serves(connection) && wal_files_may_be_anothers(connection->shim)))
		return;
	begin_run(connection);
	sqlite->wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	end_run(connection);
	sqlite_forget_error(sqlite, connection->db);
}

void apply_recheck_synchronous(struct connection *connection)
{
	if (!connection->sqlite->get_autocommit(connection->db))
		return;
	connection->setup = SETUP_DONE;
	begin_run(connection);
	connection->outcomes[SETTING_JOURNAL_MODE].got = pragma_read(connection, SETTING_JOURNAL_MODE);
	apply_synchronous(connection);
	note_group_commit(connection);
	end_run(connection);
	connection_update_interest(connection);
}

void apply_read_back(struct connection *connection)
{
	begin_run(connection);
	for (int i = 0; i < SETTING_APPLIED_COUNT; i++) {
		bool reads_schema = i == SETTING_JOURNAL_MODE || i == SETTING_SYNCHRONOUS || i == SETTING_CACHE_SIZE;
		if (connection->outcomes[i].got == VALUE_UNKNOWN && (connection_is_set_up(connection) || !reads_schema))
			connection->outcomes[i].got = pragma_read(connection, (enum setting)i);
	}
	end_run(connection);
}
