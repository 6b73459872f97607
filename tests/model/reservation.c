/* reservation.c - explores all interleavings of three processes that follow the protocol of shim/locking/reservation.c.
 *
 * reservation [RACE]
 *
 * Each runs a transaction that reads and then writes, with a reservation, or one that writes at once: explored for none to three of
 * the latter. Each step is one that the others see: a look at the header, a lock, a look at the word. Once, anywhere, a process may
 * be killed, or be so slow that its reservation lapses.
 *
 * What must hold: no transaction that has a reservation, and has not lapsed, fails when it writes; no snapshot that is written on
 * is an old one; every process that is not killed ends. With RACE one of the answers to the races is left out (retry: a
 * reservation is not kept while SQLite takes its read lock again; look: a writer does not look again once it has the lock; wait:
 * the owner does not wait for another one's look; owner: it does not look again at its own), and the program says how that fails.
 * Exits with 1 if something failed. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESSES 3
#define FREE PROCESSES

enum step {
	/* of a transaction that reserves */
	HEADER,       /* SQLite reads the header */
	LOOK_FIRST,   /* is there a reservation? */
	LOCK_TO_LOOK, /* the write lock, to see that nobody writes */
	LOOK_AGAIN,   /* did another one reserve meanwhile? */
	RESERVE,      /* the word */
	UNLOCK_LOOK,  /* the write lock back */
	READ_LOCK,    /* SQLite compares the header, and takes its read lock or starts again */
	READ,         /* it has its snapshot */
	OWN_LOOK,     /* it writes: is the reservation its own still? */
	OWN_LOCK,     /* the write lock */
	OWN_AGAIN,    /* is it still? */
	OWN_CHECK,    /* SQLite: is the snapshot the last one? */
	/* of one that writes at once, and the end of both */
	WRITER_LOOK,  /* is there a reservation? */
	WRITER_LOCK,  /* the write lock */
	WRITER_AGAIN, /* did another one reserve meanwhile? */
	WRITER_BACK,  /* … the lock back */
	COMMIT,       /* the header changes */
	UNLOCK,       /* the write lock back */
	DONE,
	KILLED,
};

struct process {
	uint8_t step, header, snapshot, reads, has_word, has_lapsed;
};

struct state {
	struct process process[PROCESSES];
	uint8_t header, lock, word; /* of the -shm; who has the lock, and the reservation */
	uint8_t mishaps;            /* how many processes were killed, or slow */
};

static bool without_retry, without_look, without_wait, without_owner_look;
#include "explore.h"

static void drop_word(struct state *s, int p)
{
	if (s->process[p].has_word && s->word == p)
		s->word = FREE;
	s->process[p].has_word = false;
}

static bool has_lapsed(const struct state *s)
{
	return s->word != FREE && (s->process[s->word].step == KILLED || s->process[s->word].has_lapsed);
}

static bool is_blocked(const struct state *s, int p)
{
	return s->word != FREE && s->word != p && !has_lapsed(s);
}

/* SQLite compares what it read with what is there. */
static void read_lock(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->header == s->header) {
		me->snapshot = s->header;
		me->reads = true;
		me->step = READ;
		return;
	}
	/* it gives the read lock back, which looks like the end of the transaction */
	if (without_retry)
		drop_word(s, p);
	me->header = s->header;
	me->step = READ_LOCK;
}

static void own_look(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->word == p) {
		me->step++;
		return;
	}
	if (!me->has_lapsed)
		failed = "a reservation was lost that did not lapse";
	if (s->lock == p)
		s->lock = FREE;
	me->has_word = false;
	me->step = WRITER_LOOK;
}

static void own_lock(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->lock == FREE) {
		s->lock = (uint8_t)p;
		me->step = without_owner_look ? OWN_CHECK : OWN_AGAIN;
	} else if (me->has_lapsed) {
		/* a writer has it: SQLITE_BUSY, and the transaction is rolled back */
		drop_word(s, p);
		me->step = DONE;
	} else if (without_wait) {
		failed = "SQLITE_BUSY to a transaction with a reservation: another one only looked at the lock";
	}
}

