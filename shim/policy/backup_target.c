/* backup_target.c - takes the target of a backup out of WAL mode if the pages' sizes differ. */
#include "policy/backup_target.h"

#include "base/log.h"
#include "connection/pragma.h"
#include "policy/apply.h"
#include "policy/wal.h"
#include "sqlite/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name that would have to be quoted is none that we ask for. */
#define SCHEMA_MOST 64
#define SCHEMA_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

int backup_page_size(struct connection *connection, const char *schema)
{
	char sql[SCHEMA_MOST + 32], answer[16] = "";
	size_t length = strspn(schema, SCHEMA_CHARACTERS);

	if (length == 0 || length > SCHEMA_MOST || schema[length] != '\0')
		return 0;
	callbacks_suspend(connection);
	/* PRAGMA page_size alone does not read the file */
	snprintf(sql, sizeof(sql), "PRAGMA \"%s\".schema_version", schema);
	if (pragma_run_raw(connection, sql, NULL, 0) == SQLITE_OK) {
		snprintf(sql, sizeof(sql), "PRAGMA \"%s\".page_size", schema);
		pragma_run_raw(connection, sql, answer, sizeof(answer));
	}
	sqlite_forget_error(connection->sqlite, connection->db);
	callbacks_resume(connection);
	return atoi(answer);
}

bool backup_target_concerns(const struct connection *connection)
{
	return *connection->path && connection->outcomes[SETTING_JOURNAL_MODE].by != DECIDED_BY_PROGRAM &&
	       wal_read_header(connection) == WAL_YES && connection->sqlite->get_autocommit(connection->db);
}

void backup_target_before(struct connection *connection, int size)
{
	int own = backup_page_size(connection, "main");

	if (own > 0 && own != size && !apply_rollback_journal(connection))
		log_warn_once(WARNING_BACKUP_TARGET, connection->path,
			      "a backup onto %s fails, as it is in WAL mode, in use, and has pages of another size",
			      connection->path);
}
