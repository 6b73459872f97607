/* wait_counts.h - how often the connections of this process have waited for a lock, by database, for another process to read.
 *
 * sqlprod top reads the table out of the process's memory, as a debugger would: nothing is written anywhere for it. A note in the
 * library's file (ELF, in its first page) says where the table lies: name "sqlprod", type WAIT_COUNTS_NOTE, and the distance from
 * its four bytes to the table. scripts/sqlprod.d/waits.sh knows the layout; a change of it is a change of the type. */
#ifndef SQLPROD_LOCKING_WAIT_COUNTS_H
#define SQLPROD_LOCKING_WAIT_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct file_shim;

#define WAIT_COUNTS_NOTE 1
#define WAIT_COUNTS 16

struct wait_count {
	_Atomic uint64_t inode; /* 0: free */
	_Atomic uint64_t device;
	_Atomic uint64_t waits;
	_Atomic uint64_t spent; /* nanoseconds */
};

/* A sleep of that many nanoseconds, the first of its wait or a later one. Waits for databases after the first WAIT_COUNTS are not
 * counted. */
void wait_counts_add(const struct file_shim *shim, bool is_new, int64_t spent);

#endif
