/* reserve_all.h - reserves all files of a connection that has several, main and attached, before a transaction reads the first one.
 *
 * A transaction that reserved each as it comes to it would hold one, which it has perhaps written by now, while it waits for
 * another; and a second transaction that comes to them in the other order waits for the first. So all are reserved at once, in the
 * order of their inodes. What it does not read it gives back with the first one that it does not read any more, which is at its
 * end.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_RESERVE_ALL_H
#define SQLPROD_LOCKING_RESERVE_ALL_H

struct file_shim;

/* The transaction is about to read this file, the first of all. */
void reserve_all(struct file_shim *shim);

/* It does not read this one any more. */
void reserve_all_end(struct file_shim *shim);

#endif
