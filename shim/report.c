/* report.c - log lines and the JSON report. */
#include "report.h"

#include "registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_LIMIT 2048

/* No file until report_start() has run. Not zero, so that they lie beside what the loader writes to anyway: every process would pay
 * for a page of their own. */
static dev_t stderr_device = (dev_t)-1;
static ino_t stderr_inode = (ino_t)-1;

void report_start(void)
{
	struct stat status;

	if (fstat(STDERR_FILENO, &status) == 0) {
		stderr_device = status.st_dev;
		stderr_inode = status.st_ino;
	}
}

/* A daemon closes descriptor 2 and may get a data file of its own as 2: never write into that. */
static bool stderr_is_ours(void)
{
	struct stat status;

	return fstat(STDERR_FILENO, &status) == 0 && status.st_dev == stderr_device && status.st_ino == stderr_inode;
}

/* The path of a SETTING_FILE with %p replaced by the pid. */
static void expand_path(const char *from, char *out, size_t size)
{
	size_t n = 0;

	while (*from && n + 1 < size) {
		if (from[0] == '%' && from[1] == 'p') {
			n += (size_t)snprintf(out + n, size - n, "%ld", (long)getpid());
			from += 2;
		} else {
			out[n++] = *from++;
		}
	}
	out[n < size ? n : size - 1] = '\0';
}

static int open_for_append(const char *setting, mode_t mode)
{
	char path[4096];

	expand_path(setting, path, sizeof(path));
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode);
}

/* One write, so that the lines of several processes do not mix; a full disk or a closed pipe loses the line and nothing else. */
static void write_line(int fd, const char *line, size_t length)
{
	while (length) {
		ssize_t n = write(fd, line, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		line += n;
		length -= (size_t)n;
	}
}

static void emit(const char *line, size_t length)
{
	const char *log = settings_get(SETTING_LOG)->text;
	int fd;

	if (strcmp(log, "stderr") != 0) {
		fd = open_for_append(log, 0644);
		if (fd >= 0) {
			write_line(fd, line, length);
			close(fd);
			return;
		}
		/* better said on stderr than nowhere */
	}
	if (stderr_is_ours())
		write_line(STDERR_FILENO, line, length);
}

static __attribute__((format(printf, 2, 0))) void log_formatted(int level, const char *format, va_list arguments)
{
	char line[LINE_LIMIT];
	int saved = errno, n, prefix;

	if (settings_get(SETTING_LOG_LEVEL)->number < level)
		return;
	prefix = snprintf(line, sizeof(line), "sqlprod: ");
	n = vsnprintf(line + prefix, sizeof(line) - (size_t)prefix - 1, format, arguments);
	if (n < 0)
		return;
	n += prefix;
	if (n > LINE_LIMIT - 2)
		n = LINE_LIMIT - 2;
	/* a path may hold anything: a line stays one line, and leaves the terminal alone */
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
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
	int saved = errno;
	int fd = open_for_append(settings_get(SETTING_REPORT)->text, 0600);

	if (fd >= 0) {
		write_line(fd, line, strlen(line));
		close(fd);
	} else {
		report_warn_once(REPORT_UNWRITABLE, "", "cannot write the report to %s: %s", settings_get(SETTING_REPORT)->text,
				 strerror(errno));
	}
	errno = saved;
}

static void write_open_connection(struct connection *connection, void *pid)
{
	char *line;

	if (connection->pid != *(pid_t *)pid)
		return;
	line = report_format(connection);
	if (line)
		report_write(line);
	free(line);
}

void report_open_connections(void)
{
	pid_t pid;

	if (!report_is_wanted())
		return;
	pid = getpid();
	registry_visit(write_open_connection, &pid);
}
