/* victim_calls.c - the SQLite calls of a victim's lines, and the handles and statements they name. */
#include "victim.h"
#include "victim_text.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Absent in SQLite before 3.7.14. */
#pragma weak sqlite3_close_v2

static struct handle handles[NAME_COUNT] = {{.name = "null"}};
static _Thread_local char *on_row;

struct handle *handle_get(char **rest)
{
	return name_find(handles, sizeof(*handles), victim_word(rest), false);
}

sqlite3 *calls_handle(char **rest)
{
	return handle_get(rest)->db;
}

static struct handle *handle_make(char **rest)
{
	return name_find(handles, sizeof(*handles), victim_word(rest), true);
}

static void call_open(char *rest)
{
	struct handle *handle = handle_make(&rest);

	victim_say("open", sqlite3_open(strcmp(rest, "NULL") == 0 ? NULL : rest, &handle->db), "");
}

static void call_open16(char *rest)
{
	struct handle *handle = handle_make(&rest);
	struct text name = text_place(rest, true, true);

	victim_say("open16", sqlite3_open16(name.units, &handle->db), "");
	text_remove(&name);
}

static void call_open_v2(char *rest)
{
	static const struct {
		const char *word;
		int flag;
	} words[] = {
		{"ro", SQLITE_OPEN_READONLY},     {"rw", SQLITE_OPEN_READWRITE},  {"create", SQLITE_OPEN_CREATE},
		{"uri", SQLITE_OPEN_URI},         {"memory", SQLITE_OPEN_MEMORY}, {"shared", SQLITE_OPEN_SHAREDCACHE},
		{"nomutex", SQLITE_OPEN_NOMUTEX},
	};
	struct handle *handle = handle_make(&rest);
	const char *file = victim_word(&rest);
	int flags = 0;

	for (char *word = strtok(rest, ","); word; word = strtok(NULL, ","))
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (strcmp(words[i].word, word) == 0)
				flags |= words[i].flag;
	victim_say("open_v2", sqlite3_open_v2(file, &handle->db, flags, NULL), "");
}

/* Opens past every interposed function, as a program does that looks its functions up by itself. */
static void call_open_hidden(char *rest)
{
	struct handle *handle = handle_make(&rest);
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_NOLOAD);
	int (*open)(const char *, sqlite3 **) =
		(int (*)(const char *, sqlite3 **))(size_t)(library ? dlsym(library, "sqlite3_open") : NULL);

	if (!open)
		victim_die("not found", "sqlite3_open");
	victim_say("open_hidden", open(rest, &handle->db), "");
}

/* A stale handle, whose memory is in use for something else. */
static void call_stale(char *rest)
{
	static _Alignas(16) char bytes[4096];

	memset(bytes, 'x', sizeof(bytes));
	handle_make(&rest)->db = (sqlite3 *)(void *)bytes;
}

static void call_close(char *rest)
{
	struct handle *handle = handle_get(&rest);
	int rc = sqlite3_close(handle->db);

	if (rc == SQLITE_OK)
		name_drop(handle->name);
	victim_say("close", rc, "");
}

static void call_close_v2(char *rest)
{
	struct handle *handle = handle_get(&rest);
	int rc = sqlite3_close_v2 ? sqlite3_close_v2(handle->db) : sqlite3_close(handle->db);

	name_drop(handle->name);
	victim_say("close_v2", rc, "");
}

int calls_print_row(void *unused, int count, char **values, char **columns)
{
	char *line = on_row;

	(void)unused;
	(void)columns;
	if (!victim_is_quiet()) {
		flockfile(stdout);
		for (int i = 0; i < count; i++)
			printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
		putchar('\n');
		funlockfile(stdout);
	}
	if (line) {
		on_row = NULL;
		victim_run_line(line);
		on_row = line;
	}
	return 0;
}

