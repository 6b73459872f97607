/* shared_write.c - explores all interleavings of three processes that follow shim/locking/shared_write.h and reservation.c.
 *
 * shared_write [RACE]
 *
 * Each is one of: a plain BEGIN that shares the write lock, reserves, reads and writes; a BEGIN DEFERRED that reserves without
 * sharing; a writer that writes at once; a writer without the library, which knows but SQLite's own lock. All mixtures of three are
 * explored. Each step is one that the others see. Once, anywhere, a process may be killed, or be so slow that its word lapses. At
 * any time another thread of its process may give back what a transaction shares that idles or has lapsed, between two calls
 * (shim/locking/idle_lock.h).
 *
 * What must hold: no two have the write lock; no transaction that has a reservation, and has not lapsed, fails when it writes, if
 * all others have the library or it shares the lock; every process that is not killed can end. With RACE one part of the protocol
 * is left out (second: writers who share take no second lock; claim: they do not claim the word; share: who does not share reserves
 * without a look at the lock, too; again: who claims does not look at the word again; due: what a transaction shares is given back
 * before its reservation lapses; call: in the midst of a call, too; own: a writer takes the lock that it shares to itself though
 * others share it; renew: what waits for another's look at the lock does not renew its word), and the program says how that fails.
 * Exits with 1 if something failed. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESSES 3
#define FREE PROCESSES

enum kind { PLAIN, DEFERRED, WRITER, OUTSIDE, KINDS };

enum step {
	BEGIN,       /* shares the write lock if nobody has it alone */
	HEADER,      /* SQLite reads the header */
	RESERVE,     /* no word: takes it at once if it shares; else looks at the lock first */
	LOOK_ALONE,  /* the write lock, to see that nobody writes */
	LOOK_SHARED, /* … shared */
	LOOK_SECOND, /* … and the second one */
	LOOK_WORD,   /* nobody reserved meanwhile: the word */
	LOOK_BACK,   /* the lock back */
	SHARE,       /* shares the lock again if it waited */
	READ_LOCK,   /* SQLite compares the header, and takes its read lock or starts again */
	OWN_LOOK,    /* it writes: is the reservation its own still? */
	LOCK_OWN,    /* the lock that it shares to itself, if nobody else shares it */
	LOCK_ALONE,  /* the write lock */
	LOCK_SHARED, /* … shared */
	LOCK_SECOND, /* … and the second one */
	LOCK_WORD,   /* is nothing reserved by another? claims the word if the lock is shared */
	CHECK,       /* SQLite: is the snapshot the last one? */
	COMMIT,      /* the header changes */
	UNCLAIM,     /* the word */
	UNLOCK,      /* the second lock, or the one alone */
	UNSHARE,
	DONE,
	KILLED,
};

enum hold { NONE, ALONE, SECOND, OWN };

struct process {
	uint8_t kind, step, header, snapshot, reads, hold, has_word, has_lapsed;
	uint8_t has_begun, shares; /* the lock, since its BEGIN; at all */
	uint8_t is_safe;           /* it shares the lock since before its snapshot */
	uint8_t is_over;           /* its word has lapsed; has_lapsed: by its own fault */
};

struct state {
	struct process process[PROCESSES];
	uint8_t header, word, mishaps;
	uint8_t own_claims; /* who has the lock to itself claims the word, too: it may do so */
};

static const char *race = "";

#define GIVES_BACK
#include "explore.h"

static bool without(const char *part)
{
	return strcmp(race, part) == 0;
}

static bool anybody(const struct state *s, int except, enum hold hold)
{
	for (int p = 0; p < PROCESSES; p++)
		if (p != except && s->process[p].hold == hold)
			return true;
	return false;
}

/* Who has it alone, or the one that it shared to itself, has SQLite's lock for writing. */
static bool anybody_alone(const struct state *s, int except)
{
	return anybody(s, except, ALONE) || anybody(s, except, OWN);
}

static bool anybody_shares(const struct state *s, int except)
{
	for (int p = 0; p < PROCESSES; p++)
		if (p != except && s->process[p].shares)
			return true;
	return false;
}

static bool has_lapsed(const struct state *s)
{
	return s->word != FREE && (s->process[s->word].step == KILLED || s->process[s->word].is_over);
}

static bool is_blocked(const struct state *s, int p)
{
	return s->word != FREE && s->word != p && !has_lapsed(s);
}

