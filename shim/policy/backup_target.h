/* backup_target.h - the backup API, onto a database that is in WAL mode by recipe.
 *
 * SQLite does not copy onto one in WAL mode if its pages have another size than the source's (SQLITE_READONLY:
 * sqlite.org/c3ref/backup_finish.html), and a program that worked with a rollback journal does not expect that. So the target is
 * taken out of WAL mode, and gets it back at a later transaction. */
#ifndef SQLPROD_POLICY_BACKUP_TARGET_H
#define SQLPROD_POLICY_BACKUP_TARGET_H

#include "connection/connection.h"

/* The size of the pages of that database; 0 if it cannot be told. Wants the connection's mutex held. */
int backup_page_size(struct connection *connection, const char *schema);

/* May the main database of this connection be such a target? As above. */
bool backup_target_concerns(const struct connection *connection);

/* Then, before sqlite3_backup_init() onto it from a database with pages of that size. As above. Does not wait for others who have
 * it open: then SQLite refuses. */
void backup_target_before(struct connection *connection, int size);

#endif
