/* reservation.c - explores all interleavings of three processes that follow the protocol of shim/locking/reservation.c.
 *
 * reservation [RACE]
 *
 * Each runs a transaction that reads and then writes, with a reservation, or one that writes at once: explored for none to three of
 * the latter. Then one process has two connections of one thread, which have a reservation together, and take turns between their
 * calls: all mixtures of what these and one or two others do, one of which may be a child that the thread has forked. Each step is
 * one that the others see: a look at the header, a lock, a look at the word. Words that are written at one time are equal. Once,
 * anywhere, a process may be killed, or be so slow that its reservation lapses. At its end a process that reads and writes leaves
 * word of its text (reservation_word_leave()), where no reservation is in force: over a word that was another's, too.
 *
 * What must hold: no transaction that has a reservation fails when it writes, unless it has lapsed, or its partner has written;
 * none is cleared while a partner reads by it; no snapshot that is written on is an old one; every process that is not killed ends,
 * so that no word is left that nobody has. With RACE one of the answers to the races is left out (retry: a reservation is not kept
 * while SQLite takes its read lock again; look: a writer does not look again once it has the lock; wait: the owner does not wait
 * for another one's look; owner: it does not look again at its own; first: the first one to end clears what it has with a partner;
 * last: the last one does not; lapsed: who has it together with another does not look whether it lapsed; written: who writes does
 * not tell the partner that the reservation is over; renew: who renews it, not that it goes on; fork: a child takes it for one of
 * its own thread; child: and clears it; seen: word of a text is left over whatever is there by now; force: over one that is in
 * force), and the program says how that fails. Exits with 1 if something failed. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESSES 4 /* connections: the first two may be of one thread */
#define FREE PROCESSES

/* A word of a text that writes: it is none that lasts. */
#define TOLD 1

enum kind {
	WRITES, /* once it has read */
	ONLY_READS,
	ROLLS_BACK, /* what it wrote */
	GIVES_UP,   /* … its wait for another one's look at the lock, once it has renewed its reservation */
	WRITES_AT_ONCE,
	KINDS,
};

enum step {
	FORK,  /* off the thread of two connections */
	CLOSE, /* … what it inherited */
	/* of a transaction that reserves */
	HEADER,       /* SQLite reads the header: the first step of a call */
	LOOK_FIRST,   /* is there a reservation? */
	LOCK_TO_LOOK, /* the write lock, to see that nobody writes */
	LOOK_AGAIN,   /* did another one reserve meanwhile? */
	RESERVE,      /* the word */
	UNLOCK_LOOK,  /* the write lock back */
	READ_LOCK,    /* SQLite compares the header, and takes its read lock or starts again */
	READ,         /* it has its snapshot, and is between two calls */
	OWN_LOOK,     /* it writes: is the reservation its own still? */
	OWN_LOCK,     /* the write lock */
	OWN_AGAIN,    /* is it still? */
	OWN_CHECK,    /* SQLite: is the snapshot the last one? */
	/* of one that writes at once, and the end of both */
	WRITER,       /* the first step of a call */
	WRITER_LOOK,  /* is there a reservation? */
	WRITER_LOCK,  /* the write lock */
	WRITER_AGAIN, /* did another one reserve meanwhile? */
	WRITER_BACK,  /* … the lock back */
	COMMIT,       /* the header changes: another call */
	UNLOCK,       /* the write lock back */
	END,          /* … the reservation, by another call */
	LEAVE_LOOK,   /* is there a reservation? */
	LEAVE,        /* word of the text, if that is still so */
	DONE,
	KILLED,
};

struct process {
	uint8_t kind, step, header, snapshot, reads;
	uint8_t word;     /* its reservation; 0 for none */
	uint8_t may_fail; /* that has lapsed, or its partner has written */
};

struct state {
	struct process process[PROCESSES];
	uint8_t header, word, lock; /* of the -shm; who has the lock */
	uint8_t time, inherited;    /* words before that time have lapsed; what the child's process had at the fork */
	uint8_t is_joint;           /* the first two are of one thread */
	uint8_t mishaps;            /* how many processes were killed, or slow */
};

static const char *race = "";

#include "explore.h"

static bool without(const char *part)
{
	return strcmp(race, part) == 0;
}

/* The other connection of the thread; NULL if there is none. */
static struct process *partner_of(struct state *s, int p)
{
	return s->is_joint && p < 2 ? &s->process[1 - p] : NULL;
}

