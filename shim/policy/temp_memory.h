/* temp_memory.h - keeps temp_store=MEMORY and mmap_size by recipe from putting whole databases into memory.
 *
 * VACUUM builds the new database in a temporary one, and CREATE INDEX, REINDEX and ALTER sort what they index: in memory, if
 * temp_store says so. So while there is such a statement, temporary storage goes to files, as without the library; TEMP tables that
 * are in memory stay there, and PRAGMA temp_store answers what the recipe set. While there is a VACUUM, the file is not mapped.
 *
 * Every function wants the connection's mutex held. */
#ifndef SQLPROD_POLICY_TEMP_MEMORY_H
#define SQLPROD_POLICY_TEMP_MEMORY_H

#include "connection/connection.h"

/* Before a PRAGMA of the program's is compiled, or one of the statements above. */
void temp_memory_before(struct connection *connection, const struct statement *statement);

/* After that, unless temp_storage is TEMP_AS_SET. The program may keep the statement, and run it again at any time: files stay in
 * use as long as there is one. */
void temp_memory_after(struct connection *connection);

/* In an embedded copy, where all statements are seen to run: this one begins, or one has ended. */
void temp_memory_begins(struct connection *connection, const char *sql);
void temp_memory_ended(struct connection *connection);

/* The same where statements are not seen until temp_memory_ended(). */
void temp_memory_unseen(struct connection *connection);

#endif
