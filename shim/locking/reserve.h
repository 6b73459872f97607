/* reserve.h - reserves a database for a transaction that is about to read it.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_RESERVE_H
#define SQLPROD_LOCKING_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

struct file_shim;
struct reservation;

/* Notes with which statement the transaction begins: the one that runs, if SQLite tells. False: none runs. */
bool reserve_find_site(struct file_shim *shim);

/* Does the transaction need no reservation, as others like it did not, or as one like it reads on after its own has lapsed? */
bool reserve_is_learnt(const struct file_shim *shim);

/* How long its reservation is to last, in nanoseconds. */
int64_t reserve_length(const struct reservation *reservation);

/* Waits until it has a reservation, or there is no point in waiting any more: the state says which, and what is counted. What it
 * shared of the write lock may be given back meanwhile. */
void reserve_file(struct file_shim *shim);

#endif
