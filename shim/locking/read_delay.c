/* read_delay.c - the word of the -shm that delays reads, and the wait for it. */
#include "locking/read_delay.h"

#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/wal_index.h"

#include <stdatomic.h>

#define WORD 132
#define STATES UINT32_C(15)

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

/* A time further away is none. */
#define FAR_AWAY (600 * SECOND)
/* A commit may copy for some time, or wait for the disk, before the next one. */
#define AFTER_COMMIT (500 * MILLISECOND)
#define LONGEST (3 * SECOND)
/* For so long readers are taken to be as long as those that were met. */
#define ALIKE (10 * SECOND)
#define POLL (MILLISECOND / 2)
/* Who has waited for long looks less often: all of its kind do meanwhile. */
#define POLL_PART 16
#define POLL_MAX (8 * MILLISECOND)

static _Atomic uint32_t *word_of(const char *shm)
{
	return (_Atomic uint32_t *)(uintptr_t)(shm + WORD);
}

void read_delay_write_tried(struct file_shim *shim)
{
	shim->read_delay.wants_write = true;
}

void read_delay_read_ended(struct file_shim *shim)
{
	struct read_delay *delay = &shim->read_delay;

	delay->writes = delay->wants_write;
	delay->wants_write = false;
	delay->until = 0;
}

/* For how long still: 0 if it is over, or none. */
static int64_t left_of(const char *shm, int64_t now)
{
	uint32_t left = (atomic_load(word_of(shm)) & ~STATES) - (uint32_t)(now / MILLISECOND);

	return left < FAR_AWAY / MILLISECOND ? left * MILLISECOND : 0;
}

bool read_delay_is_set(const char *shm, int64_t now)
{
	return left_of(shm, now) > 0;
}

bool read_delay_lets_write(const char *shm)
{
	return (atomic_load(word_of(shm)) & READS_LET_WRITE) != 0;
}

static bool has_ended(const char *shm, int64_t now, uint32_t states, int64_t ago)
{
	uint32_t word = atomic_load(word_of(shm)), since = (uint32_t)(now / MILLISECOND) - (word & ~STATES);

	return (word & states) && since < ago / MILLISECOND;
}

bool read_delay_failed(const char *shm, int64_t now)
{
	return has_ended(shm, now, READERS_STAYED, FAR_AWAY);
}

bool read_delay_met_longer(const char *shm, int64_t now)
{
	return read_delay_failed(shm, now) || has_ended(shm, now, READERS_LONGER, ALIKE);
}

void read_delay_set(const char *shm, int64_t until, enum read_delay_state state)
{
	if (wal_index_get(shm, 0) == WAL_INDEX_FORMAT)
		atomic_store(word_of(shm), ((uint32_t)(until / MILLISECOND) & ~STATES) | (uint32_t)state);
}

void read_delay_note_longer(const char *shm, int64_t now)
{
	read_delay_set(shm, now, READERS_LONGER | (atomic_load(word_of(shm)) & READERS_STAYED));
}

void read_delay_extend(struct file_shim *shim, int64_t now)
{
	struct read_delay *delay = &shim->read_delay;

	if (!delay->since) {
		delay->since = now;
		delay->frames = wal_index_frames(shim->handoff.shm);
	}
	read_delay_set(shim->handoff.shm, now + AFTER_COMMIT, READS_LET_WRITE);
}

bool read_delay_is_own(struct file_shim *shim)
{
	if (!read_delay_lets_write(shim->handoff.shm))
		shim->read_delay.since = 0;
	return shim->read_delay.since != 0;
}

bool read_delay_is_over(const struct file_shim *shim, uint32_t frames)
{
	return shim->read_delay.since && frames < shim->read_delay.frames;
}

void read_delay_end(struct file_shim *shim, int64_t until, enum read_delay_state state)
{
	if (read_delay_is_own(shim))
		read_delay_set(shim->handoff.shm, until, state);
	shim->read_delay.since = 0;
}

/* A connection that this thread writes by commits nothing while the thread waits, and one that it reads by ends no read. */
static bool is_no_own_delay(struct file_shim *other, void *argument)
{
	return !file_shim_is_of_thread(argument, other) || !(other->read_delay.since || other->has_read_lock);
}

static int64_t next_look(int64_t began, int64_t now, int64_t end)
{
	int64_t poll = (now - began) / POLL_PART;

	poll = poll < POLL ? POLL : poll > POLL_MAX ? POLL_MAX : poll;
	return now + poll < end ? now + poll : end;
}

bool read_delay_wait(struct file_shim *shim)
{
	struct read_delay *delay = &shim->read_delay;
	uint32_t states = delay->writes ? READS_WAIT : READS_WAIT | READS_LET_WRITE;
	const char *shm = shim->handoff.shm;
	int64_t now, began, end;

	if (!shm || !(atomic_load(word_of(shm)) & states) || !wal_files_each(is_no_own_delay, shim))
		return false;
	began = now = monotonic_now();
	if (!delay->until)
		delay->until = now + LONGEST;
	for (; now < delay->until && (atomic_load(word_of(shm)) & states) && read_delay_is_set(shm, now); now = monotonic_now()) {
		end = now + left_of(shm, now);
		monotonic_sleep(next_look(began, now, end < delay->until ? end : delay->until));
	}
	return now != began;
}
