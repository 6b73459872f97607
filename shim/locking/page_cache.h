/* page_cache.h - a connection that leaves WAL mode reads its pages anew.
 *
 * With a rollback journal SQLite tells by 16 bytes of the first page whether others have changed the file since it was read (the
 * change counter and what follows it: sqlite.org/fileformat.html). A commit in WAL mode leaves them as they are, unless it changes
 * the first page itself. A connection that leaves WAL takes all that it has read before for current, also what others have changed
 * since, and its next write puts that back: their rows are lost (seen with SQLite 3.40.1 and 3.54.1; findings/). */
#ifndef SQLPROD_LOCKING_PAGE_CACHE_H
#define SQLPROD_LOCKING_PAGE_CACHE_H

struct file_shim;

/* The file has no -shm any more: the next time that SQLite compares these bytes they differ. The caller holds the connection's
 * mutex. */
void page_cache_forget(struct file_shim *shim);

#endif
