/* report.h - the JSON line of each connection.
 *
 * It never holds SQL text, a value of the program's, or a key. Nothing goes to stdout. */
#ifndef SQLPROD_REPORT_REPORT_H
#define SQLPROD_REPORT_REPORT_H

#include "connection/connection.h"

#include <stdbool.h>

/* Is SQLPROD_REPORT set? */
bool report_is_wanted(void);

/* The JSON line of a connection that goes on (open) or ends, newline included, to be freed; NULL if memory is out. Calls nothing of
 * SQLite. */
char *report_format(const struct connection *connection, bool open);

/* Appends the line of a connection that goes on, if SQLPROD_REPORT_OPEN asks for it. The caller holds its mutex. */
void report_open_connection(const struct connection *connection);

/* The line of a database whose SQLite, inside this object, cannot be reached. */
char *report_format_unreached(const char *database, const char *object);

/* Appends the line to the file of SQLPROD_REPORT, which is created with mode 0600; links are not followed. */
void report_write(const char *line);

/* A line for every connection that this process opened and did not close. For the end of the process. */
void report_open_connections(void);

#endif
