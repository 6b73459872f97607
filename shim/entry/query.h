/* query.h - asks a database, or copies it, for the sqlprod command where no sqlite3 shell is installed. */
#ifndef SQLPROD_ENTRY_QUERY_H
#define SQLPROD_ENTRY_QUERY_H

#include <stdio.h>

#define QUERY_NO_SQLITE 12

/* Runs the statements on the file, which has to be there, and writes each row as the sqlite3 shell does: values with a bar between
 * them. The SQLite is one that LD_PRELOAD brings into this process. Returns 0; 1 with SQLite's message on stderr; QUERY_NO_SQLITE.
 */
int query_run(FILE *out, const char *file, const char *sql);

/* Copies the database, which may be in use, as it is at one moment; the copy's file may be there. Returns as query_run() does. */
int query_backup(const char *file, const char *copy_file);

#endif
