/* foreign_keys_harm.h - texts of statements that are known to set actions off for certain (foreign_keys_watch.h).
 *
 * To find that out SQLite compiles the statement up to the first action: three times the work of the compile without foreign keys
 * that follows. What it depends on is the text and the schemas, where no authorizer of the program's and no trigger has to do with
 * it: so texts are kept for a connection, a few, as long as the schemas in SQLite's memory stay the same (sqlite/schema_stamp.h).
 * Were they to be read anew in the compile that follows, the statement is judged after all. A statement that was compiled without
 * foreign keys is compiled again when it is stepped and finds another schema in the file, and is judged there.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_HARM_H
#define SQLPROD_POLICY_FOREIGN_KEYS_HARM_H

#include "connection/connection.h"

struct foreign_key_watch;

/* The watch has just seen it, in the authorizer. */
void foreign_keys_harm_seen(struct connection *connection, const struct foreign_key_watch *watch);

/* The stamp of the schemas, if what depends on them can be kept. */
struct schema_stamp;
bool foreign_keys_harm_stamp(const struct connection *connection, struct schema_stamp *stamp);

/* Can anything be kept now? If only the place is missing, it is made after the statement. */
bool foreign_keys_harm_wants(struct connection *connection);

/* It was seen of this text, which is compiled without foreign keys now. */
void foreign_keys_harm_note(struct connection *connection, const struct sql_text *text, size_t start, const char *table);

/* Makes place for the first that was to be kept: not from where it was, where little of the stack may be left. */
void foreign_keys_harm_begin(struct connection *connection);

/* The table that the statement writes to; NULL if it is not known. */
const char *foreign_keys_harm_find(struct connection *connection, const struct sql_text *text, size_t start);

/* Are the schemas still those of what was found? */
bool foreign_keys_harm_holds(struct connection *connection);

/* Nothing is kept for this connection any more. */
void foreign_keys_harm_end(struct connection *connection);

static inline uint64_t foreign_keys_harm_bit(size_t length)
{
	return UINT64_C(1) << length % 64;
}

/* For any thread: may it be a known one, by its length? */
static inline bool foreign_keys_harm_may_be(const struct connection *connection, const char *sql, int bytes)
{
	uint64_t lengths = atomic_load_explicit(&connection->foreign_keys.harm_lengths, memory_order_relaxed);

	return lengths && lengths & foreign_keys_harm_bit(sql_text_utf8(sql, bytes).length);
}

#endif
