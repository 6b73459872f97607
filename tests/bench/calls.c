/* calls.c - one thing that programs do with SQLite, again and again, for callgrind to count.
 *
 *   calls CASE TIMES FILE
 *
 * Only what happens inside measured() is counted (--toggle-collect=measured). Everything before it is what a program has done by
 * then: the connection is open and used. */
#include "trace_calls.h"

#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct subject {
	const char *file;
	sqlite3 *db;
	sqlite3_stmt *stmt;
};

static void check(int rc, const char *what)
{
	if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "%s: %s\n", what, sqlite3_errstr(rc));
	exit(1);
}

static void execute(sqlite3 *db, const char *sql)
{
	check(sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

static void use(struct subject *subject)
{
	execute(subject->db, "SELECT x FROM t");
}

/* The recipe as a program would apply it by itself. */
static void apply_by_hand(sqlite3 *db)
{
	static const char *const recipe[] = {
		"PRAGMA journal_mode=WAL",  "PRAGMA synchronous=NORMAL",          "PRAGMA busy_timeout=30000",
		"PRAGMA foreign_keys=ON",   "PRAGMA temp_store=MEMORY",           "PRAGMA mmap_size=134217728",
		"PRAGMA cache_size=-20000", "PRAGMA journal_size_limit=67108864",
	};

	for (size_t i = 0; i < sizeof(recipe) / sizeof(*recipe); i++)
		execute(db, recipe[i]);
}

static void open_and_use(struct subject *subject)
{
	check(sqlite3_open(subject->file, &subject->db), "open");
	use(subject);
}

static void open_and_write(struct subject *subject)
{
	open_and_use(subject);
	execute(subject->db, "INSERT INTO t(x) VALUES(1)");
}

static void open_by_hand_and_use(struct subject *subject)
{
	check(sqlite3_open(subject->file, &subject->db), "open");
	apply_by_hand(subject->db);
	use(subject);
}

/* What the library does by recipe to each statement that writes. */
static void open_with_keys_and_use(struct subject *subject)
{
	check(sqlite3_open(subject->file, &subject->db), "open");
	execute(subject->db, "PRAGMA foreign_keys=ON");
	use(subject);
}

static void prepare_select(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "SELECT 1", -1, &subject->stmt, NULL), "prepare");
}

static void prepare_insert(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "INSERT INTO t(x) VALUES(?)", -1, &subject->stmt, NULL), "prepare");
}

static void prepare_update(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "UPDATE t SET x=? WHERE rowid=?", -1, &subject->stmt, NULL), "prepare");
}

static void prepare_delete(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "DELETE FROM t WHERE rowid=?", -1, &subject->stmt, NULL), "prepare");
}

static void prepare_replace(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "REPLACE INTO t(x) VALUES(?)", -1, &subject->stmt, NULL), "prepare");
}

static void prepare_replace_parent(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "REPLACE INTO p1(k) VALUES(?)", -1, &subject->stmt, NULL), "prepare");
}

static void prepare_update_parent(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "UPDATE up SET k=? WHERE k=?", -1, &subject->stmt, NULL), "prepare");
}

static void finish_statement(struct subject *subject);

/* One that is compiled without foreign keys: what it leaves behind is looked for from then on. */
static void open_and_replace_parent(struct subject *subject)
{
	open_and_use(subject);
	prepare_replace_parent(subject);
	finish_statement(subject);
}

static void prepare_begin(struct subject *subject)
{
	check(sqlite3_prepare_v2(subject->db, "BEGIN", -1, &subject->stmt, NULL), "prepare");
}

static void begin(struct subject *subject)
{
	prepare_begin(subject);
	check(sqlite3_step(subject->stmt), "step");
	check(sqlite3_finalize(subject->stmt), "finalize");
}

static void execute_begin(struct subject *subject)
{
	execute(subject->db, "BEGIN");
}

static void execute_select(struct subject *subject)
{
	execute(subject->db, "SELECT 1");
}

static void step_and_column(struct subject *subject)
{
	check(sqlite3_step(subject->stmt), "step");
	sqlite3_column_int(subject->stmt, 0);
	sqlite3_reset(subject->stmt);
}

static void open_for_transactions(struct subject *subject)
{
	open_and_write(subject);
	prepare_insert(subject);
}

/* As programs write that keep their statements, but not BEGIN. */
static void transaction(struct subject *subject)
{
	execute(subject->db, "BEGIN");
	check(sqlite3_step(subject->stmt), "step");
	sqlite3_reset(subject->stmt);
	execute(subject->db, "COMMIT");
}

static void begin_and_insert(struct subject *subject)
{
	execute(subject->db, "BEGIN");
	check(sqlite3_step(subject->stmt), "step");
	sqlite3_reset(subject->stmt);
}

static void open_and_begin(struct subject *subject)
{
	open_for_transactions(subject);
	begin_and_insert(subject);
}

/* As drivers execute a statement with many rows of parameters. */
static void bind_and_insert(struct subject *subject)
{
	check(sqlite3_bind_int(subject->stmt, 1, 7), "bind");
	check(sqlite3_step(subject->stmt), "step");
	sqlite3_reset(subject->stmt);
}

