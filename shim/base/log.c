/* log.c - writes log lines. */
#include "base/log.h"

#include "base/log_sink.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINE_LIMIT 2048

static void emit(const char *line, size_t length)
{
	const char *log = settings_get(SETTING_LOG)->text;

	/* a log file that cannot be written must not swallow a warning */
	if (strcmp(log, "stderr") == 0 || !log_sink_append(log, 0644, line, length))
		log_sink_stderr(line, length);
}

static __attribute__((format(printf, 2, 0))) void log_formatted(int level, const char *format, va_list arguments)
{
	char line[LINE_LIMIT];
	int saved = errno, n, prefix;

	if (settings_get(SETTING_LOG_LEVEL)->number < level || settings_is_machine_wide())
		return;
	prefix = snprintf(line, sizeof(line), "sqlprod: ");
	n = vsnprintf(line + prefix, sizeof(line) - (size_t)prefix - 1, format, arguments);
	if (n < 0)
		return;
	n += prefix;
	if (n > LINE_LIMIT - 2)
		n = LINE_LIMIT - 2;
	line[n] = '\0';
	/* a path may hold any bytes: newlines would forge log lines, escape sequences would drive the terminal */
	utf8_neutralise(line);
	line[n++] = '\n';
	emit(line, (size_t)n);
	errno = saved;
}

void log_write(int level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_formatted(level, format, arguments);
	va_end(arguments);
}

/* True for the first caller with this topic and subject. Lock-free: fork() cannot copy a held lock. When the table is full, further
 * warnings are dropped. */
static bool is_first(enum warning topic, const char *subject)
{
	static _Atomic uint64_t logged[256];
	uint64_t hash = UINT64_C(14695981039346656037) + topic;

	for (; *subject; subject++)
		hash = (hash ^ (unsigned char)*subject) * UINT64_C(1099511628211);
	hash |= 1;
	for (size_t i = 0; i < sizeof(logged) / sizeof(logged[0]); i++) {
		uint64_t seen = 0;
		if (atomic_compare_exchange_strong(&logged[i], &seen, hash))
			return true;
		if (seen == hash)
			return false;
	}
	return false;
}

bool log_warn_once(enum warning topic, const char *subject, const char *format, ...)
{
	va_list arguments;

	if (!is_first(topic, subject))
		return false;
	va_start(arguments, format);
	log_formatted(LOG_WARN, format, arguments);
	va_end(arguments);
	return true;
}
