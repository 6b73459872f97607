/* generate.c - programs: rows first, then anything. */
#include "generate.h"

#include <stdio.h>
#include <string.h>

static const char *api(struct maker *maker)
{
	return maker->old_calls ? PICK(maker, "v2", "v3", "16v2", "v1", "16") : PICK(maker, "v2", "v2", "v2", "v3", "16v2");
}

static void add_kept(struct maker *maker, char connection)
{
	program_add(maker->program, "keep %c s%d %s %s", connection, maker->kept++ % 10, api(maker), make_write(maker, true).bytes);
}

static void add_step(struct maker *maker)
{
	unsigned key = 1 + chance(maker, 4);

	if (maker->kept)
		program_add(maker->program, "step s%u %u,%u,%u,%u,%u", chance(maker, maker->kept < 10 ? (unsigned)maker->kept : 10),
			    key, one_in(maker, 3) ? 1 + chance(maker, 4) : key, chance(maker, 9), 1 + chance(maker, 3),
			    1 + chance(maker, 4));
}

static void add_cursor(struct maker *maker, char connection)
{
	const struct table *table = any_table(maker);

	if (maker->cursors && !one_in(maker, 3)) {
		program_add(maker->program, "%s c%u", one_in(maker, 5) ? "end" : "next", chance(maker, 4));
		return;
	}
	maker->cursors = 1;
	program_add(maker->program, "cursor %c c%u %s%s", connection, chance(maker, 4),
		    one_in(maker, 4)
			    ? "SELECT * FROM "
			    : format("SELECT k,(SELECT count(*) FROM %s i WHERE i.k<=o.k) FROM ", any_table(maker)->name).bytes,
		    format("%s o", table->name).bytes);
}

static void add_transaction(struct maker *maker, char connection)
{
	program_add(maker->program, "exec %c %s", connection,
		    PICK(maker, "BEGIN", "BEGIN", "BEGIN", "COMMIT", "COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT p", "RELEASE p",
			 "ROLLBACK TO p", "BEGIN IMMEDIATE", "END"));
}

/* A transaction that brings children before their parents. */
static void add_load(struct maker *maker, char connection)
{
	const struct table *table = any_table(maker);

	program_add(maker->program, "exec %c BEGIN", connection);
	for (unsigned i = 0; i < 2 + chance(maker, 3); i++) {
		program_add(maker->program, "run %c v2 %s", connection, make_insert(maker, table, "INSERT INTO", false).bytes);
		if (table->references)
			table = &maker->tables[table->reference[0].parent];
		else
			table = any_table(maker);
	}
	program_add(maker->program, "exec %c COMMIT", connection);
}

/* CREATE anew, copy, DROP, RENAME: how SQLite's users change a table. */
static void add_rebuild(struct maker *maker, char connection)
{
	const struct table *table = any_table(maker);
	bool transaction = one_in(maker, 2);

	if (maker->decides && one_in(maker, 2))
		program_add(maker->program, "exec %c PRAGMA foreign_keys=OFF", connection);
	if (one_in(maker, 4))
		program_add(maker->program, "exec %c PRAGMA legacy_alter_table=ON", connection);
	if (transaction)
		program_add(maker->program, "exec %c BEGIN", connection);
	if (one_in(maker, 4)) {
		program_add(maker->program, "exec %c ALTER TABLE %s.%s RENAME TO old%d", connection, table->schema, table->name,
			    maker->renames);
		program_add(maker->program, "exec %c %s", connection, make_table(maker, table, table->name).bytes);
		program_add(maker->program, "exec %c INSERT INTO %s(%s) SELECT %s FROM old%d", connection, table->name,
			    table->columns, table->columns, maker->renames);
		program_add(maker->program, "exec %c DROP TABLE %s.old%d", connection, table->schema, maker->renames);
	} else {
		program_add(maker->program, "exec %c %s", connection, make_table(maker, table, "fresh").bytes);
		program_add(maker->program, "exec %c INSERT INTO fresh(%s) SELECT %s FROM %s", connection, table->columns,
			    table->columns, table->name);
		program_add(maker->program, "exec %c DROP TABLE %s", connection, table->name);
		program_add(maker->program, "exec %c ALTER TABLE %s.fresh RENAME TO %s", connection, table->schema, table->name);
	}
	maker->renames++;
	if (transaction)
		program_add(maker->program, "exec %c COMMIT", connection);
}

