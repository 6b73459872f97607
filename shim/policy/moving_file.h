/* moving_file.h - the program renames, links, replaces or deletes a database that it has open itself, or had.
 *
 * Without the library all its rows would be in that file. So before that the -wal is copied into it, and after it -wal and -shm
 * follow the file to its new name, where whoever opens it looks for them. Only where WAL is not the program's own choice: who
 * chose it moves these files as well.
 *
 * A connection that has not read such a database yet uses it before that: unread_files.h.
 *
 * After the last close -wal and -shm may lie beside the file for readers, empty (kept_files.h): they follow it too, and go when it
 * is deleted. Where the program may know them, as it has listed their folder, they stay, so that it can delete them, or move them
 * to another folder, itself. What it leaves goes when it lists or removes the folder, starts another program, or ends. */
#ifndef SQLPROD_POLICY_MOVING_FILE_H
#define SQLPROD_POLICY_MOVING_FILE_H

#include <stdbool.h>
#include <sys/types.h>

struct moving_file {
	int folder; /* as for openat(2) */
	const char *name;
	ino_t wal, shm; /* 0 if it is no database of ours in WAL mode; unset before moving_file_before() */
	dev_t device;
	ino_t left; /* of a database that is deleted, and its -wal and -shm are not yet; 0 for none */
};

/* Before the call that moves `from` to `to` (or links it there). False if neither is such a database; what is in from and to is
 * filled. Waits for no lock: a connection that another thread is using is left alone. errno is kept. */
bool moving_file_before(struct moving_file *from, struct moving_file *to);

/* After it succeeded; exchanged: what was at `to` is at `from` now. errno is kept. */
void moving_file_after(const struct moving_file *from, const struct moving_file *to, bool exchanged);

/* Before and after the call that deletes the file: false if nothing that was kept lies beside it. What lies beside one that is open
 * goes when the program lists or removes the folder, starts another program, or makes the file again; not after a call that failed.
 * errno is kept. */
bool moving_file_before_delete(struct moving_file *file);
void moving_file_after_delete(const struct moving_file *file);
void moving_file_not_deleted(const struct moving_file *file);

#endif
