/* report.c - appends lines to the report. */
#include "report/report.h"

#include "base/log.h"
#include "base/log_sink.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/shm_locks.h"

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

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(1099511628211);
}

/* Of all that was decided and applied, not of what is counted. */
static uint64_t state_of(const struct connection *connection)
{
	uint64_t hash = mix(UINT64_C(14695981039346656037), (uintptr_t)connection->passthrough);

	for (int i = 0; i < SETTING_APPLIED_COUNT; i++) {
		const struct outcome *outcome = &connection->outcomes[i];
		hash = mix(mix(hash, outcome->by), (uint64_t)outcome->wanted);
		hash = mix(mix(hash, (uint64_t)outcome->got), (uintptr_t)outcome->reason);
	}
	return hash | 1;
}

void report_open_connection(struct connection *connection)
{
	uint64_t state;

	if (!report_is_wanted() || settings_get(SETTING_REPORT_OPEN)->number != SWITCH_ON)
		return;
	state = state_of(connection);
	if (state == connection->reported)
		return;
	connection->reported = state;
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

/* The sums of a connection that stays open, now and then. */
static void write_in_between(const struct file_shim *shim)
{
	struct connection *connection = registry_find(shim->db);
	int64_t now = monotonic_now(), interval = settings_get(SETTING_REPORT_INTERVAL)->number * INT64_C(1000000000);
	int saved = errno;

	if (!connection || !connection_is_set_up(connection) ||
	    (connection->written_at && now - connection->written_at < interval) || connection->report_done ||
	    connection->pid != getpid())
		return;
	connection->written_at = now;
	write_connection(connection, true);
	errno = saved;
}

void report_start_intervals(void)
{
	if (report_is_wanted() && settings_get(SETTING_REPORT_INTERVAL)->number)
		shm_locks_on_read_end(write_in_between);
}

void report_open_connections(void)
{
	pid_t pid;

	if (!report_is_wanted())
		return;
	pid = getpid();
	registry_visit(write_last, &pid);
}
