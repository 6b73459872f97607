/* report.h - the JSON line of each connection.
 *
 * It never holds SQL text, a value from the program's data, or a key. Nothing is written to stdout. */
#ifndef SQLPROD_REPORT_REPORT_H
#define SQLPROD_REPORT_REPORT_H

#include "connection/connection.h"

#include <stdbool.h>

/* Is SQLPROD_REPORT set? */
bool report_is_wanted(void);

/* The JSON line of a connection that stays open, or is closing (open is false), with its newline; the caller frees it. NULL if
 * memory is out. Calls no function of SQLite. */
char *report_format(const struct connection *connection, bool open);

/* Appends the line of a connection that stays open, if SQLPROD_REPORT_OPEN asks for it and anything changed since the last one. The
 * caller holds its mutex. */
void report_open_connection(struct connection *connection);

/* SQLPROD_REPORT_INTERVAL: from now on such a line is appended when a transaction of a WAL database has ended, at most so often for
 * each connection. */
void report_start_intervals(void);

/* The JSON line of a database whose SQLite, embedded in this object, cannot be reached. */
char *report_format_unreached(const char *database, const char *object);

/* Appends the line to the file of SQLPROD_REPORT, which is created with mode 0600; links are not followed. */
void report_write(const char *line);

/* Appends a line for every connection that this process opened and did not close. For the end of the process. */
void report_open_connections(void);

#endif
