/* page_size.h - the backup API and VACUUM, where they are to change the page size of a database that is in WAL mode by recipe.
 *
 * In WAL mode SQLite changes no page size: a copy onto the database from one with other pages is refused (SQLITE_READONLY:
 * sqlite.org/c3ref/backup_finish.html), and VACUUM leaves the size as it is (sqlite.org/pragma.html#pragma_page_size). A program
 * that worked with a rollback journal does not expect that. So the database is taken out of WAL mode, and gets it back at a later
 * transaction. */
#ifndef SQLPROD_POLICY_PAGE_SIZE_H
#define SQLPROD_POLICY_PAGE_SIZE_H

#include "connection/connection.h"

/* The size of the pages of that database; 0 if it cannot be told. Wants the connection's mutex held. */
int page_size_read(struct connection *connection, const char *schema);

/* Is it in WAL mode, not by the program's choice, so that its page size cannot be changed? As above. */
bool page_size_is_fixed(const struct connection *connection);

/* Then, before sqlite3_backup_init() onto it from a database with pages of that size. As above. Does not wait for others who have
 * it open: then SQLite refuses. */
void page_size_before_backup(struct connection *connection, int size);

/* Before a VACUUM of the main database, if the program has set a page size. As above. */
void page_size_before_vacuum(struct connection *connection);

#endif