static bool is_of_partner(struct state *s, int p, uint8_t word)
{
	const struct process *partner = partner_of(s, p);

	return word && partner && partner->word == word;
}

static bool is_blocked(struct state *s, int p)
{
	bool is_inherited = p == 2 && s->inherited == s->word && without("fork");

	return s->word >= s->time && s->word != s->process[p].word && !is_of_partner(s, p, s->word) && !is_inherited;
}

/* The word is now another one, 0 for none, if it is p's still. So is the partner's. */
static void replace_word(struct state *s, int p, uint8_t word)
{
	if (is_of_partner(s, p, s->process[p].word) && !without(word ? "renew" : "written"))
		partner_of(s, p)->word = word;
	if (s->word == s->process[p].word)
		s->word = word;
	s->process[p].word = word;
}

/* The transaction ends, or has lapsed. */
static void drop_word(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (is_of_partner(s, p, me->word) && !without("first"))
		me->word = 0;
	if (is_of_partner(s, p, me->word) && s->word == me->word && !partner_of(s, p)->may_fail)
		failed = "a reservation was cleared by which a partner reads";
	if (me->word && s->word == me->word && !(s->is_joint && p < 2 && without("last")))
		s->word = 0;
	me->word = 0;
}

static void reserve(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (!s->word || (s->word < s->time && !without("lapsed")))
		s->word = s->time;
	me->word = s->word;
	me->step = UNLOCK_LOOK;
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
	if (without("retry"))
		drop_word(s, p);
	me->header = s->header;
	me->step = READ_LOCK;
}

static void own_look(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->word && s->word == me->word && me->snapshot == s->header) {
		me->step++;
		return;
	}
	if (!me->may_fail)
		failed = "a reservation was lost that did not lapse";
	if (s->lock == p)
		s->lock = FREE;
	drop_word(s, p);
	me->step = WRITER_LOOK;
}

static void own_lock(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->lock == FREE) {
		s->lock = (uint8_t)p;
		me->step = without("owner") ? OWN_CHECK : OWN_AGAIN;
	} else if (me->may_fail) {
		/* a writer has it: SQLITE_BUSY, and the transaction is rolled back */
		me->step = END;
	} else if (me->kind == GIVES_UP) {
		replace_word(s, p, s->time + 1);
		me->step = END;
	} else if (without("wait")) {
		failed = "SQLITE_BUSY to a transaction with a reservation: another one only looked at the lock";
	}
}

static void own_check(struct state *s, int p)
{
	struct process *me = &s->process[p], *partner = partner_of(s, p);
	bool is_old = me->reads && me->snapshot != s->header;

	if (is_old && !me->may_fail)
		failed = "SQLITE_BUSY_SNAPSHOT to a transaction that did not lapse";
	if (partner)
		partner->may_fail |= partner->reads;
	if (me->word)
		replace_word(s, p, 0);
	me->step = is_old ? UNLOCK : COMMIT;
}

/* Who waits for its own thread would wait for ever. */
static bool is_between_calls(const struct process *process)
{
	switch (process->step) {
	case HEADER:
	case WRITER:
	case READ:
	case COMMIT:
	case END:
	case DONE:
	case KILLED:
		return true;
	default:
		return false;
	}
}

static bool leaves_word(const struct process *process)
{
	return process->kind == WRITES;
}

static bool fork_off(struct state *s, int p)
{
	if (!is_between_calls(&s->process[0]) || !is_between_calls(&s->process[1]))
		return false;
	s->inherited = s->process[0].word ? s->process[0].word : s->process[1].word;
	s->process[p].step = CLOSE;
	return true;
}

