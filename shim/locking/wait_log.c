/* wait_log.c - writes the lines, seldom.
 *
 * In a wait the owner of the lock is looked for now and then, so that a line can say for how long one process has been seen with
 * it: from outside nobody can tell when it began. */
#include "locking/wait_log.h"

#include "base/glibc.h"
#include "base/interpreter_lock.h"
#include "base/log.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/lock_owner.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

/* Short waits cost no look; later ones come so far apart. */
#define FIRST_LOOK (100 * MILLISECOND)
#define LOOK_AGAIN (250 * MILLISECOND)
/* Of an owner that was not looked for in so long nobody knows what it did meanwhile. */
#define LOOK_LAPSES SECOND

#define SELDOM (60 * SECOND)

enum kind { KIND_BUSY, KIND_WAIT, KIND_TRANSACTION, KINDS };

struct seldom {
	_Atomic int64_t at; /* of the last line; 0 for none */
	atomic_uint unwritten;
};

/* May a line of this kind be written now? *unwritten becomes how many were not, since the last one. */
static bool is_time_for(enum kind kind, int64_t now, unsigned *unwritten)
{
	static struct seldom lines[KINDS];
	struct seldom *line = &lines[kind];
	int64_t last = atomic_load(&line->at);

	if ((last && now - last < SELDOM) || !atomic_compare_exchange_strong(&line->at, &last, now)) {
		atomic_fetch_add(&line->unwritten, 1);
		return false;
	}
	*unwritten = atomic_exchange(&line->unwritten, 0);
	return true;
}

static int64_t limit_of(enum setting setting)
{
	return settings_get(setting)->number * MILLISECOND;
}

static double seconds(int64_t time)
{
	return (double)time / (double)SECOND;
}

/* "" or " (3 more since the last such line)" */
static const char *describe_unwritten(unsigned unwritten, char *out, size_t size)
{
	if (unwritten)
		snprintf(out, size, " (%u more since the last such line)", unwritten);
	else
		*out = '\0';
	return out;
}

static bool is_writer(const struct file_shim *shim)
{
	return atomic_load_explicit(&shim->holder.holds, memory_order_relaxed) != NULL;
}

static void look(struct file_shim *shim, int64_t now)
{
	struct wait_log *log = &shim->wait_log;
	uint32_t changes = handoff_changes(&shim->handoff);
	struct lock_owner owner = {0};

	if (shim->files.inode)
		owner = lock_owner_find(&shim->files, is_writer(shim));
	if (now - log->looked_at > LOOK_LAPSES || owner.pid != log->owner || owner.lock != log->lock || changes != log->changes)
		log->owner_since = now;
	log->changes = changes;
	log->owner = owner.pid;
	log->lock = owner.lock;
	log->looked_at = now;
}

/* Was the file with this suffix written in the last `time` nanoseconds? The kernel's time of a file may be some milliseconds old.
 */
static bool is_written(const struct file_shim *shim, const char *suffix, int64_t time)
{
	char *name = shim->files.path ? wal_files_join(shim->files.path, suffix) : NULL;
	struct timespec now;
	struct stat status;
	bool written = false;

	clock_gettime(CLOCK_REALTIME, &now);
	if (name && glibc_stat(name, &status) == 0)
		written = (now.tv_sec - status.st_mtim.tv_sec) * SECOND + now.tv_nsec - status.st_mtim.tv_nsec < time;
	free(name);
	return written;
}

