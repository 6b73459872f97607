/* statement_pragma.h - the program's PRAGMAs: those of our settings, and others that we have to know of.
 *
 * statement_policy.c calls these for a plan whose statement it has read, with the connection's mutex held. */
#ifndef SQLPROD_POLICY_STATEMENT_PRAGMA_H
#define SQLPROD_POLICY_STATEMENT_PRAGMA_H

#include "policy/statement_policy.h"

/* Before SQLite gets it: fills in what the plan is to do with it, and applies what has to be in force when it runs. */
void statement_pragma_before(struct connection *connection, const struct sql_text *text, struct statement_plan *plan);

/* After SQLite returned rc for one that sets something (plan->sets): that counts from now on, if it was accepted. */
void statement_pragma_after(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, int rc);

/* SQLite has run the program's PRAGMA, but the operator's value overrides it: sets that. */
void statement_pragma_override_ran(struct connection *connection, const struct sql_text *text, const struct statement_plan *plan);

#endif