static void add_schema_change(struct maker *maker, char connection)
{
	const struct table *table = any_table(maker);

	switch (chance(maker, 8)) {
	case 0:
	case 1:
		program_add(maker->program, "run %c v2 DROP TABLE %s.%s", connection, table->schema, table->name);
		break;
	case 2:
		program_add(maker->program, "exec %c %s", connection, make_table(maker, table, table->name).bytes);
		break;
	case 3:
		program_add(maker->program, "exec %c CREATE UNIQUE INDEX %s.i%u ON %s(v)", connection, table->schema,
			    chance(maker, 99), table->name);
		break;
	case 4:
		program_add(maker->program, "exec %c ALTER TABLE %s.%s ADD COLUMN a%u INT%s REFERENCES %s(k) ON DELETE CASCADE",
			    connection, table->schema, table->name, chance(maker, 99), one_in(maker, 2) ? " DEFAULT 1" : "",
			    any_table(maker)->name);
		break;
	case 5:
		program_add(maker->program, "exec %c %s", connection, make_trigger(maker).bytes);
		break;
	default:
		add_rebuild(maker, connection);
	}
}

static void add_pragma(struct maker *maker, char connection)
{
	bool fresh = one_in(maker, 3);

	if (maker->decides && one_in(maker, 2))
		program_add(maker->program, "%s %c %sPRAGMA foreign_keys=%s", fresh ? "run" : "exec", connection,
			    fresh ? "v2 " : "", PICK(maker, "ON", "OFF", "1", "0"));
	else
		program_add(maker->program, "exec %c PRAGMA %s", connection,
			    maker->returning ? PICK(maker, "foreign_keys", "recursive_triggers=ON", "legacy_alter_table=ON",
						    "foreign_key_check")
					     : PICK(maker, "foreign_keys", "foreign_keys", "recursive_triggers=ON",
						    "recursive_triggers=ON", "defer_foreign_keys=ON", "defer_foreign_keys=OFF",
						    "legacy_alter_table=ON", "foreign_key_check", "integrity_check"));
}

static void add_script(struct maker *maker, char connection)
{
	struct text first = make_insert(maker, any_table(maker), maker->plain ? "INSERT INTO" : "REPLACE INTO", false);
	struct text second = make_insert(maker, any_table(maker), maker->plain ? "INSERT INTO" : "REPLACE INTO", false);

	program_add(maker->program, "exec %c %s%.300s; %.300s%s", connection, one_in(maker, 3) ? "BEGIN; " : "", first.bytes,
		    second.bytes, one_in(maker, 3) ? "; COMMIT" : "");
}

static void add_attachment(struct maker *maker)
{
	program_add(maker->program, "exec a %s", PICK(maker, "DETACH aux", "ATTACH 'aux.db' AS aux", "ATTACH 'aux.db' AS aux"));
}

static void add_write(struct maker *maker, char connection, bool executes)
{
	const char *way = executes ? "" : api(maker);

	program_add(maker->program, "%s %c %s%s%s", executes ? "exec" : "run", connection, way, executes ? "" : " ",
		    make_write(maker, false).bytes);
	maker->last_write = maker->program->count - 1;
}

/* The last write again, as most programs repeat their texts: what the library knows of a text has to end where schemas change. */
static bool repeats_write(struct maker *maker)
{
	struct program *program = maker->program;

	if (!maker->repeats || !maker->last_write || !one_in(maker, 3))
		return false;
	for (unsigned i = 1 + chance(maker, 4); i > 0; i--)
		program_add(program, "%s", program->lines[maker->last_write]);
	return true;
}

