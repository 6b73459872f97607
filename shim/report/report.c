/* report.c - appends lines to the report. */
#include "report/report.h"

#include "base/log.h"
#include "base/log_sink.h"
#include "connection/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool report_is_wanted(void)
{
	return settings_get(SETTING_REPORT)->text[0] != '\0';
}

void report_write(const char *line)
{
	const char *file = settings_get(SETTING_REPORT)->text;
	int saved = errno;

	if (!log_sink_append(file, 0600, line, strlen(line)))
		log_warn_once(WARNING_UNWRITABLE, "", "cannot write the report (%s) to %s", strerror(errno), file);
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
	if (connection->report_done || connection->pid != *(pid_t *)pid)
		return;
	write_connection(connection, false);
	/* destructors of the libraries that a program is linked to run after ours, and may close the connection */
	connection->report_done = true;
}

void report_open_connections(void)
{
	pid_t pid;

	if (!report_is_wanted())
		return;
	pid = getpid();
	registry_visit(write_last, &pid);
}
