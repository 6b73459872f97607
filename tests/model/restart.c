/* restart.c - explores all interleavings of three processes that lock a -wal which starts anew, and is checkpointed.
 *
 * restart [PART]
 *
 * The locks are SQLite's own (sqlite.org/walformat.html): WRITE, byte 120 of the -shm; CHECKPOINT, 121; READ 0, 123, of those who
 * read the database alone; READ 1 to 4, 124 to 127, here as one. Byte 129 is the library's second lock. Each process is one of: a
 * plain BEGIN that shares the write lock, reserves, reads and writes; a BEGIN DEFERRED that reserves; a writer that writes at once,
 * with the library and without; a checkpoint that holds the write lock (wal_limit.c), and one without the library. All mixtures of
 * three are explored, where all of the -wal is in the database and where it is not. SQLite starts the -wal anew in the middle of a
 * transaction: it has READ 0, takes READ 1 to 4 for a moment, and changes its own lock to one of these. Once, anywhere, a process
 * may be killed, its word may lapse, or SQLite may fail to take its read lock again.
 *
 * What must hold: while SQLite writes it has the write lock, alone; who has ended holds nothing; no transaction that has a
 * reservation, and has not lapsed, fails when it writes, if all others have the library or it shares the lock; every process that
 * is not killed can end. With PART one part of the library is left out (anew: the changed read lock is taken for the end of a read
 * and the begin of another; lost: a read lock that SQLite did not get again is not noticed; checkpoint: the one that holds the
 * write lock does not claim the word; again: it does not look at the word again once it has the lock), and the program says how
 * that fails. Exits with 1 if something failed. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESSES 3
#define FREE PROCESSES

enum kind { PLAIN, DEFERRED, WRITER, OUTSIDE, CHECKPOINT, STOCK_CHECKPOINT, KINDS };

enum step {
	BEGIN,       /* shares the write lock if nobody has it alone */
	HEADER,      /* SQLite reads the header, and asks for a read lock */
	RESERVE,     /* no word: shares the lock again if it waited, and takes the word at once; else looks at the lock first */
	LOOK_ALONE,  /* the write lock, to see that nobody writes */
	LOOK_SHARED, /* … shared */
	LOOK_SECOND, /* … and the second one */
	LOOK_WORD,   /* nobody reserved meanwhile: the word */
	LOOK_BACK,   /* the lock back */
	SHARE,       /* shares the lock again if it could not before */
	READ_LOCK,   /* SQLite's read lock */
	COMPARE,     /* the header is as it was; else SQLite gives the lock back and starts again */
	OWN_LOOK,    /* it writes: is the reservation its own still? */
	LOCK_ALONE,  /* the write lock */
	LOCK_SHARED, /* … shared */
	LOCK_SECOND, /* … and the second one */
	LOCK_WORD,   /* is nothing reserved by another? claims the word if the lock is shared */
	CHECK,       /* SQLite: is the snapshot the last one? */
	ANEW,        /* the first frame: with READ 0, takes READ 1 to 4 if all of the -wal is in the database */
	ANEW_HEADER, /* … a new -wal, and those locks back */
	ANEW_BACK,   /* … READ 0 back */
	ANEW_LOCK,   /* … and one of the others */
	COMMIT,      /* the header changes */
	UNCLAIM,     /* the word */
	UNLOCK,      /* the second lock, or the one alone */
	READ_BACK,   /* SQLite's read lock */
	RETRY,       /* a writer that was refused waits */
	/* of a checkpoint */
	CHECKPOINT_LOOK, /* is something reserved? then without the write lock */
	HOLD_ALONE,
	HOLD_SHARED,
	HOLD_SECOND,
	HOLD_WORD,
	BACKFILL_LOCK, /* CHECKPOINT and READ 0 */
	BACKFILL,
	BACKFILL_UNLOCK,
	WAIT_FOR_READERS, /* READ 1 to 4, for a moment */
	CHECKPOINT_UNCLAIM,
	CHECKPOINT_UNLOCK,
	DONE,
	KILLED,
};

enum read_lock { READ_NONE, READ_DATABASE, READ_WAL };

struct process {
	uint8_t kind, step, header, snapshot;
	uint8_t read_lock;
	uint8_t alone, shares;     /* the write lock */
	uint8_t writes;            /* SQLite believes that it has the write lock */
	uint8_t holds, has_begun;  /* what the library believes: shared_write.h */
	uint8_t reads, is_pending; /* … reservation.h */
	uint8_t has_reserved, has_claimed, is_retried, changes_read_lock;
	uint8_t has_lapsed;
	uint8_t is_safe; /* it shares the lock since before its snapshot */
	uint8_t is_anew; /* the read lock that it takes is its second in the transaction */
	uint8_t fails;   /* SQLite rolls back */
};

