/* foreign_keys_unkeyed.h - foreign_keys=ON by recipe, where no table has a foreign key: statements are compiled without.
 *
 * With foreign keys SQLite looks for those of each table that a statement writes to, and asks our authorizer. Where the schemas in
 * its memory have none (sqlite/schema_keys.h) the compiled statement is the same without. So both are put aside in place for the
 * time of the compile, as flag_bits.h does. If the compile has read other schemas, which have keys, it counts for nothing, and the
 * statement is attempted (foreign_keys_attempt.h). Once a schema has changed, SQLite compiles its statements again.
 *
 * That can be learnt of a copy only by statements of ours, for which a few compiles have to come first. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_UNKEYED_H
#define SQLPROD_POLICY_FOREIGN_KEYS_UNKEYED_H

#include "policy/foreign_keys.h"
#include "sqlite/schema_keys.h"

/* How a compile is made. */
enum unkeyed {
	UNKEYED_NOT,
	UNKEYED_BEGAN,  /* it has put them aside */
	UNKEYED_INSIDE, /* another one that is under way has */
};

/* A program that compiles fewer statements is not worth what it takes to learn. */
#define UNKEYED_COMPILES 16
void foreign_keys_unkeyed_learn(struct connection *connection);

/* Counts a compile, and has it learnt in time, outside of all calls of ours. */
static inline void foreign_keys_unkeyed_count(struct connection *connection)
{
	if (atomic_load_explicit(&connection->foreign_keys.compiles, memory_order_relaxed) <= UNKEYED_COMPILES)
		foreign_keys_unkeyed_learn(connection);
}

/* Where its copy keeps them; NULL while that is not known, and once a table was seen to have a key. */
static inline const struct schema_keys *foreign_keys_unkeyed_place(const struct connection *connection)
{
	return atomic_load_explicit(&connection->foreign_keys.schema_keys, memory_order_acquire);
}

/* With the mutex held, or in a process of one thread: puts them aside for the compile of a statement that may be attempted.
 * shares: may another connection change the schema nonetheless, in a shared cache? */
enum unkeyed foreign_keys_unkeyed_enter(struct connection *connection, bool shares);

/* The same in a process of one thread, where the place is known. False also where they are aside already. */
static inline bool foreign_keys_unkeyed_begin(struct connection *connection, sqlite3 *db, const struct schema_keys *place)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	void **authorizer = schema_keys_authorizer(db, place);
	unsigned char *flags, mask;

	if (keys->left != FOREIGN_KEYS_LEFT_ON || keys->miscounts || connection->authorizer.authorizer ||
	    !schema_keys_are_none(db) || *authorizer != (void *)(uintptr_t)foreign_keys_authorize)
		return false;
	flags = (unsigned char *)db + keys->bits->enabled.offset;
	mask = keys->bits->enabled.mask;
	if (!(*flags & mask))
		return false;
	keys->left = FOREIGN_KEYS_OFF_UNKEYED;
	*authorizer = NULL;
	*flags ^= mask;
	return true;
}

/* Puts the flag and the authorizer back, if they are aside. */
static inline void foreign_keys_unkeyed_end_at(struct connection *connection, sqlite3 *db, const struct schema_keys *place)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	void **authorizer = schema_keys_authorizer(db, place);

	if (__builtin_expect(keys->left != FOREIGN_KEYS_OFF_UNKEYED, 0))
		return;
	/* the program may have set its own meanwhile, behind ours */
	if (__builtin_expect(!*authorizer, 1))
		*authorizer = (void *)(uintptr_t)foreign_keys_authorize;
	flag_bit_set(db, keys->bits->enabled, true);
	keys->left = FOREIGN_KEYS_LEFT_ON;
}

void foreign_keys_unkeyed_end(struct connection *connection);

/* A compile has read schemas that have keys: drops *stmt, and forgets the place. */
void foreign_keys_unkeyed_drop(struct connection *connection, sqlite3_stmt **stmt);

/* The compile has returned rc, and *stmt if that is SQLITE_OK. False if the statement is to be compiled otherwise after all. One
 * that failed without foreign keys fails with them. */
static inline bool foreign_keys_unkeyed_stands(struct connection *connection, sqlite3 *db, sqlite3_stmt **stmt, int rc)
{
	if (__builtin_expect(rc == SQLITE_OK, 1) && __builtin_expect(!schema_keys_are_none(db), 0)) {
		foreign_keys_unkeyed_drop(connection, stmt);
		return false;
	}
	return true;
}

#endif
