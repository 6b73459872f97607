/* unloaded.h - the program unloads the object that a SQLite lies in, and has left connections of it open.
 *
 * Nothing calls them any more but us: what they point to is gone. So their records go with the object. */
#ifndef SQLPROD_POLICY_UNLOADED_H
#define SQLPROD_POLICY_UNLOADED_H

#include <stdbool.h>
#include <stddef.h>

struct sqlite;

#define UNLOADED_KINDS 16

/* The copies of SQLite that have connections, each with the methods of one of its files. */
struct unloaded {
	struct {
		const struct sqlite *sqlite;
		const void *methods;
		bool gone, has_methods, has_table; /* these lie in a loaded object */
	} kinds[UNLOADED_KINDS];
	size_t count;
};

/* Around dlclose(3). Takes the loader's lock on old glibcs. */
void unloaded_before(struct unloaded *unloaded);
void unloaded_after(struct unloaded *unloaded);

#endif
