/* wal_frames.h - writes the frames of a transaction to the -wal at once.
 *
 * SQLite writes each frame by two calls, 24 bytes and a page, so that a small transaction makes four or six; most of what they cost
 * is the call. Here they are copied, and written by one call together with the frame that commits, whose result is that of the
 * write: SQLite knows of the error before others know of the frames, which the -shm tells them after that. Nothing but the order
 * and the number of calls differs.
 *
 * Called by wal_methods.c and shm_locks.c, with the connection's mutex held. */
#ifndef SQLPROD_LOCKING_WAL_FRAMES_H
#define SQLPROD_LOCKING_WAL_FRAMES_H

#include <sqlite3.h>

struct file_shim;

enum wal_frames_state {
	FRAMES_AT_ONCE,  /* no transaction has the write lock, or it has written the frame that commits */
	FRAMES_GATHERED, /* a transaction has it */
	FRAMES_COMMIT,   /* … and has begun the frame that commits */
};

/* Part of struct wal_methods. */
struct wal_frames {
	enum wal_frames_state state;
	char *copies;     /* WAL_FRAMES_SIZE bytes; NULL while there are none */
	int size;         /* of what is not written yet */
	sqlite3_int64 at; /* … its place in the -wal */
};

#define WAL_FRAMES_SIZE (64 * 1024)

/* The write lock was had for a transaction; is given back. What it has not committed is not written any more. */
void wal_frames_begin(struct wal_frames *frames);
void wal_frames_end(struct wal_frames *frames);

/* Instead of xWrite of the -wal. Returns its code, or that of an earlier write that was put off. */
int wal_frames_write(struct file_shim *shim, const void *data, int size, sqlite3_int64 offset);

/* Instead of xRead of the -wal: a page that was put off is read where it is. */
int wal_frames_read(struct file_shim *shim, void *data, int size, sqlite3_int64 offset);

/* Writes what was put off, before anything else is done with the -wal. Returns SQLite's code of the write; SQLITE_OK if there is
 * nothing. After an error it is still put off: SQLite rolls back after one of xWrite, but not after others, and would commit
 * without it. */
int wal_frames_flush(struct file_shim *shim);

#endif