static void describe_owner(const struct file_shim *shim, int64_t now, char *out, size_t size)
{
	const struct wait_log *log = &shim->wait_log;
	const char *suffix = shim->handoff.shm ? "-wal" : "-journal";
	enum holder_kind kind = holder_find(&shim->holder, shim->handoff.shm, 0);
	uint32_t word = reservation_word(shim->handoff.shm);
	char process[128];

	if (kind == HOLDER_ELSEWHERE && word)
		kind = holder_find(&shim->holder, shim->handoff.shm, word);
	if (log->lock) {
		lock_owner_describe(log->owner, process, sizeof(process));
		snprintf(out, size, "%s has held %s for %.1f s or longer and %s %s in that time", process, log->lock,
			 seconds(now - log->owner_since),
			 is_written(shim, suffix, now - log->owner_since) ? "has written to" : "has not written to", suffix);
	} else if (shim->handoff.shm && kind != HOLDER_ELSEWHERE) {
		snprintf(out, size, "another connection of this process holds the write lock%s",
			 kind != HOLDER_OF_THREAD     ? ""
			 : interpreter_lock_is_held() ? ", and waits itself for Ruby, whose lock the thread that waits has"
						      : ", and the thread that waits is its own");
	} else {
		snprintf(out, size, "no other process holds a lock now%s",
			 shim->busy.own_wait.kind == HOLDER_OF_THREAD
				 ? "; the thread that waits has a transaction on another connection, which may"
				 : "");
	}
}

static void write_wait(struct file_shim *shim, enum busy_purpose purpose, enum kind kind, int64_t waited)
{
	const struct wait_log *log = &shim->wait_log;
	uint32_t others = log->changes - log->wait[purpose].changes;
	char owner[320], commits[64] = "", tail[64];
	unsigned unwritten;

	if (!is_time_for(kind, log->looked_at, &unwritten))
		return;
	describe_owner(shim, log->looked_at, owner, sizeof(owner));
	if (others)
		snprintf(commits, sizeof(commits), "; others have committed %u times meanwhile", others);
	log_write(LOG_WARN, "%s: %s %.1f s: %s%s%s", file_shim_path(shim),
		  kind == KIND_BUSY ? "SQLITE_BUSY after a wait of" : "has waited for", seconds(waited), owner, commits,
		  describe_unwritten(unwritten, tail, sizeof(tail)));
}

void wait_log_polled(struct file_shim *shim, enum busy_purpose purpose, bool is_new, enum wait_end end)
{
	struct wait_log *log = &shim->wait_log;
	int64_t now = shim->busy.polled[purpose], waited = now - shim->busy.began[purpose], limit;
	int saved = errno;

	if (is_new) {
		log->wait[purpose].changes = handoff_changes(&shim->handoff);
		log->wait[purpose].written = false;
	}
	if ((waited < FIRST_LOOK && end != WAIT_ENDS_BUSY) || end == WAIT_ENDS_OTHERWISE)
		return;
	limit = limit_of(SETTING_LOG_WAIT);
	if (!limit)
		return;
	if (now - log->looked_at >= LOOK_AGAIN || end == WAIT_ENDS_BUSY)
		look(shim, now);
	if (end == WAIT_ENDS_BUSY)
		write_wait(shim, purpose, KIND_BUSY, waited);
	else if (waited >= limit && !log->wait[purpose].written)
		write_wait(shim, purpose, KIND_WAIT, waited);
	log->wait[purpose].written |= waited >= limit;
	errno = saved;
}

void wait_log_released(const struct file_shim *shim, int64_t held, bool changed, bool others_waited)
{
	int64_t limit = limit_of(SETTING_LOG_TRANSACTION);
	char tail[64];
	unsigned unwritten;
	int saved = errno;

	if (!limit || held < limit || !is_time_for(KIND_TRANSACTION, monotonic_now(), &unwritten))
		return;
	log_write(LOG_WARN, "%s: a transaction held the write lock for %.1f s%s and %s%s%s", file_shim_path(shim), seconds(held),
		  others_waited ? " while others waited," : "", changed ? "committed changes" : "committed nothing",
		  others_waited && !changed ? ". SQLPROD_BEGIN=reserve lets such a transaction read without it" : "",
		  describe_unwritten(unwritten, tail, sizeof(tail)));
	errno = saved;
}