struct state {
	struct process process[PROCESSES];
	uint8_t header, word, second, checkpoint,
		readers;                 /* whose: the word, the second lock, CHECKPOINT and READ 0, READ 1 to 4 */
	uint8_t all_copied, some_copied; /* of the -wal */
	uint8_t mishaps;
};

static const char *part = "";

#include "explore.h"

static bool without(const char *name)
{
	return strcmp(part, name) == 0;
}

static bool is_of_library(const struct process *me)
{
	return me->kind != OUTSIDE && me->kind != STOCK_CHECKPOINT;
}

static bool reserves(const struct process *me)
{
	return me->kind == PLAIN || me->kind == DEFERRED;
}

static bool others_have_library(const struct state *s)
{
	for (int p = 0; p < PROCESSES; p++)
		if (s->process[p].kind == OUTSIDE)
			return false;
	return true;
}

static bool anybody_alone(const struct state *s, int except)
{
	for (int p = 0; p < PROCESSES; p++)
		if (p != except && s->process[p].alone)
			return true;
	return false;
}

static bool anybody_shares(const struct state *s, int except)
{
	for (int p = 0; p < PROCESSES; p++)
		if (p != except && s->process[p].shares)
			return true;
	return false;
}

static bool anybody_reads(const struct state *s, int except, enum read_lock lock)
{
	for (int p = 0; p < PROCESSES; p++)
		if (p != except && s->process[p].read_lock == lock)
			return true;
	return false;
}

static bool has_lapsed(const struct state *s)
{
	return s->word != FREE && (s->process[s->word].step == KILLED || s->process[s->word].has_lapsed);
}

static bool is_blocked(const struct state *s, int p)
{
	if (s->word == FREE || has_lapsed(s))
		return false;
	return s->word != p || !s->process[p].has_reserved;
}

/* shared_write_unlock() */
static void unlock(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->second == p && me->holds)
		s->second = FREE;
	me->holds = me->alone = false;
	me->shares = me->has_begun;
}

/* shared_write_end() */
static void end_sharing(struct process *me)
{
	if (me->has_begun && !me->holds)
		me->shares = false;
	me->has_begun = false;
}

/* shared_write_lock() in three steps: alone; or shared, and the second one. False if another one is in the way. */
static bool lock(struct state *s, int p, enum step alone)
{
	struct process *me = &s->process[p];

	if (me->step == alone) {
		if (me->has_begun) {
			me->step += 2;
		} else if (!anybody_alone(s, p) && !anybody_shares(s, p) && !me->alone && !me->shares) {
			me->alone = me->holds = true;
			me->step += 3;
		} else if (is_of_library(me) && !anybody_alone(s, p) && !me->alone) {
			me->step++;
		} else {
			return false;
		}
		return true;
	}
	if (me->step == alone + 1) {
		me->shares |= !anybody_alone(s, p);
		me->step = me->shares ? alone + 2 : alone;
		return true;
	}
	if (s->second != FREE) {
		if (me->has_begun)
			return false;
		me->shares = false;
		me->step = alone;
		return true;
	}
	s->second = (uint8_t)p;
	me->holds = true;
	me->step++;
	return true;
}

/* Where the read lock goes on that the library was asked for. */
static enum step after_reserving(const struct process *me)
{
	return me->is_anew ? ANEW_LOCK : READ_LOCK;
}

/* lock_read(), and reservation_before_read(), up to the read lock itself. */
static void before_read(struct process *me)
{
	bool is_writing = me->holds && !without("anew");

	if (is_writing || !reserves(me) || me->has_reserved || me->is_pending)
		me->step = after_reserving(me);
	else
		me->step = RESERVE;
	if (!is_writing && reserves(me))
		me->reads = me->is_pending = true;
}

/* reservation_after_read() */
static void after_read(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->is_retried) {
		me->is_retried = false;
		return;
	}
	if (me->reads)
		end_sharing(me);
	me->reads = me->is_pending = false;
	if (me->has_reserved && s->word == p)
		s->word = FREE;
	me->has_reserved = false;
}

