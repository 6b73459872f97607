/* write_lock.h - what happens when SQLite asks for a WAL database's write lock, and gives it back.
 *
 * Called by shm_locks.c, with the connection's mutex held. */
#ifndef SQLPROD_LOCKING_WRITE_LOCK_H
#define SQLPROD_LOCKING_WRITE_LOCK_H

#include <stdbool.h>

struct file_shim;

/* SQLite asks for the write lock. Returns the code for SQLite: SQLITE_SCHEMA makes a BEGIN plain (plain_begin.h). */
int write_lock_acquire(struct file_shim *shim);

/* A read begins: is it of a statement that asks for the write lock next, and then waits for its turn if a waiter was just woken?
 * Not where the program has a busy handler: that is called only if the lock was refused. */
bool write_lock_gives_way(const struct file_shim *shim);

/* SQLite gives the write lock back. Returns the code for SQLite. */
int write_lock_release(struct file_shim *shim);

/* Without WAL: SQLite asks for RESERVED, which is the write lock there (returns the code for SQLite, as above); is about to give
 * back what it has of the file's own locks. */
int write_lock_reserve(struct file_shim *shim);
void write_lock_unreserve(struct file_shim *shim);

/* The connection's transaction, which may have the write lock, runs its first statement. */
void write_lock_used(struct file_shim *shim);

#endif
