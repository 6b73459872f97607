/* report.h - the log, and the JSON line of each connection.
 *
 * Neither ever holds SQL text, a value of the program's, or a key. Nothing goes to stdout. */
#ifndef SQLPROD_REPORT_H
#define SQLPROD_REPORT_H

#include "connection.h"

#include <stdbool.h>

enum report_topic {
	REPORT_BAD_SETTING,
	REPORT_SHARED_STORAGE,
	REPORT_SHARED_STORAGE_WAL,
	REPORT_SHARED_STORAGE_ATTACHED,
	REPORT_UNKNOWN_STORAGE,
	REPORT_NOT_APPLIED,
	REPORT_FOREIGN_KEYS_YIELD,
	REPORT_NO_SQLITE,
	REPORT_UNREACHED,
	REPORT_UNWRITABLE,
};

/* Logs one line "sqlprod: …" at this level, if SQLPROD_LOG_LEVEL lets it through. errno is kept. */
void report_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Logs a warning once per process for each topic and subject (a path, say). True if this was the once. */
bool report_warn_once(enum report_topic topic, const char *subject, const char *format, ...) __attribute__((format(printf, 3, 4)));

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
