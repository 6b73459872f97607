/* log.h - log lines, on standard error or in the file of SQLPROD_LOG.
 *
 * A line never holds SQL text, a value from the program's data, or a key. Nothing is written to stdout. */
#ifndef SQLPROD_BASE_LOG_H
#define SQLPROD_BASE_LOG_H

#include "base/settings.h"

#include <stdbool.h>

/* The subject of a warning. */
enum warning {
	WARNING_BAD_SETTING,
	WARNING_SHARED_STORAGE,
	WARNING_SHARED_STORAGE_WAL,
	WARNING_SHARED_STORAGE_ATTACHED,
	WARNING_UNKNOWN_STORAGE,
	WARNING_NOT_APPLIED,
	WARNING_FOREIGN_KEYS_YIELD,
	WARNING_FOREIGN_KEYS_SCHEMA,
	WARNING_FOREIGN_KEYS_COMMIT,
	WARNING_NO_SQLITE,
	WARNING_UNREACHED,
	WARNING_LEFT_WAL,
	WARNING_UNWRITABLE,
	WARNING_SECOND_LIBRARY,
	WARNING_SECOND_SQLITE,
	WARNING_BACKUP_TARGET,
	WARNING_WAL_READER,
};

/* Logs one line "sqlprod: …" if SQLPROD_LOG_LEVEL includes this level. errno is kept. */
void log_write(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Logs a warning once per process for each topic and subject (a path, say). True if this call was the first. */
bool log_warn_once(enum warning topic, const char *subject, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
