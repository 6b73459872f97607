/* doubt.c - asks object.c about a large fixed program with two copies of SQLite, which is this one: what is found near some code,
 * what stays doubtful, and what a search of the whole finds. Prints what is wrong. */
#include "elf/object.h"

#include <sqlite3.h>
#include <stdio.h>

extern __typeof__(sqlite3_randomness) other_sqlite3_randomness;

extern const char doubt_ballast[4 << 20];
const char doubt_ballast[4 << 20] = {1};

static int wrong;

static void check(bool ok, const char *what)
{
	if (!ok)
		printf("%s\n", what);
	wrong += !ok;
}

/* In the amalgamation this is next to the code that opens files. */
static const void *place_of(void (*function)(int, void *))
{
	return (const char *)(size_t)function + 8;
}

int main(void)
{
	const void *one = place_of(sqlite3_randomness), *other = place_of(other_sqlite3_randomness);
	struct object object;
	const void *table;

	check(object_of_code(one, &object) && object.table_count == 1 && !object.whole,
	      "the first copy is not found near its code");
	table = (const void *)object.tables[0].address;
	check(object_is_doubtful(&object, one), "no doubt at first");
	object_confirm(one, &wrong);
	check(object_of_code(one, &object) && object_is_doubtful(&object, one), "confirmed by what is no table");
	object_confirm(one, table);
	check(object_of_code(one, &object) && !object_is_doubtful(&object, one), "doubt after it was confirmed");
	check(object_of_code(other, &object) && object.table_count == 2 && !object.whole,
	      "the second copy is not found near its code");
	check(object_is_doubtful(&object, other), "no doubt of the second");
	check(object_search_whole(other, &object) && object.table_count == 2 && object.whole, "the whole is not searched");
	check(!object_is_doubtful(&object, other) && !object_is_doubtful(&object, doubt_ballast),
	      "doubt after the whole was searched");
	check(object_has_sqlite(other, &object), "it has no SQLite");
	check(!object_of_code(&object, &object), "the stack is an object");
	puts(wrong ? "wrong" : "right");
	return wrong || doubt_ballast[wrong] == 0;
}
