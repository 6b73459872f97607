/* generate_schema.c - tables, their foreign keys, views and triggers. */
#include "generate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* splitmix64 */
unsigned chance(struct maker *maker, unsigned most)
{
	uint64_t z = maker->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ (z >> 31)) >> 33) % most;
}

bool one_in(struct maker *maker, unsigned n)
{
	return chance(maker, n) == 0;
}

const char *pick(struct maker *maker, const char *const *from, unsigned count)
{
	return from[chance(maker, count)];
}

struct text format(const char *format, ...)
{
	struct text text;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text.bytes, sizeof(text.bytes), format, arguments);
	va_end(arguments);
	return text;
}

struct table *any_table(struct maker *maker)
{
	return &maker->tables[chance(maker, (unsigned)maker->count)];
}

static const char *conflict(struct maker *maker)
{
	return !maker->plain && one_in(maker, 3) ? PICK(maker, " ON CONFLICT REPLACE", " ON CONFLICT REPLACE",
							" ON CONFLICT IGNORE", " ON CONFLICT FAIL", " ON CONFLICT ROLLBACK")
						 : "";
}

static const char *action(struct maker *maker)
{
	return PICK(maker, "CASCADE", "CASCADE", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION");
}

void append(struct text *text, const char *first, const char *second)
{
	size_t used = strlen(text->bytes);

	snprintf(text->bytes + used, sizeof(text->bytes) - used, "%s%s", first, second);
}

/* Where a foreign key points: mostly to a key, now and then to a column that is none, or to a table that is missing. */
static void plan_reference(struct maker *maker, struct table *table, int index)
{
	struct reference *reference = &table->reference[index];
	const struct table *parent;
	struct text text;
	const char *name, *column;

	do {
		/* mostly a table before this one, so that a parent's rows are there first */
		reference->parent =
			(int)chance(maker, (unsigned)(one_in(maker, 3) ? maker->count : (int)(table - maker->tables) + 1));
		parent = &maker->tables[reference->parent];
	} while (strcmp(parent->schema, table->schema) != 0);
	name = parent->name;
	column = one_in(maker, 3) ? "(u)" : one_in(maker, 3) ? "" : "(k)";
	reference->is_pair = parent->has_pair_key && strcmp(column, "(u)") != 0;
	if (reference->is_pair)
		column = one_in(maker, 2) ? "" : "(k,u)";
	if (index == 0 && one_in(maker, 25))
		name = "gone";
	if (index == 0 && one_in(maker, 25) && !reference->is_pair)
		column = "(v)";
	text = format(" REFERENCES %s%s", name, column);
	if (!one_in(maker, 5))
		append(&text, " ON DELETE ", action(maker));
	if (one_in(maker, 2))
		append(&text, " ON UPDATE ", action(maker));
	if (one_in(maker, 5))
		append(&text, " DEFERRABLE INITIALLY ", PICK(maker, "DEFERRED", "DEFERRED", "IMMEDIATE"));
	snprintf(reference->clause, sizeof(reference->clause), "%.199s", text.bytes);
	maker->tables[reference->parent].is_parent = true;
}

static void plan_tables(struct maker *maker)
{
	maker->count = 2 + (int)chance(maker, 3);
	for (int i = 0; i < maker->count; i++) {
		struct table *table = &maker->tables[i];

		table->schema = maker->attaches && i >= 2 ? "aux" : "main";
		snprintf(table->name, sizeof(table->name), "%c%d", *table->schema == 'a' ? 'x' : 't', i);
		table->has_pair_key = one_in(maker, 8);
		table->has_pair_unique = one_in(maker, 5);
		table->has_generated = maker->version >= 3031000 && one_in(maker, 8);
		table->references = (int)chance(maker, 3);
		if (i == 1 && table->references == 0)
			table->references = 1;
	}
	for (int i = 0; i < maker->count; i++) {
		struct table *table = &maker->tables[i];

		strcpy(table->columns, "k,u,v");
		for (int j = 0; j < table->references; j++) {
			plan_reference(maker, table, j);
			snprintf(table->columns + strlen(table->columns), 20, table->reference[j].is_pair ? ",r%d,s%d" : ",r%d", j,
				 j);
		}
	}
}

static struct text references_of(struct maker *maker, const struct table *table)
{
	struct text text = {""};

	for (int j = 0; j < table->references; j++) {
		const struct reference *reference = &table->reference[j];
		const char *null = one_in(maker, 12) ? " NOT NULL" : one_in(maker, 4) ? " DEFAULT 1" : "";
		struct text more = reference->is_pair ? format(",r%d INT%s,s%d INT", j, null, j)
						      : format(",r%d INT%s%s", j, null, reference->clause);

		append(&text, more.bytes, "");
	}
	return text;
}

struct text make_table(struct maker *maker, const struct table *table, const char *name)
{
	const char *key = table->has_pair_key ? "k INT NOT NULL"
					      : PICK(maker, "k INTEGER PRIMARY KEY", "k INTEGER PRIMARY KEY", "k INT PRIMARY KEY",
						     "k INT UNIQUE");
	bool without_rowid = strstr(key, "PRIMARY") && maker->version >= 3008002 && one_in(maker, 5);
	const char *unique = one_in(maker, table->has_pair_unique ? 2 : 8) ? "" : " UNIQUE";
	struct text key_conflict = format("%s", table->has_pair_key ? "" : conflict(maker));
	struct text unique_conflict = format("%s%s", *unique ? unique : "", *unique ? conflict(maker) : "");
	const char *value = maker->plain        ? ""
			    : one_in(maker, 6)  ? " NOT NULL ON CONFLICT REPLACE DEFAULT 7"
			    : one_in(maker, 12) ? " UNIQUE ON CONFLICT REPLACE"
						: "";
	struct text references = references_of(maker, table);
	struct text text = format("CREATE TABLE %s.%s(%s%s,u INT%s,v INT%s%s%s", table->schema, name, key, key_conflict.bytes,
				  unique_conflict.bytes, value, references.bytes,
				  !table->has_generated ? ""
				  : one_in(maker, 2)    ? ",g INT AS (k*10) STORED"
							: ",g INT AS (u+1)");

	if (table->has_pair_key)
		append(&text, ",PRIMARY KEY(k,u)", conflict(maker));
	if (table->has_pair_unique)
		append(&text, one_in(maker, 2) ? ",UNIQUE(u,v)" : ",UNIQUE(v,k)", conflict(maker));
	for (int j = 0; j < table->references; j++) {
		if (table->reference[j].is_pair)
			append(&text, format(",FOREIGN KEY(r%d,s%d)", j, j).bytes, table->reference[j].clause);
	}
	append(&text, ")", without_rowid ? " WITHOUT ROWID" : "");
	return text;
}

/* A statement inside a trigger. row is new or old; names there have no schema. */
static struct text trigger_statement(struct maker *maker, const char *schema, const char *row)
{
	const struct table *table;
	struct text insert;

	do
		table = any_table(maker);
	while (strcmp(table->schema, schema) != 0);
	switch (chance(maker, 8)) {
	case 0:
		return format("DELETE FROM %s WHERE k=%s.k", table->name, row);
	case 1:
		return format("UPDATE %s%s SET %s WHERE k=%s.k", one_in(maker, 2) ? "OR REPLACE " : "", table->name,
			      PICK(maker, "v=v+1", "u=u+1", "k=k+1", "v=5"), row);
	case 2:
		return format("UPDATE %s%s SET %s WHERE k=%u", PICK(maker, "OR REPLACE ", "OR REPLACE ", "OR IGNORE ", "OR ABORT "),
			      table->name, PICK(maker, "u=2,v=2", "v=v+1,u=2", "u=3", "k=2", "k=3,u=u", "v=3"),
			      1 + chance(maker, 3));
	case 3:
		/* UPSERT takes no schema's name there, and came with 3.24 */
		if (maker->version >= 3024000 && !table->has_pair_key)
			return format("%s ON CONFLICT(k) DO UPDATE SET %s",
				      make_insert(maker, table, PICK(maker, "INSERT INTO", "INSERT OR REPLACE INTO"), false).bytes,
				      PICK(maker, "v=v+1", "u=u+1", "k=k+1"));
		/* fall through */
	default:
		insert = make_insert(maker, table,
				     PICK(maker, "INSERT INTO", "INSERT INTO", "INSERT OR REPLACE INTO", "REPLACE INTO",
					  "INSERT OR IGNORE INTO"),
				     false);
		/* mostly into the row of the statement's own key */
		if (!one_in(maker, 3)) {
			char *values = strstr(insert.bytes, "VALUES(");

			if (values)
				return format("%.*s%s.k%s", (int)(values + 7 - insert.bytes), insert.bytes, row, values + 8);
		}
		return insert;
	}
}

struct text make_trigger(struct maker *maker)
{
	const struct table *table = any_table(maker);
	bool view = maker->views > 0 && strcmp(table->schema, "main") == 0 && one_in(maker, 3);
	const char *event = view ? PICK(maker, "INSERT", "UPDATE", "DELETE")
				 : PICK(maker, "INSERT", "INSERT", "UPDATE", "UPDATE OF u", "DELETE");
	struct text first =
		trigger_statement(maker, table->schema, *event == 'I' || (*event == 'U' && one_in(maker, 2)) ? "new" : "old");
	struct text second = {""};

	if (one_in(maker, 3))
		second = trigger_statement(maker, table->schema, *event == 'I' ? "new" : "old");
	return format("CREATE TRIGGER %s.g%u %s %s ON %s%s BEGIN %s;%s%s END", table->schema, chance(maker, 1000),
		      view ? "INSTEAD OF" : PICK(maker, "BEFORE", "AFTER", "AFTER"), event, view ? "w0" : table->name,
		      one_in(maker, 6) ? " WHEN 1" : "", first.bytes, second.bytes, *second.bytes ? ";" : "");
}

void make_schema(struct maker *maker)
{
	plan_tables(maker);
	if (maker->attaches)
		program_add(maker->program, "exec a ATTACH 'aux.db' AS aux");
	/* SQLite 3.8.9 crashes in some */
	if (maker->triggers && maker->version >= 3015000 && one_in(maker, 5))
		program_add(maker->program, "exec a PRAGMA recursive_triggers=ON");
	program_add(maker->program, "exec a BEGIN");
	for (int i = 0; i < maker->count; i++)
		program_add(maker->program, "exec a %s", make_table(maker, &maker->tables[i], maker->tables[i].name).bytes);
	if (maker->triggers && one_in(maker, 3)) {
		maker->views = 1;
		program_add(maker->program, "exec a CREATE VIEW main.w0 AS SELECT k,u,v FROM t%u", chance(maker, 2));
	}
	for (unsigned i = 0; maker->triggers && i < 1 + chance(maker, 3); i++)
		program_add(maker->program, "exec a %s", make_trigger(maker).bytes);
	program_add(maker->program, "exec a COMMIT");
}
