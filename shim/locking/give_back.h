/* give_back.h - ends the write lock of an idle transaction of this process, for another connection that waits for it.
 *
 * Pools of drivers with autocommit off send BEGIN when a connection is opened, and after each COMMIT; as BEGIN IMMEDIATE it holds
 * the lock until the connection is used. Such a transaction is ended and begun again, without the lock, if it cannot have read or
 * written anything: no statement was seen since its BEGIN, and the connection has no other that could have run. */
#ifndef SQLPROD_LOCKING_GIVE_BACK_H
#define SQLPROD_LOCKING_GIVE_BACK_H

#include <stdbool.h>

struct file_shim;

/* Another connection of this process may hold the lock that the caller's connection waits for. True if it was given back. */
bool give_back_idle(const struct file_shim *waiter);

#endif