static void add_any(struct maker *maker)
{
	char connection = maker->second && one_in(maker, 3) ? 'b' : 'a';
	unsigned kind;

	if (repeats_write(maker))
		return;
	kind = chance(maker, 100);
	if (kind < 44)
		add_write(maker, connection, kind >= 34);
	else if (kind < 50)
		add_kept(maker, connection);
	else if (kind < 62)
		add_step(maker);
	else if (kind < 70 && maker->transactions)
		add_transaction(maker, connection);
	else if (kind < 73 && maker->transactions)
		add_load(maker, connection);
	else if (kind < 76 && maker->scenes)
		add_scene(maker, connection);
	else if (kind < 82 && maker->cursored)
		add_cursor(maker, connection);
	else if (kind < 88 && maker->changes_schema)
		add_schema_change(maker, connection);
	else if (kind < 91)
		add_pragma(maker, connection);
	else if (kind < 94)
		add_script(maker, connection);
	else if (kind < 96 && maker->attaches)
		add_attachment(maker);
	else if (kind < 97 && maker->second)
		program_add(maker->program, "%s %c", one_in(maker, 2) ? "open" : "close", connection);
	else
		program_add(maker->program, "run %c v2 SELECT count(*) FROM %s", connection, any_table(maker)->name);
}

/* Parents first, so that children find them; the library is in force already. */
static void add_rows(struct maker *maker)
{
	for (int key = 1; key <= 3; key++) {
		for (int i = 0; i < maker->count; i++) {
			const struct table *table = &maker->tables[i];
			struct text row = format("%d,%d,%d", key, key, key);
			size_t used;

			for (int j = 0; j < table->references; j++) {
				used = strlen(row.bytes);
				snprintf(row.bytes + used, sizeof(row.bytes) - used, table->reference[j].is_pair ? ",%d,%d" : ",%d",
					 key, key);
			}
			if (!one_in(maker, 6))
				program_add(maker->program, "exec %c INSERT INTO %s(%s) VALUES(%s)", 'a', table->name,
					    table->columns, row.bytes);
		}
	}
}

void program_generate(struct program *program, uint64_t seed, int version)
{
	struct maker maker = {.program = program, .state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1, .version = version};
	unsigned length = 8 + chance(&maker, 30);
	bool transaction = !one_in(&maker, 4);

	program->count = 0;
	maker.deletes_parents = one_in(&maker, 3);
	maker.decides = one_in(&maker, 5);
	maker.attaches = one_in(&maker, 5);
	maker.second = one_in(&maker, 4);
	maker.cursored = one_in(&maker, 3);
	maker.changes_schema = one_in(&maker, 2);
	maker.triggers = one_in(&maker, 2);
	maker.transactions = one_in(&maker, 2);
	maker.plain = one_in(&maker, 3);
	maker.old_calls = one_in(&maker, 5);
	maker.scenes = one_in(&maker, 2);
	maker.repeats = seed % 3 == 0;
	maker.returning = version >= 3035000 && seed % 4 == 0;
	program_add(program, "open a");
	/* mostly what is fastest: it makes no difference to foreign keys */
	program_add(program, "exec a PRAGMA page_size=1024; PRAGMA synchronous=OFF; PRAGMA journal_mode=%s",
		    one_in(&maker, 6) ? PICK(&maker, "WAL", "DELETE", "TRUNCATE") : "MEMORY");
	make_schema(&maker);
	if (transaction)
		program_add(program, "exec a BEGIN");
	add_rows(&maker);
	if (transaction)
		program_add(program, "exec a COMMIT");
	if (maker.second)
		program_add(program, "open b");
	if (maker.second)
		program_add(program, "exec b PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY");
	for (unsigned i = 0; i < length; i++)
		add_any(&maker);
	if (maker.transactions)
		program_add(program, "exec a COMMIT");
}