static void take(struct state *s, int p, enum hold hold)
{
	if (anybody_alone(s, p) || anybody(s, p, SECOND))
		failed = "two have the write lock";
	s->process[p].hold = hold;
}

/* The lock back; a plain BEGIN goes on sharing, unless it had the lock to itself. */
static void give_back(struct process *me)
{
	if (me->hold == OWN)
		me->has_begun = false;
	me->hold = NONE;
	me->shares = me->has_begun;
}

/* Who shares the lock, has a reservation and wants to write waits, and renews the word if it is its own still. */
static bool renew(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->step != LOCK_SECOND || s->word != p || !me->has_word || !me->is_over || without("renew"))
		return false;
	me->is_over = false;
	return true;
}

/* Three steps: alone, or shared and the second one. False if the lock is taken. */
static bool lock(struct state *s, int p, enum step alone)
{
	struct process *me = &s->process[p];

	if (me->step == alone) {
		if (me->has_begun) {
			me->step += 2;
		} else if (!anybody_alone(s, p) && !anybody_shares(s, p)) {
			take(s, p, ALONE);
			me->step += 3;
		} else if (me->kind != OUTSIDE && !anybody_alone(s, p)) {
			me->step++;
		} else {
			return false;
		}
		return true;
	}
	if (me->step == alone + 1) {
		if (anybody_alone(s, p)) {
			me->step = alone;
		} else {
			me->shares = true;
			me->step++;
		}
		return true;
	}
	if (anybody(s, p, SECOND) && !without("second")) {
		if (me->has_begun)
			return renew(s, p);
		me->shares = false;
		me->step = alone;
		return true;
	}
	take(s, p, SECOND);
	me->step++;
	return true;
}

static bool reserve(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (is_blocked(s, p)) {
		/* who waits does not share */
		if (!me->has_begun)
			return false;
		me->has_begun = me->shares = false;
		return true;
	}
	if (s->word == FREE && (me->has_begun || without("share"))) {
		s->word = (uint8_t)p;
		me->has_word = true;
		me->step = SHARE;
	} else {
		me->step = LOOK_ALONE;
	}
	return true;
}

static void read_lock(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->header != s->header) {
		me->header = s->header;
		return;
	}
	me->snapshot = s->header;
	me->reads = 1;
	me->is_safe = me->has_begun;
	me->step = OWN_LOOK;
}

/* The write lock is had: whose is the word? */
static void lock_word(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->kind == OUTSIDE) {
		me->step = CHECK;
		return;
	}
	if (me->has_word && s->word != p) {
		if (!me->has_lapsed)
			failed = "a reservation was lost that did not lapse";
		me->has_word = false;
	}
	if (is_blocked(s, p) && !(me->hold == SECOND && without("again"))) {
		give_back(me);
		/* SQLite does not wait for that in a transaction that has read and lapsed: it may fail */
		me->step = me->kind == WRITER ? LOCK_ALONE : UNSHARE;
		return;
	}
	if ((me->hold == SECOND && !without("claim")) || (me->hold == OWN && s->own_claims))
		s->word = (uint8_t)p;
	else if (s->word == p)
		s->word = FREE;
	me->step = CHECK;
}

static bool others_have_library(const struct state *s)
{
	for (int p = 0; p < PROCESSES; p++)
		if (s->process[p].kind == OUTSIDE)
			return false;
	return true;
}

static void check(struct state *s, int p)
{
	struct process *me = &s->process[p];
	bool is_old = me->reads && me->snapshot != s->header;

	if (is_old && me->has_word && !me->has_lapsed && (others_have_library(s) || me->is_safe))
		failed = "SQLITE_BUSY_SNAPSHOT to a transaction that did not lapse";
	me->has_word = false;
	me->step = is_old ? UNCLAIM : COMMIT;
}

