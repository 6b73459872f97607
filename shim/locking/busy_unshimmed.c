/* busy_unshimmed.c - how long a connection without a shim waits. */
#include "locking/busy_unshimmed.h"

#include "base/glibc.h"
#include "base/log.h"
#include "connection/registry.h"
#include "locking/futex.h"
#include "locking/lock_owner.h"
#include "locking/reservation.h"
#include "locking/waiters.h"
#include "locking/wal_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECOND INT64_C(1000000)

/* Two calls further apart belong to two waits. */
#define ONE_WAIT (100 * MILLISECOND)

/* Sleeps are doubled from one to the next. SQLite's own get up to 100 ms. */
#define SLEEP_MIN MILLISECOND
#define SLEEP_DOUBLINGS 4 /* 16 ms */

/* So long before the program's own timeout it is looked first who is in the way, so that it is known by then. */
#define LOOKS (64 * MILLISECOND)

/* Descriptors above are not looked at. */
#define DESCRIPTORS 1024

static bool leads_to(int fd, const struct stat *file)
{
	struct stat status;

	return fd >= 0 && glibc_fstat(fd, &status) == 0 && status.st_ino == file->st_ino && status.st_dev == file->st_dev;
}

static bool find_file(const char *path, const char *suffix, struct stat *out)
{
	/* a thread's stack may be just large enough for SQLite */
	char *name = malloc(strlen(path) + strlen(suffix) + 1);
	bool found = name && glibc_stat(strcat(strcpy(name, path), suffix), out) == 0;

	free(name);
	return found;
}

/* Any descriptor of the process that leads to the file does for asking who has locks on it. Where it lies in a file object of
 * another VFS nobody knows. Returns -1 if there is none. */
static int find_descriptor(const char *path, const char *suffix, int last)
{
	struct stat file;

	if (!find_file(path, suffix, &file))
		return -1;
	if (leads_to(last, &file))
		return last;
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if (leads_to(fd, &file))
			return fd;
	return -1;
}

/* Has another process the write lock? Its readers are not in the way of who wants that. */
static bool has_other_owner(const struct connection *connection, struct busy_unshimmed *busy)
{
	busy->fd = find_descriptor(connection->path, "", busy->fd);
	busy->shm_fd = find_descriptor(connection->path, "-shm", busy->shm_fd);
	return lock_owner_find(&(struct wal_files){.fd = busy->fd, .shm_fd = busy->shm_fd}, false).lock;
}

static enum holder_kind look(const struct connection *connection, struct busy_unshimmed *busy, int64_t now)
{
	int saved = errno;
	enum holder_kind kind;

	if (own_wait_is_due(&busy->own_wait, now, busy->began)) {
		kind = own_wait_find(connection, connection->inode);
		if (kind != HOLDER_ELSEWHERE && has_other_owner(connection, busy))
			kind = HOLDER_ELSEWHERE;
		own_wait_note(&busy->own_wait, kind);
		errno = saved;
	}
	return own_wait_kind(&busy->own_wait);
}

/* When the wait ends without the lock. A pool may well have threads enough for the holder to go on. */
static int64_t deadline_of(const struct connection *connection, struct busy_unshimmed *busy, int64_t now)
{
	int64_t asked = connection->busy.asked * MILLISECOND, timeout = connection->busy.timeout * MILLISECOND;

	if (busy_slot_is_interrupted(&busy->slot) && timeout > connection->busy.own * MILLISECOND)
		timeout = connection->busy.own * MILLISECOND;
	if (timeout > asked && now - busy->began >= asked - LOOKS) {
		switch (look(connection, busy, now)) {
		case HOLDER_OF_THREAD:
			timeout = asked;
			break;
		case HOLDER_POOLED:
			timeout = monotonic_later(asked, reservation_length());
			break;
		default:
			break;
		}
	}
	return busy->began + timeout;
}

/* Up to the deadline; to where the program's own would be, first. */
static void sleep_once(const struct connection *connection, const struct busy_unshimmed *busy, int64_t now, int64_t deadline,
		       int count)
{
	int64_t asked = busy->began + connection->busy.asked * MILLISECOND;
	int64_t until = now + (SLEEP_MIN << (count < SLEEP_DOUBLINGS ? count : SLEEP_DOUBLINGS));
	struct waiter *waiter;

	if (now < asked)
		until = monotonic_earlier(until, asked);
	waiter = waiters_enter(holder_thread(), connection->inode, &busy->holder);
	monotonic_sleep(monotonic_earlier(until, deadline));
	waiters_leave(waiter);
	/* as SQLite's own sleep is */
	glibc_testcancel();
}

/* SQLite calls this when a lock is taken; count says how often in this wait. 0 gives up: SQLITE_BUSY. */
static int on_busy(void *db, int count)
{
	const struct connection *connection = registry_find(db);
	struct busy_unshimmed *busy = connection ? connection->unshimmed : NULL;
	int64_t now = monotonic_now(), deadline;

	if (!busy)
		return 0;
	/* sqlite3_backup_step() goes on with the number of the last wait, whenever that was */
	if (count == 0 || now - busy->polled > ONE_WAIT)
		busy->began = now;
	deadline = deadline_of(connection, busy, now);
	if (now < deadline)
		sleep_once(connection, busy, now, deadline, count);
	else
		log_write(
			LOG_INFO, "%s: SQLITE_BUSY after a wait of %.3f s%s", connection->path, (double)(now - busy->began) / 1e9,
			own_wait_kind(&busy->own_wait) == HOLDER_ELSEWHERE
				? ""
				: "; no other process has the lock, and a transaction on another connection of this one cannot go "
				  "on meanwhile");
	busy->polled = monotonic_now();
	return now < deadline;
}

void busy_unshimmed_prepare(struct connection *connection)
{
	struct busy_unshimmed *busy = calloc(1, sizeof(*busy));

	if (!busy)
		return;
	holder_start(&busy->holder);
	busy->fd = busy->shm_fd = -1;
	connection->unshimmed = busy;
}

int busy_unshimmed_set_timeout(struct connection *connection, int milliseconds)
{
	struct busy_unshimmed *busy = connection->unshimmed;

	return busy_slot_set_timeout(&busy->slot, connection->sqlite, connection->db, milliseconds, on_busy, connection->db);
}

bool busy_unshimmed_is_replaced(const struct connection *connection)
{
	const struct busy_unshimmed *busy = connection->unshimmed;

	return busy_slot_has_sqlites(&busy->slot, connection->db);
}

bool busy_unshimmed_is(int (*handler)(void *, int))
{
	return handler == on_busy;
}

int busy_unshimmed_timeout(const struct connection *connection)
{
	const struct busy_unshimmed *busy = connection->unshimmed;

	return *busy->slot.pragma_timeout;
}

void busy_unshimmed_give_back(struct connection *connection)
{
	struct busy_unshimmed *busy = connection->unshimmed;

	if (busy)
		busy_slot_give_back(&busy->slot, connection->db, on_busy, connection->db);
}
