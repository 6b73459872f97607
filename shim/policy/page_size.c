/* page_size.c - takes a database out of WAL mode if its page size is to change. */
#include "policy/page_size.h"

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

int page_size_read(struct connection *connection, const char *schema)
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

bool page_size_is_fixed(const struct connection *connection)
{
	return *connection->path && connection->outcomes[SETTING_JOURNAL_MODE].by != DECIDED_BY_PROGRAM &&
	       wal_read_header(connection) == WAL_YES && connection->sqlite->get_autocommit(connection->db);
}

void page_size_before_backup(struct connection *connection, int size)
{
	int own = page_size_read(connection, "main");

	if (own > 0 && own != size && !apply_rollback_journal(connection))
		log_warn_once(WARNING_BACKUP_TARGET, connection->path,
			      "a backup onto %s fails, as it is in WAL mode, in use, and has pages of another size",
			      connection->path);
}

void page_size_before_vacuum(struct connection *connection)
{
	if (connection->page_size_set && page_size_is_fixed(connection))
		apply_rollback_journal(connection);
	connection->page_size_set = false;
}
