/* foreign_keys_bytecode.h - what the bytecode of a statement, as EXPLAIN shows it, does because of foreign keys.
 *
 * Which actions does it call, and from where? The authorizer is asked about an action once for each statement, however often and
 * from wherever it is called. EXPLAIN shows each call: first in the statement's own bytecode, then in that of its triggers and of
 * the actions themselves, each from address 0 on. SQLite compiles an action as a trigger without a name, and calls both by
 * OP_Program. A trigger's first opcode has its name as a comment in P4. P2 is where RAISE(IGNORE) jumps: of a trigger's call an
 * address, of an action's 0. Source: sqlite.org/opcode.html#Program; src/trigger.c, sqlite3CodeRowTriggerDirect().
 *
 * Does it look again whether an UPDATE OR REPLACE is unique? With foreign keys, SQLite does once a row has given way; and until
 * 3.53 it compares the rowid of another row then, and finds that the row stands in its own way: src/insert.c, lblRecheckOk. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_BYTECODE_H
#define SQLPROD_POLICY_FOREIGN_KEYS_BYTECODE_H

#include "connection/connection.h"

struct key_bytecode {
	/* calls of actions; those by actions, which follow from these, are not counted */
	unsigned by_statement, by_triggers;
	bool has_triggers;
	bool counts_orphans;
	bool rechecks_wrongly;
};

/* Reads the bytecode of the statement as it is compiled now. Returns SQLite's code. */
int foreign_keys_read_bytecode(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			       struct key_bytecode *bytecode);

#endif
