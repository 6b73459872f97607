/* generate_scenes.c - parts of programs that seldom come together by chance. */
#include "generate.h"

#include <stdio.h>
#include <string.h>

/* A cursor across a write or a DROP. */
static void add_cursor_scene(struct maker *maker, char connection)
{
	program_add(maker->program, "cursor %c c9 SELECT k,(SELECT count(*) FROM %s i WHERE i.k<=o.k) FROM %s o", connection,
		    any_table(maker)->name, any_table(maker)->name);
	program_add(maker->program, "run %c v2 %s", connection, make_write(maker, false).bytes);
	program_add(maker->program, "next c9");
	if (one_in(maker, 3))
		program_add(maker->program, "run %c v2 DROP TABLE %s", connection, any_table(maker)->name);
	for (int i = 0; i < 3; i++)
		program_add(maker->program, "next c9");
	program_add(maker->program, "end c9");
}

/* A kept statement across a DROP. */
static void add_kept_scene(struct maker *maker, char connection)
{
	program_add(maker->program, "keep %c s9 v2 %s", connection, make_write(maker, true).bytes);
	program_add(maker->program, "run %c v2 DROP TABLE %s", connection, any_table(maker)->name);
	program_add(maker->program, "step s9 %u,2,2,%u,3", 1 + chance(maker, 4), 1 + chance(maker, 6));
}

/* PRAGMA foreign_keys inside a transaction, where it decides nothing. */
static void add_pragma_scene(struct maker *maker, char connection)
{
	program_add(maker->program, "exec %c BEGIN", connection);
	program_add(maker->program, "exec %c PRAGMA foreign_keys=%s", connection, one_in(maker, 4) ? "OFF" : "ON");
	program_add(maker->program, "run %c v2 %s", connection,
		    one_in(maker, 2) ? make_write(maker, false).bytes : format("DROP TABLE %s", any_table(maker)->name).bytes);
	program_add(maker->program, "exec %c COMMIT", connection);
}

/* A file attached with its tables, by a connection that has already written. */
static void add_attach_scene(struct maker *maker)
{
	program_add(maker->program, "close a");
	program_add(maker->program, "open a");
	program_add(maker->program, "run a v2 %s",
		    make_insert(maker, &maker->tables[chance(maker, 2)], "INSERT INTO", false).bytes);
	program_add(maker->program, "exec a ATTACH 'aux.db' AS aux");
	for (int i = 2; i < maker->count; i++)
		program_add(maker->program, "run a v2 %s", make_insert(maker, &maker->tables[i], "INSERT INTO", false).bytes);
}

/* A statement is kept, and its table becomes a parent only then, of rows that it may replace. */
static void add_late_scene(struct maker *maker, char connection)
{
	const struct table *table = any_table(maker);
	const char *verb = maker->plain ? "INSERT INTO" : PICK(maker, "REPLACE INTO", "INSERT OR REPLACE INTO", "INSERT INTO");
	char other = maker->second && one_in(maker, 2) ? 'b' : 'a';
	int number = maker->renames++;

	program_add(maker->program, "keep %c s8 v2 %s", connection, make_insert(maker, table, verb, true).bytes);
	if (one_in(maker, 2))
		program_add(maker->program, "step s8 6,6,6,%u,%u", 1 + chance(maker, 4), 1 + chance(maker, 4));
	program_add(maker->program, "exec %c CREATE TABLE %s.late%d(k INTEGER PRIMARY KEY,r INT REFERENCES %s(%s) ON DELETE %s)",
		    other, table->schema, number, table->name, PICK(maker, "k", "u"),
		    PICK(maker, "CASCADE", "SET NULL", "RESTRICT"));
	for (int key = 1; key <= 3; key++)
		program_add(maker->program, "exec %c INSERT INTO late%d(k,r) VALUES(%d,%d)", other, number, key, key);
	for (unsigned i = 1; i <= 3; i++)
		program_add(maker->program, "step s8 %u,%u,%u,%u,%u", i, one_in(maker, 3) ? i + 1 : i, chance(maker, 9),
			    1 + chance(maker, 3), 1 + chance(maker, 3));
}

/* Parents and children come as another connection makes them, after this one has written. */
static void add_other_scene(struct maker *maker, char connection)
{
	char other = connection == 'a' ? 'b' : 'a';

	program_add(maker->program, "run %c v2 %s", connection, make_insert(maker, &maker->tables[0], "INSERT INTO", false).bytes);
	program_add(maker->program, "exec %c DROP TABLE IF EXISTS main.m0; DROP TABLE IF EXISTS main.m1", other);
	program_add(maker->program, "exec %c CREATE TABLE main.m0(k INTEGER PRIMARY KEY,u INT UNIQUE ON CONFLICT %s)", other,
		    maker->plain ? "IGNORE" : "REPLACE");
	program_add(maker->program, "exec %c CREATE TABLE main.m1(r INT REFERENCES m0(k) ON DELETE %s)", other,
		    PICK(maker, "CASCADE", "SET NULL", "RESTRICT"));
	program_add(maker->program, "exec %c INSERT INTO m0 VALUES(1,1); INSERT INTO m1 VALUES(1)", other);
	program_add(maker->program, "run %c v2 INSERT INTO m0 VALUES(2,1)", connection);
}

void add_scene(struct maker *maker, char connection)
{
	switch (chance(maker, 6)) {
	case 0:
		add_cursor_scene(maker, connection);
		break;
	case 1:
		add_kept_scene(maker, connection);
		break;
	case 2:
		add_pragma_scene(maker, connection);
		break;
	case 3:
		if (maker->attaches)
			add_attach_scene(maker);
		break;
	case 4:
		add_late_scene(maker, connection);
		break;
	default:
		if (maker->second)
			add_other_scene(maker, connection);
	}
}
