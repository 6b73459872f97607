/* apply_setting.h - has SQLite set one setting, and notes what it has made of it.
 *
 * Between callbacks_suspend() and callbacks_resume(), with the connection's mutex held. */
#ifndef SQLPROD_POLICY_APPLY_SETTING_H
#define SQLPROD_POLICY_APPLY_SETTING_H

#include "connection/connection.h"

/* Applies a setting that is due, unless the program has decided it already (unseen.h). With an obstacle, notes that in its place.
 */
void apply_setting(struct connection *connection, enum setting setting, const char *obstacle);

/* The same for a setting that takes memory: a limit of the program's on SQLite's heap is an obstacle. */
void apply_setting_memory(struct connection *connection, enum setting setting, const char *obstacle);

/* Sets it by PRAGMA, due or not, and reads it back if the PRAGMA returns it or a report is wanted. */
void apply_setting_by_pragma(struct connection *connection, enum setting setting, int64_t number);

#endif