/* One step of p. False if it cannot take one now. */
static bool advance(struct state *s, int p)
{
	struct process *me = &s->process[p];

	switch (me->step) {
	case BEGIN:
		me->has_begun = me->shares = !anybody_alone(s, p);
		me->step = HEADER;
		return true;
	case HEADER:
		me->header = s->header;
		me->step = RESERVE;
		return true;
	case RESERVE:
		return reserve(s, p);
	case LOOK_ALONE:
	case LOOK_SHARED:
	case LOOK_SECOND:
		return lock(s, p, LOOK_ALONE);
	case LOOK_WORD:
		if (is_blocked(s, p)) {
			give_back(me);
			me->step = RESERVE;
			return true;
		}
		s->word = (uint8_t)p;
		me->has_word = true;
		me->step = LOOK_BACK;
		return true;
	case LOOK_BACK:
		give_back(me);
		me->step = SHARE;
		return true;
	case SHARE:
		if (me->kind == PLAIN && !anybody_alone(s, p))
			me->has_begun = me->shares = true;
		me->step = READ_LOCK;
		return true;
	case READ_LOCK:
		read_lock(s, p);
		return true;
	case OWN_LOOK:
		if (me->has_word && s->word != p) {
			if (!me->has_lapsed)
				failed = "a reservation was lost that did not lapse";
			me->has_word = false;
		}
		me->step = me->has_begun && me->has_word ? LOCK_OWN : LOCK_ALONE;
		return true;
	case LOCK_OWN:
		if (!anybody_shares(s, p) || without("own")) {
			take(s, p, OWN);
			me->step = LOCK_WORD;
		} else {
			me->step = LOCK_ALONE;
		}
		return true;
	case LOCK_ALONE:
	case LOCK_SHARED:
	case LOCK_SECOND:
		if (me->step == LOCK_ALONE && me->kind != OUTSIDE && is_blocked(s, p)) {
			/* one that lapsed may fail, one that writes at once waits */
			if (me->kind == WRITER)
				return false;
			me->step = UNSHARE;
			return true;
		}
		return lock(s, p, LOCK_ALONE);
	case LOCK_WORD:
		lock_word(s, p);
		return true;
	case CHECK:
		check(s, p);
		return true;
	case COMMIT:
		s->header++;
		me->step = UNCLAIM;
		return true;
	case UNCLAIM:
		if (s->word == p && me->kind != OUTSIDE)
			s->word = FREE;
		me->step = UNLOCK;
		return true;
	case UNLOCK:
		give_back(me);
		me->step = UNSHARE;
		return true;
	case UNSHARE:
		me->has_begun = me->shares = false;
		if (s->word == p && me->has_word)
			s->word = FREE;
		me->step = DONE;
		return true;
	default:
		return false;
	}
}

/* A process that is killed gives its locks back, and leaves its word. */
static bool kill_one(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->mishaps || me->step == DONE)
		return false;
	s->mishaps++;
	me->step = KILLED;
	me->hold = NONE;
	me->has_begun = me->shares = false;
	return true;
}

/* Who waits for another's look, at which that one is stopped, is not slow itself. */
static bool lapse_one(struct state *s, int p)
{
	struct process *me = &s->process[p];
	bool waits = me->step == LOCK_SECOND && me->has_begun && me->has_word && anybody(s, p, SECOND);

	if (s->mishaps || s->word != p || me->is_over)
		return false;
	s->mishaps++;
	me->is_over = true;
	me->has_lapsed = !waits || !without("renew");
	return true;
}

/* The connection is between two calls: what comes next is the first step of one. */
static bool is_between_calls(const struct process *me)
{
	return me->step == HEADER || me->step == OWN_LOOK;
}

static bool give_back_one(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->kind != PLAIN || !me->has_begun || me->hold != NONE || me->step == DONE || me->step == KILLED)
		return false;
	if (without("call")) {
		/* the connection, which goes on, does not know */
		if (!me->shares)
			return false;
		me->shares = false;
		return true;
	}
	if (!is_between_calls(me) || (me->has_word && !me->has_lapsed && !without("due")))
		return false;
	me->has_begun = me->shares = false;
	return true;
}

static void start(const enum kind kinds[PROCESSES], bool own_claims)
{
	static const enum step first[KINDS] = {BEGIN, HEADER, LOCK_ALONE, LOCK_ALONE};
	struct state s = {.word = FREE, .own_claims = own_claims};

	for (int p = 0; p < PROCESSES; p++) {
		s.process[p].kind = (uint8_t)kinds[p];
		s.process[p].step = (uint8_t)first[kinds[p]];
	}
	explore(&s);
}

int main(int argc, char **argv)
{
	static const char *const races[] = {"", "second", "claim", "share", "again", "due", "call", "own", "renew", NULL};

	race = explore_chosen(argc, argv, races);
	if (!race || !explore_begin())
		return 2;
	for (int a = 0; a < KINDS; a++)
		for (int b = a; b < KINDS; b++)
			for (int c = b; c < KINDS && !failed; c++) {
				start((const enum kind[]){a, b, c}, false);
				start((const enum kind[]){a, b, c}, true);
			}
	return explore_end(race);
}
