/* oracle.h - what the real SQLite says about a statement. Statements are prepared on a database in memory, and never run. */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#define ORACLE_TEXT_MOST 4096

struct verdict {
	int rc;
	size_t tail; /* bytes from the beginning */
	bool empty;  /* accepted, and there is no statement */
	bool explain, readonly;
	bool begin, savepoint, attach, drop_table, select;
	bool cascade; /* deletes rows of another table than the one named */
	bool pragma, has_schema, has_value;
	int write; /* SQLITE_INSERT, SQLITE_UPDATE or SQLITE_DELETE: the first one seen; or 0 */

	char message[2 * ORACLE_TEXT_MOST];
	char schema[ORACLE_TEXT_MOST], name[ORACLE_TEXT_MOST], value[ORACLE_TEXT_MOST]; /* of the PRAGMA */
	char write_schema[ORACLE_TEXT_MOST], write_table[ORACLE_TEXT_MOST];
};

/* Prepares the first statement, as sqlite3_prepare_v2 (bytes negative: up to NUL) and sqlite3_prepare16_v2 do. */
void oracle_ask(const char *sql, int bytes, struct verdict *out);
void oracle_ask_wide(const void *sql, int bytes, struct verdict *out);

#endif