static void call_exec(char *rest)
{
	struct handle *handle = handle_get(&rest);
	struct text sql = text_place(rest, false, true);
	char *message = NULL;
	int rc = sqlite3_exec(handle->db, sql.units, calls_print_row, NULL, &message);

	text_remove(&sql);
	victim_say("exec", rc, message ? message : "");
	sqlite3_free(message);
	free(on_row);
	on_row = NULL;
}

/* Writes the text over the start of the column in row 1. */
static void call_blob(char *rest)
{
	sqlite3 *db = calls_handle(&rest);
	const char *table = victim_word(&rest), *column = victim_word(&rest);
	sqlite3_blob *blob = NULL;
	int rc = sqlite3_blob_open(db, "main", table, column, 1, 1, &blob);

	if (rc == SQLITE_OK)
		rc = sqlite3_blob_write(blob, rest, (int)strlen(rest), 0);
	victim_say("blob", rc, rc == SQLITE_OK ? "" : sqlite3_errmsg(db));
	sqlite3_blob_close(blob);
}

/* As programs call it that want neither rows nor messages; no SQL is a NULL pointer. */
static void call_exec_bare(char *rest)
{
	sqlite3 *db = calls_handle(&rest);

	victim_say("exec_bare", sqlite3_exec(db, *rest ? rest : NULL, NULL, NULL, NULL), "");
}

static int leave(void *place, int count, char **values, char **columns)
{
	(void)count;
	(void)values;
	(void)columns;
	longjmp(*(jmp_buf *)place, 1);
}

/* What was left of it is ended, as a careful program does. */
static void call_exec_left(char *rest)
{
	sqlite3 *db = calls_handle(&rest);
	jmp_buf place;

	if (setjmp(place) == 0)
		victim_say("exec_left", sqlite3_exec(db, rest, leave, &place, NULL), "");
	else
		puts("left");
	while (sqlite3_next_stmt(db, NULL))
		sqlite3_finalize(sqlite3_next_stmt(db, NULL));
}

static void call_on_row(char *rest)
{
	free(on_row);
	on_row = strdup(rest);
}

static void call_get_table(char *rest)
{
	struct handle *handle = handle_get(&rest);
	struct text sql = text_place(rest, false, true);
	int rows = 0, columns = 0;
	char **table = NULL;
	int rc = sqlite3_get_table(handle->db, sql.units, &table, &rows, &columns, NULL);

	text_remove(&sql);
	for (int row = 1; row <= rows && table; row++)
		calls_print_row(NULL, columns, table + row * columns, NULL);
	sqlite3_free_table(table);
	victim_say("get_table", rc, "");
}

static void call_backup(char *rest)
{
	sqlite3 *db = calls_handle(&rest), *memory = NULL;
	sqlite3_backup *backup;
	int rc = SQLITE_NOMEM;

	sqlite3_open(":memory:", &memory);
	backup = sqlite3_backup_init(db, "main", memory, "main");
	if (backup) {
		rc = sqlite3_backup_step(backup, -1);
		sqlite3_backup_finish(backup);
	}
	sqlite3_close(memory);
	victim_say("backup", rc, "");
}

bool calls_run(const char *verb, char *rest)
{
	static const struct {
		const char *verb;
		void (*call)(char *rest);
	} calls[] = {
		{"open", call_open},           {"open16", call_open16},
		{"open_v2", call_open_v2},     {"open_hidden", call_open_hidden},
		{"close", call_close},         {"close_v2", call_close_v2},
		{"exec", call_exec},           {"exec_bare", call_exec_bare},
		{"blob", call_blob},           {"on_row", call_on_row},
		{"get_table", call_get_table}, {"stale", call_stale},
		{"exec_left", call_exec_left}, {"backup", call_backup},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].verb, verb) == 0) {
			calls[i].call(rest);
			return true;
		}
	return asks_run(verb, rest) || callbacks_run(verb, rest) || statements_run(verb, rest) || vfs_run(verb, rest);
}