/* unlock_read() */
static void unlock_read(struct state *s, int p)
{
	struct process *me = &s->process[p];

	me->read_lock = READ_NONE;
	me->changes_read_lock = me->holds && !without("anew");
	if (!me->changes_read_lock)
		after_read(s, p);
}

static bool reserve(struct state *s, int p)
{
	struct process *me = &s->process[p];

	/* its own claim lapses while it waits for that */
	if (is_blocked(s, p) && s->word != p) {
		/* who waits does not share */
		if (!me->has_begun)
			return false;
		end_sharing(me);
		return true;
	}
	if (me->kind == PLAIN && !me->has_begun && !me->holds && !anybody_alone(s, p)) {
		me->has_begun = me->shares = true;
		return true;
	}
	if (s->word == FREE && me->has_begun) {
		s->word = (uint8_t)p;
		me->has_reserved = true;
		me->step = SHARE;
	} else {
		me->step = LOOK_ALONE;
	}
	return true;
}

static bool look_word(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (is_blocked(s, p)) {
		unlock(s, p);
		me->step = RESERVE;
		return true;
	}
	s->word = (uint8_t)p;
	me->has_reserved = true;
	me->step = LOOK_BACK;
	return true;
}

/* SQLite reads the database alone if it can, and needs nothing of the -wal. */
static bool read_lock(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->all_copied && s->checkpoint == FREE)
		me->read_lock = READ_DATABASE;
	else if (s->readers == FREE)
		me->read_lock = READ_WAL;
	else
		return false;
	me->step = COMPARE;
	return true;
}

static void compare(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->header != s->header) {
		/* what had changed when the reservation was had is no end of the transaction */
		me->is_retried = me->has_reserved;
		unlock_read(s, p);
		me->step = HEADER;
		return;
	}
	me->is_retried = false;
	me->snapshot = s->header;
	me->is_safe = me->has_begun;
	me->step = reserves(me) ? OWN_LOOK : LOCK_ALONE;
}

static void own_look(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->has_reserved && s->word != p) {
		if (!me->has_lapsed)
			failed = "a reservation was lost that did not lapse";
		me->has_reserved = false;
	}
}

/* One that writes at once gives its read lock back and waits; one that has read and lapsed fails. */
static void refuse(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->has_reserved && !me->has_lapsed && is_blocked(s, p))
		failed = "SQLITE_BUSY to a transaction with a reservation";
	me->step = READ_BACK;
	me->fails = true;
}

/* Does it have the lock for microseconds only? acquire_reserved() waits for that. */
static bool is_brief(const struct process *me)
{
	switch (me->step) {
	case LOOK_SECOND:
	case LOOK_WORD:
	case LOOK_BACK:
	case LOCK_SECOND:
	case LOCK_WORD:
	case UNLOCK:
	case HOLD_SECOND:
	case HOLD_WORD:
	case CHECKPOINT_UNLOCK:
		return me->alone || me->shares;
	default:
		return false;
	}
}

/* The write lock is had, or is not to be had. */
static bool lock_write(struct state *s, int p)
{
	struct process *me = &s->process[p];
	enum step before = me->step;

	if (before == LOCK_ALONE && is_of_library(me) && is_blocked(s, p)) {
		refuse(s, p);
		return true;
	}
	if (lock(s, p, LOCK_ALONE))
		return true;
	for (int q = 0; q < PROCESSES; q++)
		if (q != p && is_brief(&s->process[q]))
			return false;
	if (me->has_reserved && !me->has_lapsed && me->is_safe) {
		failed = "SQLITE_BUSY to a transaction with a reservation: another one has the lock, and may keep it for long";
		return true;
	}
	refuse(s, p);
	return true;
}

static void lock_word(struct state *s, int p)
{
	struct process *me = &s->process[p];

	own_look(s, p);
	if (is_of_library(me) && is_blocked(s, p)) {
		unlock(s, p);
		refuse(s, p);
		return;
	}
	if (me->shares && is_of_library(me)) {
		s->word = (uint8_t)p;
		me->has_claimed = true;
	} else if (me->has_reserved && s->word == p) {
		s->word = FREE;
	}
	me->writes = true;
	me->step = CHECK;
}

static void check(struct state *s, int p)
{
	struct process *me = &s->process[p];
	bool is_old = me->snapshot != s->header;

	if (is_old && me->has_reserved && !me->has_lapsed && (others_have_library(s) || me->is_safe))
		failed = "SQLITE_BUSY_SNAPSHOT to a transaction that did not lapse";
	me->has_reserved = me->is_pending = false;
	me->fails = is_old;
	me->step = is_old ? UNCLAIM : ANEW;
}