/* One step of p. False if it cannot take one now. */
static bool advance(struct state *s, int p)
{
	struct process *me = &s->process[p];
	struct process *partner = partner_of(s, p);

	if (partner && !is_between_calls(partner))
		return false;
	switch (me->step) {
	case FORK:
		return fork_off(s, p);
	case CLOSE:
		if (s->word == s->inherited && without("child"))
			s->word = 0;
		me->step = me->kind == WRITES_AT_ONCE ? WRITER : HEADER;
		return true;
	case WRITER:
		me->step = WRITER_LOOK;
		return true;
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
		if (partner && s->lock == (p ^ 1)) {
			/* one does not wait for oneself */
			me->may_fail = true;
			me->step = me->step == LOCK_TO_LOOK ? READ_LOCK : END;
			return true;
		}
		if (s->lock != FREE)
			return false;
		s->lock = (uint8_t)p;
		me->step = me->step == WRITER_LOCK && without("look") ? OWN_CHECK : me->step + 1;
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
		reserve(s, p);
		return true;
	case UNLOCK_LOOK:
		s->lock = FREE;
		me->step = READ_LOCK;
		return true;
	case READ_LOCK:
		read_lock(s, p);
		return true;
	case READ:
		me->step = me->kind == ONLY_READS ? END : OWN_LOOK;
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
		me->step = is_blocked(s, p) ? WRITER_BACK : OWN_CHECK;
		return true;
	case WRITER_BACK:
		s->lock = FREE;
		me->step = WRITER_LOOK;
		return true;
	case COMMIT:
		s->header += me->kind != ROLLS_BACK;
		/* by the partner's nobody can write any more */
		if (me->kind != ROLLS_BACK && partner && is_of_partner(s, p, s->word))
			s->word = partner->word = 0;
		me->step = UNLOCK;
		return true;
	case UNLOCK:
		s->lock = FREE;
		me->step = leaves_word(me) ? LEAVE_LOOK : DONE;
		return true;
	case END:
		drop_word(s, p);
		me->step = leaves_word(me) ? LEAVE_LOOK : DONE;
		return true;
	case LEAVE_LOOK:
		me->snapshot = s->word;
		me->step = s->word < s->time || without("force") ? LEAVE : DONE;
		return true;
	case LEAVE:
		if (s->word == me->snapshot || without("seen"))
			s->word = TOLD;
		me->step = DONE;
		return true;
	default:
		return false;
	}
}

/* A process that is killed, with all of its connections, gives its locks back, and leaves its word until that lapses. */
static bool kill_one(struct state *s, int p)
{
	struct process *partner = partner_of(s, p), *me = &s->process[p];

	if (s->mishaps || (me->step == DONE && (!partner || partner->step == DONE)))
		return false;
	s->mishaps++;
	if (s->lock == p || (partner && s->lock == (p ^ 1)))
		s->lock = FREE;
	if (s->word >= s->time && (s->word == me->word || is_of_partner(s, p, s->word)))
		s->time = s->word + 1;
	me->step = KILLED;
	if (partner)
		partner->step = KILLED;
	return true;
}

/* Time passes. */
static bool lapse_one(struct state *s, int p)
{
	if (s->mishaps || p != 0 || s->word < s->time)
		return false;
	s->mishaps++;
	s->time = s->word + 1;
	for (int other = 0; other < PROCESSES; other++)
		s->process[other].may_fail |= s->process[other].word != 0;
	return true;
}

static void start(const enum step steps[PROCESSES], const enum kind kinds[PROCESSES], bool is_joint)
{
	struct state s = {.lock = FREE, .time = TOLD + 1, .is_joint = is_joint};

	for (int p = 0; p < PROCESSES; p++) {
		s.process[p].kind = (uint8_t)kinds[p];
		s.process[p].step = (uint8_t)steps[p];
	}
	explore_anew(&s);
}

/* Beside two others, or the child alone. */
static void start_joint(enum kind a, enum kind b)
{
	static const enum step first[KINDS] = {HEADER, HEADER, HEADER, HEADER, WRITER};
	static const enum kind others[] = {WRITES, WRITES_AT_ONCE};

	for (int c = 0; c < 2; c++) {
		start((const enum step[]){first[a], first[b], FORK, DONE}, (const enum kind[]){a, b, others[c], WRITES}, true);
		for (int d = c; d < 2; d++)
			start((const enum step[]){first[a], first[b], first[others[c]], first[others[d]]},
			      (const enum kind[]){a, b, others[c], others[d]}, true);
	}
}

int main(int argc, char **argv)
{
	static const char *const races[] = {"",        "retry", "look", "wait",  "owner", "first", "last", "lapsed",
					    "written", "renew", "fork", "child", "seen",  "force", NULL};
	enum step steps[PROCESSES] = {HEADER, HEADER, HEADER, DONE};

	race = explore_chosen(argc, argv, races);
	if (!race || !explore_begin())
		return 2;
	for (int writers = 0; writers < PROCESSES; writers++) {
		start(steps, (const enum kind[PROCESSES]){WRITES}, false);
		steps[writers] = WRITER;
	}
	for (enum kind a = WRITES; a < KINDS; a++)
		for (enum kind b = a; b < KINDS; b++)
			start_joint(a, b);
	return explore_end(race);
}
