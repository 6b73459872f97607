/* generate_write.c - statements that write. */
#include "generate.h"

#include <stdio.h>
#include <string.h>

/* A value that is mostly a key of a row that is there. */
static struct text value(struct maker *maker, int *bound)
{
	if (bound)
		return format("?%d", ++*bound);
	if (one_in(maker, 12))
		return format("NULL");
	return format("%u", 1 + chance(maker, one_in(maker, 6) ? 6 : 3));
}

static struct text values(struct maker *maker, const struct table *table, int *bound)
{
	struct text text;
	unsigned key = 1 + chance(maker, 4);

	if (bound)
		text = format("?1,?2,?3");
	else
		text = format("%u,%u,%u", key, one_in(maker, 3) ? 1 + chance(maker, 4) : key, chance(maker, 9));
	if (bound)
		*bound = 3;
	for (int j = 0; j < table->references; j++) {
		struct text one = value(maker, bound);

		append(&text, ",", one.bytes);
		if (table->reference[j].is_pair)
			append(&text, ",", one.bytes);
	}
	return text;
}

struct text make_insert(struct maker *maker, const struct table *table, const char *verb, bool bound)
{
	int number = 0;
	struct text row = values(maker, table, bound ? &number : NULL);

	return format("%s %s(%s) VALUES(%s)", verb, table->name, table->columns, row.bytes);
}

static struct text make_upsert(struct maker *maker, const struct table *table, bool bound)
{
	struct text insert = make_insert(maker, table, PICK(maker, "INSERT INTO", "INSERT INTO", "INSERT OR REPLACE INTO"), bound);

	return format("%s ON CONFLICT(%s) DO %s", insert.bytes, table->has_pair_key ? "k,u" : PICK(maker, "k", "k", "u"),
		      PICK(maker, "NOTHING", "UPDATE SET v=v+1", "UPDATE SET u=excluded.u", "UPDATE SET k=k+1",
			   "UPDATE SET v=excluded.v,u=u"));
}

static struct text make_view_write(struct maker *maker)
{
	switch (chance(maker, 3)) {
	case 0:
		return format("%s INTO w0(k,u,v) VALUES(%u,%u,1)", PICK(maker, "INSERT", "INSERT OR REPLACE", "REPLACE"),
			      1 + chance(maker, 4), 1 + chance(maker, 4));
	case 1:
		return format("DELETE FROM w0 WHERE k=%u", 1 + chance(maker, 4));
	default:
		return format("UPDATE w0 SET v=3 WHERE k=%u", 1 + chance(maker, 4));
	}
}

/* DELETE or UPDATE of a table. */
struct text make_own(struct maker *maker, const struct table *table, bool bound)
{
	struct text key = bound ? format("?1") : format("%u", 1 + chance(maker, 4));
	const char *column = PICK(maker, "k", "k", "k", "u", "v");
	struct text change;

	if (one_in(maker, 24) && !bound)
		return format("DELETE FROM %s", table->name);
	if (one_in(maker, 2))
		return format("DELETE FROM %s WHERE %s=%s", table->name, column, key.bytes);
	change = format("v=%u", chance(maker, 9));
	if (one_in(maker, 5))
		change = format("%s", PICK(maker, "u=2,v=2", "k=k+1,u=u", "v=3,u=3", "u=u,v=v+1"));
	else if (one_in(maker, 2))
		change = format("%s=%s", PICK(maker, "k", "u"), PICK(maker, "k+1", "u+10", "4", "5"));
	else if (table->references && one_in(maker, 2))
		change = format("r0=%u", 1 + chance(maker, 4));
	return format("UPDATE %s%s SET %s WHERE %s=%s",
		      one_in(maker, 4) ? PICK(maker, "OR REPLACE ", "OR REPLACE ", "OR IGNORE ", "OR ABORT ", "OR FAIL ") : "",
		      table->name, change.bytes, column, key.bytes);
}

/* A statement that writes; no DELETE and no UPDATE of a parent, unless this program is one that has them. */
static struct text make_any(struct maker *maker, bool bound)
{
	const struct table *table = any_table(maker);

	switch (maker->deletes_parents && one_in(maker, 4) ? 6 : chance(maker, maker->plain ? 7 : 12)) {
	case 0:
	case 1:
	case 2:
		return make_insert(maker, table, "INSERT INTO", bound);
	case 3:
		if (maker->version >= 3024000)
			return make_upsert(maker, table, bound);
		return make_insert(maker, table, "INSERT INTO", bound);
	case 4:
		return make_insert(maker, table,
				   PICK(maker, "INSERT OR IGNORE INTO", "INSERT OR FAIL INTO", "INSERT OR ROLLBACK INTO",
					"INSERT OR ABORT INTO"),
				   bound);
	case 5:
		if (maker->views && !bound)
			return make_view_write(maker);
		return make_insert(maker, table, maker->plain ? "INSERT INTO" : "REPLACE INTO", bound);
	case 6:
	case 7:
		if (maker->deletes_parents || !table->is_parent)
			return make_own(maker, table, bound);
		return make_insert(maker, table, maker->plain ? "INSERT INTO" : "REPLACE INTO", bound);
	default:
		return make_insert(maker, table, PICK(maker, "REPLACE INTO", "INSERT OR REPLACE INTO"), bound);
	}
}

struct text make_write(struct maker *maker, bool bound)
{
	struct text write = make_any(maker, bound);

	if (maker->returning && one_in(maker, 2))
		append(&write, " RETURNING ", PICK(maker, "k", "*"));
	return write;
}
