/* site_locks.c - takes the lock, and finds those of other processes. Two connections of a process that have the same byte lose it
 * with the first that ends: a hint less. */
#include "locking/site_locks.h"

#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"

#include <errno.h>
#include <fcntl.h>

/* Of the first reservation's length, the second one's, by powers of two; each further one has half of the one before. */
#define SECOND 2

/* So many times as long as a reservation, one that was seen to read on counts for the next ones. */
#define SEEN_FOR 3
#define MILLISECOND INT64_C(1000000)
#define MARGIN 8
#define MOST_NEEDS ((1u << RESERVATION_NEEDS_BITS) - 1)

static uint32_t text_of(const struct file_shim *shim)
{
	return atomic_load_explicit(&shim->reservation.site->text, memory_order_relaxed) % SITE_LOCK_TEXTS;
}

static bool is_of_interest(const struct file_shim *shim)
{
	return shim->reservation.site && shim->files.shm_fd >= 0 && !read_site_has_written(shim->reservation.site);
}

static bool lock(struct file_shim *shim, off_t byte)
{
	int saved = errno;
	bool locked = fcntl_lock_set(shim->files.shm_fd, F_SETLK, F_RDLCK, byte, 1);

	errno = saved;
	return locked;
}

/* Is what was seen of a reservation that lapsed at this word, or its low bits, of any use still? */
static bool is_recent(const struct file_shim *shim, int64_t word)
{
	int64_t now = shim->handoff.system->now() / MILLISECOND, ago = (now - word) & (SITE_LOCK_WORDS - 1);

	return ago < SEEN_FOR * reservation_length() / MILLISECOND;
}

/* The number of a byte that another process has, at least this one; -1 for none. Of neighbours that one process has the kernel
 * makes one lock. */
static int find(const struct file_shim *shim, int least, int *before, struct told_text *told)
{
	off_t first = site_lock_byte(text_of(shim), 0, 0), from = site_lock_byte(text_of(shim), least, 0);
	off_t last = site_lock_byte(text_of(shim), SITE_LOCK_WRITES, SITE_LOCK_WORDS - 1), end;
	struct flock found;
	int number;

	if (!fcntl_lock_find(shim->files.shm_fd, F_GETLK, F_WRLCK, from, last + 1 - from, &found) || found.l_type != F_RDLCK)
		return -1;
	end = found.l_start + found.l_len - 1;
	end = (end < last ? end : last) - first;
	number = (int)(end / SITE_LOCK_WORDS);
	if (found.l_pid > 0 && lock_owner_is_stopped(found.l_pid))
		return number;
	if (number == SITE_LOCK_WRITES)
		told->needs = (uint32_t)(end % SITE_LOCK_WORDS);
	if (number == SITE_LOCK_WRITES || number < SITE_LOCK_SEEN)
		*before = number;
	else if (is_recent(shim, end % SITE_LOCK_WORDS) && *before < number - SITE_LOCK_SEEN)
		*before = number - SITE_LOCK_SEEN;
	return number;
}

/* How many there were before the last one that counts; -1 if none does, SITE_LOCK_WRITES if one has written. */
static int find_last(const struct file_shim *shim, struct told_text *told)
{
	int before = -1, number = 0, saved = errno;

	while (number <= SITE_LOCK_WRITES && (number = find(shim, number, &before, told)) >= 0)
		number++;
	errno = saved;
	return before;
}

/* 4, 6, 8, 12, 16, … 512 milliseconds, or as long as it lasts. */
static int64_t length_of(uint32_t needs)
{
	return needs < MOST_NEEDS ? (2 + (int64_t)needs % 2) * 2 * MILLISECOND << needs / 2 : INT64_MAX;
}

/* Where nobody of its own process and of those that share its memory has written, it has as long as others need. */
static int64_t length_told(struct file_shim *shim, int64_t length, struct told_text told)
{
	int64_t needs = length_of(told.needs);

	shim->reservation.site_before = 0;
	site_memory_told(shim, told);
	return read_site_writes(shim->reservation.site) || length < needs ? length : needs;
}

int64_t site_lock_length(struct file_shim *shim, int64_t length)
{
	struct reservation *reservation = &shim->reservation;
	struct told_text told;
	int last = -1;

	if (!reservation->site || shim->files.shm_fd < 0)
		return length;
	told.text = text_of(shim);
	if (site_memory_tells(shim, &told))
		return length_told(shim, length, told);
	if (is_of_interest(shim))
		last = find_last(shim, &told);
	if (last == SITE_LOCK_WRITES)
		return length_told(shim, length, told);
	reservation->site_before = (uint8_t)(last + 1 < SITE_LOCK_MANY ? last + 1 : SITE_LOCK_MANY);
	return last < 0 ? length : length >> (SECOND + reservation->site_before - 1);
}

void site_lock_take(struct file_shim *shim)
{
	off_t byte;

	if (!is_of_interest(shim))
		return;
	byte = site_lock_byte(text_of(shim), shim->reservation.site_before, shim->reservation.word);
	if (lock(shim, byte))
		shim->reservation.site_lock = byte;
}

/* Somewhat longer than it took to its write. */
static uint32_t needs_of(const struct file_shim *shim)
{
	int64_t took = shim->handoff.system->now() - shim->reservation.since;
	uint32_t needs = 0;

	while (needs < MOST_NEEDS && length_of(needs) < took + took / MARGIN)
		needs++;
	return needs;
}

void site_lock_wrote(struct file_shim *shim)
{
	const struct reservation *reservation = &shim->reservation;
	struct told_text told = {.text = reservation->site ? text_of(shim) : 0};
	bool among_others = reservation->site_lock && reservation->site_before > 0;

	if (reservation->site && (among_others || site_memory_tells(shim, &told))) {
		told.needs = needs_of(shim);
		site_memory_told(shim, told);
	}
	if (reservation->site_lock)
		site_lock_release(shim);
}

void site_lock_release(struct file_shim *shim)
{
	off_t byte = shim->reservation.site_lock;
	int saved = errno;

	if (byte && shim->files.shm_fd >= 0)
		fcntl_lock_set(shim->files.shm_fd, F_SETLK, F_UNLCK, byte, 1);
	shim->reservation.site_lock = 0;
	errno = saved;
}
