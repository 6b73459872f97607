/* path_look.h - when a look at a database's path need not be repeated before the next write.
 *
 * A system call by a path costs more than twice one by a descriptor. On the filesystems that storage.h names, a file that is
 * renamed, linked, exchanged, replaced or deleted has another time of change (ctime) or number of links from then on. As long as
 * both are those of the last look it is still by its name, unless a folder or a link in its path was moved: for that the path is
 * looked at again every millisecond.
 *
 * The time of change is that of the kernel's last tick, or a whole second. A look in the same tick may be followed by a move that
 * changes nothing: it proves nothing for later. */
#ifndef SQLPROD_LOCKING_PATH_LOOK_H
#define SQLPROD_LOCKING_PATH_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

/* Part of struct wal_files. */
struct path_look {
	bool has_ctime; /* the filesystem is one of those */
	int64_t until;  /* of CLOCK_MONOTONIC; 0 while there is no look that proves anything */
	unsigned moves;
	struct timespec changed;
	nlink_t links;
};

/* The clocks before a look at the path. */
struct path_look_time {
	int64_t now;          /* of CLOCK_MONOTONIC */
	struct timespec tick; /* of CLOCK_REALTIME_COARSE */
	unsigned moves;
};
struct path_look_time path_look_time(void);

/* The path led to the file, whose status is this. Pure. */
void path_look_note(struct path_look *look, const struct path_look_time *time, const struct stat *status);

/* May the file's status by its descriptor spare a look at the path now? Does it? */
bool path_look_may_hold(const struct path_look *look, int64_t now);
bool path_look_holds(const struct path_look *look, const struct stat *status);

/* This process has given something another name, perhaps a folder: no look holds any more. Any thread. */
void path_look_moved(void);

#endif