static void commit(struct subject *subject)
{
	execute(subject->db, "COMMIT");
}

static void open_and_keep_select(struct subject *subject)
{
	open_and_write(subject);
	check(sqlite3_prepare_v2(subject->db, "SELECT x FROM t WHERE rowid=?", -1, &subject->stmt, NULL), "prepare");
}

static void bind_and_select(struct subject *subject)
{
	check(sqlite3_bind_int(subject->stmt, 1, 1), "bind");
	check(sqlite3_step(subject->stmt), "step");
	sqlite3_column_int(subject->stmt, 0);
	sqlite3_reset(subject->stmt);
}

static void open_text(struct subject *subject)
{
	open_and_use(subject);
	execute(subject->db, "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(x)");
	check(sqlite3_prepare_v2(subject->db, "INSERT INTO words VALUES('a few words of text to be found')", -1, &subject->stmt,
				 NULL),
	      "prepare");
	execute(subject->db, "BEGIN");
}

static void insert_text(struct subject *subject)
{
	check(sqlite3_step(subject->stmt), "step");
	sqlite3_reset(subject->stmt);
}

static void finish_statement(struct subject *subject)
{
	sqlite3_finalize(subject->stmt);
	subject->stmt = NULL;
}

static void finish_transaction(struct subject *subject)
{
	execute(subject->db, "COMMIT");
}

static void finish_connection(struct subject *subject)
{
	sqlite3_close(subject->db);
	subject->db = NULL;
}

static void finish_nothing(struct subject *subject)
{
	(void)subject;
}

static void (*action)(struct subject *);

__attribute__((noinline, noclone)) void measured(struct subject *subject);
void measured(struct subject *subject)
{
	action(subject);
}

static const struct {
	const char *name;
	void (*begin)(struct subject *);
	void (*action)(struct subject *);
	void (*finish)(struct subject *);
} cases[] = {
	{"prepare", open_and_use, prepare_select, finish_statement},
	{"prepare-insert", open_and_use, prepare_insert, finish_statement},
	{"prepare-insert-keys", open_with_keys_and_use, prepare_insert, finish_statement},
	{"prepare-update", open_and_use, prepare_update, finish_statement},
	{"prepare-delete", open_and_use, prepare_delete, finish_statement},
	{"prepare-replace-parent", open_and_use, prepare_replace_parent, finish_statement},
	{"prepare-update-parent", open_and_use, prepare_update_parent, finish_statement},
	{"prepare-update-parent-keys", open_with_keys_and_use, prepare_update_parent, finish_statement},
	{"prepare-insert-later", open_and_replace_parent, prepare_insert, finish_statement},
	{"exec-later", open_and_replace_parent, execute_select, finish_nothing},
	{"prepare-begin-later", open_and_replace_parent, prepare_begin, finish_statement},
	{"prepare-replace", open_and_use, prepare_replace, finish_statement},
	{"prepare-begin", open_and_use, prepare_begin, finish_statement},
	{"begin", open_and_use, begin, finish_transaction},
	{"exec-begin", open_and_use, execute_begin, finish_transaction},
	{"transaction", open_for_transactions, transaction, finish_nothing},
	{"insert-kept", open_and_begin, bind_and_insert, finish_nothing},
	{"select-kept", open_and_keep_select, bind_and_select, finish_nothing},
	{"exec-commit", open_and_begin, commit, begin_and_insert},
	{"exec", open_and_use, execute_select, finish_nothing},
	{"step", open_and_use, step_and_column, finish_nothing},
	{"step-after-write", open_and_write, step_and_column, finish_nothing},
	{"insert-text", open_text, insert_text, finish_nothing},
	{"open", finish_nothing, open_and_use, finish_connection},
	{"open-by-hand", finish_nothing, open_by_hand_and_use, finish_connection},
};

/* Takes every free block of the heap but the last, so that malloc() takes the same way whatever was allocated and freed before.
 * With the library that is more, and whether SQLite's blocks then fit into those is chance: some 150 instructions a statement. */
static void fill_heap(void)
{
	for (size_t size = 1 << 16; size >= 16; size -= 16) {
		size_t last = mallinfo2().keepcost;
		void *block;

		while ((block = malloc(size)) && mallinfo2().keepcost == last)
			;
		free(block);
	}
}

int main(int argc, char **argv)
{
	struct subject subject = {argc == 4 ? argv[3] : NULL, NULL, NULL};
	int warm_up = 20;

	for (size_t i = 0; argc == 4 && i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(cases[i].name, argv[1]) != 0)
			continue;
		cases[i].begin(&subject);
		if (cases[i].action == step_and_column)
			prepare_select(&subject);
		for (; warm_up; warm_up--) {
			cases[i].action(&subject);
			cases[i].finish(&subject);
		}
		fill_heap();
		action = cases[i].action;
		for (int times = atoi(argv[2]); times > 0; times--) {
			if (trace_calls)
				trace_calls(true);
			measured(&subject);
			if (trace_calls)
				trace_calls(false);
			cases[i].finish(&subject);
		}
		return 0;
	}
	return 64;
}
