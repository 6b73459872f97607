/* report.c - log lines and the JSON report. */
#include "report.h"

#include "outlet.h"
#include "registry.h"
#include "utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_LIMIT 2048

static void emit(const char *line, size_t length)
{
	const char *log = settings_get(SETTING_LOG)->text;

	/* better said on stderr than nowhere */
	if (strcmp(log, "stderr") == 0 || !outlet_append(log, 0644, line, length))
		outlet_stderr(line, length);
}

static __attribute__((format(printf, 2, 0))) void log_formatted(int level, const char *format, va_list arguments)
{
	char line[LINE_LIMIT];
	int saved = errno, n, prefix;

	if (settings_get(SETTING_LOG_LEVEL)->number < level || settings_nobody_asked())
		return;
	prefix = snprintf(line, sizeof(line), "sqlprod: ");
	n = vsnprintf(line + prefix, sizeof(line) - (size_t)prefix - 1, format, arguments);
	if (n < 0)
		return;
	n += prefix;
	if (n > LINE_LIMIT - 2)
		n = LINE_LIMIT - 2;
	line[n] = '\0';
	/* a path may hold anything: a line stays one line, and leaves the terminal alone */
	utf8_neutralise(line);
	line[n++] = '\n';
	emit(line, (size_t)n);
	errno = saved;
}

void report_log(int level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_formatted(level, format, arguments);
	va_end(arguments);
}

/* True for the first caller with this topic and subject. No lock, so that fork() finds none taken. When the table is full the
 * process stays silent. */
static bool is_first(enum report_topic topic, const char *subject)
{
	static _Atomic uint64_t said[256];
	uint64_t hash = UINT64_C(14695981039346656037) + topic;

	for (; *subject; subject++)
		hash = (hash ^ (unsigned char)*subject) * UINT64_C(1099511628211);
	hash |= 1;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		uint64_t seen = 0;
		if (atomic_compare_exchange_strong(&said[i], &seen, hash))
			return true;
		if (seen == hash)
			return false;
	}
	return false;
}

bool report_warn_once(enum report_topic topic, const char *subject, const char *format, ...)
{
	va_list arguments;

	if (!is_first(topic, subject))
		return false;
	va_start(arguments, format);
	log_formatted(LOG_WARN, format, arguments);
	va_end(arguments);
	return true;
}

bool report_is_wanted(void)
{
	return settings_get(SETTING_REPORT)->text[0] != '\0';
}

void report_write(const char *line)
{
	const char *file = settings_get(SETTING_REPORT)->text;
	int saved = errno;

	if (!outlet_append(file, 0600, line, strlen(line)))
		report_warn_once(REPORT_UNWRITABLE, "", "cannot write the report (%s) to %s", strerror(errno), file);
	errno = saved;
}

static void write_connection(const struct connection *connection, bool open)
{
	char *line = report_format(connection, open);

	if (line)
		report_write(line);
	free(line);
}

void report_open_connection(const struct connection *connection)
{
	if (report_is_wanted() && settings_get(SETTING_REPORT_OPEN)->number == SWITCH_ON)
		write_connection(connection, true);
}

static void write_last(struct connection *connection, void *pid)
{
	if (connection->unreported || connection->pid != *(pid_t *)pid)
		return;
	write_connection(connection, false);
	/* destructors of the libraries that a program is linked to run after ours, and may close it */
	connection->unreported = true;
}

void report_open_connections(void)
{
	pid_t pid;

	if (!report_is_wanted())
		return;
	pid = getpid();
	registry_visit(write_last, &pid);
}
