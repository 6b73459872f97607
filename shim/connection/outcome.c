/* outcome.c - the result of each setting of a connection, for the report. */
#include "connection/outcome.h"

#include "base/log.h"

const char *outcome_no_file(const struct connection *connection)
{
	if (*connection->path)
		return NULL;
	if (!connection->sqlite->db_filename)
		return "this SQLite has no sqlite3_db_filename(), and does not tell which file it has opened";
	return "in-memory or temporary database";
}

const char *outcome_other_copy(const struct connection *connection)
{
	if (connection->in_two_copies)
		return "another copy of SQLite in this process has it open, and locks do not hold between them";
	if (sqlite_has_unreachable())
		return "a copy of SQLite that cannot be reached is in this process, and locks do not hold between them";
	return NULL;
}

const char *outcome_reason(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return NULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "the database was busy";
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

bool outcome_was_busy(int rc)
{
	return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

bool outcome_is_due(struct connection *connection, enum setting setting)
{
	const struct setting_value *value = settings_get(setting);
	struct outcome *outcome = &connection->outcomes[setting];

	if (outcome->by == DECIDED_BY_PROGRAM || value->keep)
		return false;
	outcome->by = value->by_operator ? DECIDED_BY_OPERATOR : DECIDED_BY_RECIPE;
	outcome->wanted = value->number;
	return true;
}

void outcome_note(struct connection *connection, enum setting setting, int64_t got, const char *reason)
{
	struct outcome *outcome = &connection->outcomes[setting];

	outcome->got = got;
	outcome->reason = reason;
	if (reason)
		log_write(LOG_INFO, "%s not set for %s: %s", settings_table[setting].pragma, connection->path, reason);
}
