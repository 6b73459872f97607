/* json.c - formats the JSON line of a connection. */
#include "report/json.h"

#include "base/process.h"
#include "base/utf8.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/open_databases.h"
#include "report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The code point of a UTF-8 sequence of up to three bytes. */
static unsigned point_of(const unsigned char *s, size_t n)
{
	return n == 1   ? s[0]
	       : n == 2 ? (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu)
			: (s[0] & 0xfu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
}

void json_put_string(FILE *out, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	if (!s) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	while (*s) {
		size_t n = utf8_length(s);
		if (n == 0) {
			fputs("\\ufffd", out);
			n = 1;
		} else if (utf8_is_control(s, n)) {
			fprintf(out, "\\u%04x", point_of(s, n));
		} else if (*s == '"' || *s == '\\') {
			fprintf(out, "\\%c", *s);
		} else {
			fwrite(s, 1, n, out);
		}
		s += n;
	}
	fputc('"', out);
}

static void put_value(FILE *out, const struct setting_spec *spec, int64_t value)
{
	if (value == VALUE_UNKNOWN)
		fputs("null", out);
	else if (spec->type != SETTING_WORD)
		fprintf(out, "%" PRId64, value);
	else
		json_put_string(out, settings_words[spec->words][value]);
}

static void put_outcomes(FILE *out, const struct connection *connection)
{
	static const char *const deciders[] = {"nobody", "recipe", "operator", "program"};

	for (int i = 0; i < SETTING_APPLIED_COUNT; i++) {
		const struct outcome *outcome = &connection->outcomes[i];
		fprintf(out, "%s\"%s\":{\"wanted\":", i ? "," : "", settings_table[i].pragma);
		put_value(out, &settings_table[i], outcome->wanted);
		fputs(",\"got\":", out);
		put_value(out, &settings_table[i], outcome->got);
		fprintf(out, ",\"decided_by\":\"%s\",\"reason\":", deciders[outcome->by]);
		json_put_string(out, outcome->reason);
		fputc('}', out);
	}
}

/* The connection's shim; NULL where its locks are not observed. */
static const struct file_shim *shim_of(const struct connection *connection)
{
	const struct file_shim *shim = connection->shim;

	return shim && (shim->db == connection->db || shim->closing == connection->db) ? shim : NULL;
}

static int64_t milliseconds(int64_t nanoseconds)
{
	return nanoseconds / 1000000;
}

/* Writes null if the library does not wait for this connection. */
static void put_waits(FILE *out, const struct connection *connection)
{
	const struct file_shim *shim = shim_of(connection);
	struct wait_times times = {.lasts = false};

	if (!shim || !shim->fair) {
		fputs("null", out);
		return;
	}
	for (int i = 0; i < WAIT_PURPOSES; i++)
		wait_times_add(&shim->wait_times[i], &times);
	fprintf(out,
		"{\"count\":%u,\"milliseconds\":%" PRId64 ",\"given_up\":%u,\"write_locks\":%u,\"longest\":%" PRId64
		",\"lasted\":[",
		shim->busy.count, milliseconds(shim->busy.waited), shim->busy.given_up, shim->count.write_locks,
		milliseconds(times.longest));
	for (int i = 0; i < WAIT_CLASSES; i++)
		fprintf(out, "%s%u", i ? "," : "", times.count[i]);
	fputs("]}", out);
}

static unsigned idle_checkpoints(const struct file_shim *shim)
{
	const struct open_database *database = shim->files.database;

	return shim->count.idle_checkpoints + (database ? atomic_load(&database->idle.copied) : 0);
}

static void put_transactions(FILE *out, const struct connection *connection)
{
	const struct file_shim *shim = shim_of(connection);

	if (!shim) {
		fputs("null", out);
		return;
	}
	fprintf(out,
		"{\"begun\":%u,\"immediate\":%u,\"reserved\":%u,\"learnt_to_read\":%u,\"unreserved\":%u,\"lapsed\":%u,\"wrote\":%u,"
		"\"locked_and_only_read\":%u,\"grouped\":%u,\"idle_checkpoints\":%u,",
		shim->count.begun, shim->count.immediate, shim->count.reserved, shim->count.learnt, shim->count.unreserved,
		shim->count.lapsed, shim->count.wrote, shim->count.only_read, shim->group_commit.count, idle_checkpoints(shim));
	fprintf(out,
		"\"longest_milliseconds\":{\"reserved\":%" PRId64 ",\"wrote\":%" PRId64 ",\"locked_and_only_read\":%" PRId64 "}}",
		milliseconds(shim->count.longest_reserved), milliseconds(shim->count.longest_wrote),
		milliseconds(shim->count.longest_only_read));
}

static void put_connection(FILE *out, const struct connection *connection, bool open)
{
	static const char *const ways[] = {"interposition", "interposition, after it was opened out of sight", "embedded copy",
					   "embedded copy"};
	const struct sqlite *sqlite = connection->sqlite;

	fprintf(out, "{\"pid\":%ld,\"connection\":%" PRIu64 ",\"open\":%s,\"program\":", (long)connection->pid, connection->serial,
		open ? "true" : "false");
	json_put_string(out, program_invocation_short_name);
	fputs(",\"database\":", out);
	json_put_string(out, connection->path);
	fputs(",\"sqlite\":{\"version\":", out);
	json_put_string(out, sqlite->version);
	fputs(",\"library\":", out);
	json_put_string(out, *sqlite->object ? sqlite->object : process_executable());
	fputs("},\"reached\":", out);
	json_put_string(out, ways[connection->reached]);
	fputs(",\"left_alone\":", out);
	json_put_string(out, connection->passthrough);
	fputs(",\"settings\":{", out);
	put_outcomes(out, connection);
	fprintf(out, "},\"begins_rewritten\":%u,\"begins_not_upgraded\":{", connection->begins_rewritten);
	if (connection->begins_not_upgraded_reason) {
		json_put_string(out, connection->begins_not_upgraded_reason);
		fprintf(out, ":%u", connection->begins_not_upgraded);
	}
	fputs("},\"waits\":", out);
	put_waits(out, connection);
	fputs(",\"transactions\":", out);
	put_transactions(out, connection);
	fputs("}\n", out);
}

struct memory {
	FILE *out;
	char *line;
	size_t size;
};

static bool memory_open(struct memory *memory)
{
	memory->line = NULL;
	memory->out = open_memstream(&memory->line, &memory->size);
	return memory->out != NULL;
}

/* Returns what was written, which the caller frees; NULL if memory ran out. */
static char *memory_close(struct memory *memory)
{
	if (fclose(memory->out) == 0)
		return memory->line;
	free(memory->line);
	return NULL;
}

char *report_format(const struct connection *connection, bool open)
{
	struct memory memory;

	if (!memory_open(&memory))
		return NULL;
	put_connection(memory.out, connection, open);
	return memory_close(&memory);
}

char *report_format_unreached(const char *database, const char *object)
{
	struct memory memory;

	if (!memory_open(&memory))
		return NULL;
	fprintf(memory.out, "{\"pid\":%ld,\"program\":", (long)getpid());
	json_put_string(memory.out, program_invocation_short_name);
	fputs(",\"database\":", memory.out);
	json_put_string(memory.out, database);
	fputs(",\"sqlite\":{\"version\":null,\"library\":", memory.out);
	json_put_string(memory.out, object);
	fputs("},\"reached\":null,\"left_alone\":\"this SQLite was built without extension loading, or is older than "
	      "3.8.7\",\"settings\":{},"
	      "\"begins_rewritten\":0,\"begins_not_upgraded\":{}}\n",
	      memory.out);
	return memory_close(&memory);
}