static void own_check(struct state *s, int p)
{
	bool is_old = s->process[p].snapshot != s->header;

	if (is_old && !s->process[p].has_lapsed)
		failed = "SQLITE_BUSY_SNAPSHOT to a transaction that did not lapse";
	drop_word(s, p);
	s->process[p].step = is_old ? UNLOCK : COMMIT;
}

/* One step of p. False if it cannot take one now. */
static bool advance(struct state *s, int p)
{
	struct process *me = &s->process[p];

	switch (me->step) {
	case HEADER:
		me->header = s->header;
		me->step = LOOK_FIRST;
		return true;
	case LOOK_FIRST:
	case WRITER_LOOK:
		if (is_blocked(s, p))
			return false;
		me->step++;
		return true;
	case LOCK_TO_LOOK:
	case WRITER_LOCK:
		if (s->lock != FREE)
			return false;
		s->lock = (uint8_t)p;
		me->step++;
		if (me->step == WRITER_AGAIN && without_look)
			me->step = me->reads ? OWN_CHECK : COMMIT;
		return true;
	case LOOK_AGAIN:
		if (is_blocked(s, p)) {
			s->lock = FREE;
			me->step = LOOK_FIRST;
		} else {
			me->step = RESERVE;
		}
		return true;
	case RESERVE:
		s->word = (uint8_t)p;
		me->has_word = true;
		me->step = UNLOCK_LOOK;
		return true;
	case UNLOCK_LOOK:
		s->lock = FREE;
		me->step = READ_LOCK;
		return true;
	case READ_LOCK:
		read_lock(s, p);
		return true;
	case READ:
		me->step = OWN_LOOK;
		return true;
	case OWN_LOOK:
	case OWN_AGAIN:
		own_look(s, p);
		return true;
	case OWN_LOCK:
		own_lock(s, p);
		return me->step != OWN_LOCK;
	case OWN_CHECK:
		own_check(s, p);
		return true;
	case WRITER_AGAIN:
		me->step = is_blocked(s, p) ? WRITER_BACK : me->reads ? OWN_CHECK : COMMIT;
		return true;
	case WRITER_BACK:
		s->lock = FREE;
		me->step = WRITER_LOOK;
		return true;
	case COMMIT:
		s->header++;
		me->step = UNLOCK;
		return true;
	case UNLOCK:
		s->lock = FREE;
		me->step = DONE;
		return true;
	default:
		return false;
	}
}

/* A process that is killed gives its locks back, and leaves its word. */
static bool kill_one(struct state *s, int p)
{
	if (s->mishaps || s->process[p].step == DONE)
		return false;
	s->mishaps++;
	s->process[p].step = KILLED;
	if (s->lock == p)
		s->lock = FREE;
	return true;
}

static bool lapse_one(struct state *s, int p)
{
	if (s->mishaps || !s->process[p].has_word)
		return false;
	s->mishaps++;
	s->process[p].has_lapsed = true;
	return true;
}

int main(int argc, char **argv)
{
	struct state start = {.lock = FREE, .word = FREE};
	const char *race = argc > 1 ? argv[1] : "";

	without_retry = strcmp(race, "retry") == 0;
	without_look = strcmp(race, "look") == 0;
	without_wait = strcmp(race, "wait") == 0;
	without_owner_look = strcmp(race, "owner") == 0;
	if (*race && !without_owner_look && !without_retry && !without_look && !without_wait)
		return 2;
	if (!explore_begin())
		return 2;
	for (int writers = 0; writers <= PROCESSES; writers++) {
		explore(&start);
		if (writers < PROCESSES)
			start.process[writers].step = WRITER_LOOK;
	}
	return explore_end(race);
}