static void anew(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (me->read_lock != READ_DATABASE) {
		me->step = COMMIT;
	} else if (s->some_copied && s->readers == FREE && !anybody_reads(s, p, READ_WAL)) {
		s->readers = (uint8_t)p;
		me->step = ANEW_HEADER;
	} else {
		me->step = ANEW_BACK;
	}
}

static void anew_header(struct state *s, int p)
{
	s->header++;
	s->all_copied = true;
	s->some_copied = false;
	s->readers = FREE;
	s->process[p].step = ANEW_BACK;
}

/* False: another one has READ 1 to 4 for a moment. */
static bool anew_lock(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->readers != FREE)
		return false;
	me->read_lock = READ_WAL;
	me->changes_read_lock = false;
	me->step = COMMIT;
	return true;
}

/* write_lock_release(), once the word is unclaimed */
static void unlock_write(struct state *s, int p)
{
	struct process *me = &s->process[p];

	me->writes = false;
	unlock(s, p);
	if (me->changes_read_lock && !without("lost"))
		after_read(s, p);
	me->changes_read_lock = false;
	me->step = me->read_lock == READ_NONE ? DONE : READ_BACK;
}

static void read_back(struct state *s, int p)
{
	struct process *me = &s->process[p];
	bool again = me->fails && !reserves(me);

	unlock_read(s, p);
	me->fails = false;
	me->step = again ? RETRY : DONE;
}

/* False: there is nothing to try yet. */
static bool retry(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (anybody_alone(s, p) || (is_of_library(me) ? s->second != FREE || is_blocked(s, p) : anybody_shares(s, p)))
		return false;
	me->step = HEADER;
	return true;
}

static void backfill(struct state *s, int p)
{
	for (int q = 0; q < PROCESSES; q++)
		if (s->process[q].read_lock == READ_WAL && s->process[q].snapshot != s->process[p].header)
			return;
	s->some_copied = true;
	s->all_copied |= s->header == s->process[p].header;
}

static bool advance_checkpoint(struct state *s, int p)
{
	struct process *me = &s->process[p];

	switch (me->step) {
	case CHECKPOINT_LOOK:
		me->step = is_blocked(s, p) ? BACKFILL_LOCK : HOLD_ALONE;
		return true;
	case HOLD_ALONE:
	case HOLD_SHARED:
	case HOLD_SECOND:
		return lock(s, p, HOLD_ALONE);
	case HOLD_WORD:
		me->step = BACKFILL_LOCK;
		if (is_blocked(s, p) && !without("again")) {
			unlock(s, p);
		} else if (me->shares && !without("checkpoint")) {
			s->word = (uint8_t)p;
			me->has_claimed = true;
		}
		return true;
	case BACKFILL_LOCK:
		if (s->checkpoint != FREE)
			return false;
		me->step = WAIT_FOR_READERS;
		if (anybody_reads(s, p, READ_DATABASE))
			return true;
		s->checkpoint = (uint8_t)p;
		me->header = s->header;
		me->step = BACKFILL;
		return true;
	case BACKFILL:
		backfill(s, p);
		me->step = BACKFILL_UNLOCK;
		return true;
	case BACKFILL_UNLOCK:
		s->checkpoint = FREE;
		me->step = WAIT_FOR_READERS;
		return true;
	case WAIT_FOR_READERS:
		me->step = CHECKPOINT_UNCLAIM;
		return true;
	case CHECKPOINT_UNCLAIM:
		if (me->has_claimed && s->word == p)
			s->word = FREE;
		me->has_claimed = false;
		me->step = CHECKPOINT_UNLOCK;
		return true;
	case CHECKPOINT_UNLOCK:
		unlock(s, p);
		me->step = DONE;
		return true;
	default:
		return false;
	}
}

