/* generate.h - what the parts of the generator share: chance, and the plan of the tables that a program has. */
#ifndef FUZZ_GENERATE_H
#define FUZZ_GENERATE_H

#include "program.h"

#define TABLES 6
#define REFERENCES 2

struct text {
	char bytes[LINE_LENGTH];
};

struct reference {
	int parent;
	/* two columns, to a parent whose primary key has two */
	bool is_pair;
	char clause[200];
};

struct table {
	char name[12];
	const char *schema;
	bool has_pair_key, has_pair_unique, has_generated, is_parent;
	int references;
	struct reference reference[REFERENCES];
	char columns[80];
};

struct maker {
	struct program *program;
	uint64_t state;
	int version;
	struct table tables[TABLES];
	int count, views, kept, cursors, renames;
	size_t last_write; /* its line */
	/* what this program may do: most do only some of it, so that findings shrink to one cause */
	bool deletes_parents, decides, attaches, second, cursored, changes_schema, triggers, transactions, plain, scenes, old_calls,
		repeats, returning;
};

unsigned chance(struct maker *maker, unsigned most);
bool one_in(struct maker *maker, unsigned n);
const char *pick(struct maker *maker, const char *const *from, unsigned count);
#define PICK(maker, ...)                                                                                                           \
	pick((maker), (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

struct text format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void append(struct text *text, const char *first, const char *second);

void make_schema(struct maker *maker);
struct text make_table(struct maker *maker, const struct table *table, const char *name);
struct text make_trigger(struct maker *maker);

/* An INSERT of any form into a table; bound: with parameters. */
struct text make_insert(struct maker *maker, const struct table *table, const char *verb, bool bound);
struct text make_write(struct maker *maker, bool bound);
struct text make_own(struct maker *maker, const struct table *table, bool bound);
struct table *any_table(struct maker *maker);

/* Lines that seldom come together by chance. */
void add_scene(struct maker *maker, char connection);

#endif