/* One step of p. False if it cannot take one now. */
static bool step(struct state *s, int p)
{
	struct process *me = &s->process[p];

	switch (me->step) {
	case BEGIN:
		me->has_begun = me->shares = !anybody_alone(s, p);
		me->step = HEADER;
		return true;
	case HEADER:
		me->header = s->header;
		before_read(me);
		return true;
	case RESERVE:
		return reserve(s, p);
	case LOOK_ALONE:
	case LOOK_SHARED:
	case LOOK_SECOND:
		return lock(s, p, LOOK_ALONE);
	case LOOK_WORD:
		return look_word(s, p);
	case LOOK_BACK:
		unlock(s, p);
		me->step = SHARE;
		return true;
	case SHARE:
		if (me->kind == PLAIN && !anybody_alone(s, p))
			me->has_begun = me->shares = true;
		me->step = after_reserving(me);
		return true;
	case READ_LOCK:
		return read_lock(s, p);
	case COMPARE:
		compare(s, p);
		return true;
	case OWN_LOOK:
		own_look(s, p);
		me->step = LOCK_ALONE;
		return true;
	case LOCK_ALONE:
	case LOCK_SHARED:
	case LOCK_SECOND:
		return lock_write(s, p);
	case LOCK_WORD:
		lock_word(s, p);
		return true;
	case CHECK:
		check(s, p);
		return true;
	case ANEW:
		anew(s, p);
		return true;
	case ANEW_HEADER:
		anew_header(s, p);
		return true;
	case ANEW_BACK:
		unlock_read(s, p);
		me->is_anew = true;
		before_read(me);
		return true;
	case ANEW_LOCK:
		return anew_lock(s, p);
	case COMMIT:
		s->header++;
		s->all_copied = false;
		me->step = UNCLAIM;
		return true;
	case UNCLAIM:
		if (me->has_claimed && s->word == p)
			s->word = FREE;
		me->has_claimed = false;
		me->step = UNLOCK;
		return true;
	case UNLOCK:
		unlock_write(s, p);
		return true;
	case READ_BACK:
		read_back(s, p);
		return true;
	case RETRY:
		return retry(s, p);
	default:
		return advance_checkpoint(s, p);
	}
}

/* What must hold in each state. */
static void look_at_locks(const struct state *s)
{
	for (int p = 0; p < PROCESSES && !failed; p++) {
		const struct process *me = &s->process[p];
		bool has_lock = me->alone || (me->shares && s->second == p);

		if (me->writes && !has_lock)
			failed = "SQLite writes without the write lock";
		if (me->alone && (anybody_alone(s, p) || anybody_shares(s, p)))
			failed = "two have the write lock";
		if (me->step == DONE && (me->alone || me->shares || s->second == p || s->word == p))
			failed = "a transaction has ended, and holds what nobody gives back";
	}
}

static bool advance(struct state *s, int p)
{
	bool moved = step(s, p);

	if (moved && !failed)
		look_at_locks(s);
	/* how it ended makes no difference to the others */
	if (s->process[p].step == DONE)
		s->process[p] = (struct process){.kind = s->process[p].kind, .step = DONE};
	return moved;
}

/* A process that is killed gives its locks back, and leaves its word. */
static bool kill_one(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->mishaps || me->step == DONE)
		return false;
	s->mishaps++;
	*me = (struct process){.kind = me->kind, .step = KILLED};
	if (s->second == p)
		s->second = FREE;
	if (s->checkpoint == p)
		s->checkpoint = FREE;
	if (s->readers == p)
		s->readers = FREE;
	return true;
}

/* … or SQLite does not get its read lock again, and rolls back. */
static bool lapse_one(struct state *s, int p)
{
	struct process *me = &s->process[p];

	if (s->mishaps || (s->word != p && me->step != ANEW_LOCK))
		return false;
	s->mishaps++;
	if (me->step == ANEW_LOCK)
		me->step = UNCLAIM;
	else
		me->has_lapsed = true;
	return true;
}

static void start(const enum kind kinds[PROCESSES], bool copied)
{
	static const enum step first[KINDS] = {BEGIN, HEADER, HEADER, HEADER, CHECKPOINT_LOOK, BACKFILL_LOCK};
	struct state s;

	memset(&s, 0, sizeof(s));
	s.word = s.second = s.checkpoint = s.readers = FREE;
	s.all_copied = s.some_copied = copied;
	for (int p = 0; p < PROCESSES; p++) {
		s.process[p].kind = (uint8_t)kinds[p];
		s.process[p].step = (uint8_t)first[kinds[p]];
	}
	explore_anew(&s);
}

int main(int argc, char **argv)
{
	static const char *const parts[] = {"", "anew", "lost", "checkpoint", "again", NULL};

	part = explore_chosen(argc, argv, parts);
	if (!part || !explore_begin())
		return 2;
	for (int a = 0; a < KINDS; a++)
		for (int b = a; b < KINDS; b++)
			for (int c = b; c < KINDS && !failed; c++)
				for (int copied = 0; copied < 2 && !failed; copied++)
					start((const enum kind[]){a, b, c}, copied);
	return explore_end(part);
}
