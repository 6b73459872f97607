/* reservation.c - unit tests of a reservation that was waited for, or over which SQLite gives its read lock back and takes it
 * again, with a clock, a -shm and locks that are made up. */
#include "locking/reservation.h"

#include "../check.h"
#include "base/settings.h"
#include "connection/registry.h"
#include "locking/begin_crowd.h"
#include "locking/begin_watch.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/kept_locks.h"
#include "locking/reserve.h"
#include "locking/reserve_all.h"
#include "locking/shm_locks.h"
#include "locking/write_lock.h"

#include <string.h>

#define MILLISECOND INT64_C(1000000)
#define MARK 4 /* a lock of the readers */
#define FORMAT 3007000
#define CHANGES 2 /* of the words: the change counter */
#define RESERVED 31

static struct file_shim shim;
static sqlite3_file database;
static const struct setting_value chosen[SETTING_COUNT] = {[SETTING_RESERVE] = {.number = 500}};
static int64_t now = 1000 * MILLISECOND;
static bool commits_meanwhile;      /* another connection does, whenever this one waits */
static uint32_t reserves_meanwhile; /* by this word, before this one takes the lock */
static enum busy_kind kind;         /* how the connection waits */
static unsigned wakes, yields, queues;
static uint32_t shm[64];

const struct setting_value settings_recipe[SETTING_COUNT];
const struct setting_value *_Atomic settings_in_force = chosen;

void settings_start(void)
{
}

static int64_t clock_now(void)
{
	return now;
}

static void commit_of_another(void)
{
	shm[CHANGES]++;
	shm[RESERVED] = 0;
}

static bool sleep_until(const volatile void *word, uint32_t class, int64_t until)
{
	(void)word;
	(void)class;
	yields++;
	now = until;
	if (commits_meanwhile)
		commit_of_another();
	return true;
}

static bool wake(const volatile void *word, uint32_t classes)
{
	(void)word;
	(void)classes;
	wakes++;
	return false;
}

static const struct handoff_system made_up = {clock_now, sleep_until, wake};

bool busy_handler_wait(struct file_shim *of, enum busy_purpose purpose, int count)
{
	(void)of;
	(void)purpose;
	(void)count;
	queues++;
	return sleep_until(NULL, 0, now + 20 * MILLISECOND);
}

enum busy_kind busy_handler_kind(const struct file_shim *of)
{
	(void)of;
	return kind;
}

int shared_write_lock(struct file_shim *of)
{
	of->shared_write.hold = WRITE_ALONE;
	if (reserves_meanwhile)
		shm[RESERVED] = reserves_meanwhile;
	reserves_meanwhile = 0;
	return SQLITE_OK;
}

int shared_write_unlock(struct file_shim *of)
{
	of->shared_write.hold = WRITE_NONE;
	return SQLITE_OK;
}

void shared_write_begin(struct file_shim *of, int64_t due, bool has_read)
{
	(void)of;
	(void)due;
	(void)has_read;
}

void shared_write_end(struct file_shim *of)
{
	(void)of;
}

void begin_watch_rests(struct file_shim *of)
{
	(void)of;
}

void begin_crowd_look(struct file_shim *of, int64_t when)
{
	(void)of;
	(void)when;
}

void reserve_all(struct file_shim *of)
{
	(void)of;
}

void reserve_all_end(struct file_shim *of)
{
	(void)of;
}

struct connection *registry_find(const sqlite3 *db)
{
	(void)db;
	return NULL;
}

void kept_locks_take(struct wal_files *files)
{
	(void)files;
}

void wal_limit_read_begins(struct file_shim *of)
{
	(void)of;
}

void read_delay_write_tried(struct file_shim *of)
{
	(void)of;
}

void read_delay_read_ended(struct file_shim *of)
{
	(void)of;
}

bool read_delay_wait(struct file_shim *of)
{
	(void)of;
	return false;
}

void group_commit_read_locked(struct file_shim *of, int offset)
{
	(void)of;
	(void)offset;
}

bool group_commit_read_unlocked(struct file_shim *of)
{
	(void)of;
	return false;
}

/* What no test comes to. */
void shared_write_enter(struct file_shim *of)
{
	(void)of;
}

void shared_write_leave(struct file_shim *of)
{
	(void)of;
}

int wal_limit_lock_readers(struct file_shim *of, int offset, int n, int flags)
{
	(void)offset;
	(void)n;
	(void)flags;
	return of ? SQLITE_OK : SQLITE_BUSY;
}

int wal_limit_lock_checkpoint(struct file_shim *of, int flags)
{
	(void)of;
	return flags ? SQLITE_OK : SQLITE_BUSY;
}

void wal_limit_checkpoint_begins(struct file_shim *of)
{
	(void)of;
}

void wal_limit_checkpoint_ends(struct file_shim *of)
{
	(void)of;
}

void wal_limit_give_up(struct file_shim *of)
{
	(void)of;
}

void wal_limit_write_locked(struct file_shim *of)
{
	(void)of;
}

void wal_limit_write_unlocked(struct file_shim *of)
{
	(void)of;
}

void group_commit_write_locked(struct file_shim *of)
{
	(void)of;
}

void group_commit_write_unlocked(struct file_shim *of)
{
	(void)of;
}

void wal_methods_write_locked(struct file_shim *of)
{
	(void)of;
}

void wal_methods_write_unlocked(struct file_shim *of)
{
	(void)of;
}

int wal_files_before_write(struct file_shim *of)
{
	return of ? SQLITE_OK : SQLITE_BUSY;
}

void file_shim_before_write(struct file_shim *of)
{
	(void)of;
}

int write_lock_acquire(struct file_shim *of)
{
	return of ? SQLITE_OK : SQLITE_BUSY;
}

bool write_lock_gives_way(const struct file_shim *of)
{
	return !of;
}

int write_lock_release(struct file_shim *of)
{
	return of ? SQLITE_OK : SQLITE_BUSY;
}

static int lock(sqlite3_file *file, int offset, int n, int flags)
{
	(void)file;
	(void)offset;
	(void)n;
	(void)flags;
	return SQLITE_OK;
}

static int get_autocommit(sqlite3 *db)
{
	return db != NULL;
}

/* A transaction has begun, and has not read. */
static void begin(void)
{
	static const sqlite3_io_methods methods = {.iVersion = 3, .xShmLock = lock};
	static const struct sqlite sqlite = {.get_autocommit = get_autocommit};

	memset(&shim, 0, sizeof(shim));
	memset(shm, 0, sizeof(shm));
	shm[0] = FORMAT;
	shim.original = &methods;
	shim.sqlite = &sqlite;
	shim.file = &database;
	shim.fair = true;
	handoff_init(&shim.handoff, &made_up);
	shim.handoff.shm = (const char *)shm;
	shim.reservation.policy = READ_RESERVED;
	commits_meanwhile = false;
	wakes = 0;
}

/* Which lock SQLite reads by. */
static int read_by = MARK;

static int change(int flags)
{
	return shm_locks_change(&shim, read_by, 1, flags);
}

/* SQLite, which has read the header, moves the mark, and reads by it. */
static void move_mark(void)
{
	change(SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
	change(SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
}

static int read_begins(void)
{
	return change(SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);
}

static void read_ends(void)
{
	change(SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
}

/* The connection has just woken a waiter. */
static int begin_after_wake(void)
{
	begin();
	shim.handoff.released_at = now;
	shim.handoff.yield_until = now + MILLISECOND / 10;
	commits_meanwhile = true;
	queues = yields = 0;
	return read_begins();
}

/* SQLite reads the header again at once where it does not get the lock; else it finds that changed, and gives the lock back. */
static void check_retry(const char *when, int rc)
{
	uint32_t word = shm[RESERVED];

	check(word != 0, "%s: it has a reservation", when);
	check(rc == (read_by == MARK ? SQLITE_BUSY : SQLITE_OK), "%s: it is refused where SQLite then reads the header again",
	      when);
	if (rc == SQLITE_OK)
		read_ends();
	check(shm[RESERVED] == word && wakes == 0, "%s: it keeps its reservation, and wakes nobody, as SQLite tries again", when);
	move_mark();
	read_begins();
	check(shm[RESERVED] == word && shim.count.begun == 1, "%s: it is one transaction still", when);
	read_ends();
	check(shm[RESERVED] == 0 && wakes == 1, "%s: its end is its end", when);
}

static void check_retries(void)
{
	kind = BUSY_BY_US;
	check_retry("a commit of one that goes first", begin_after_wake());

	begin();
	shm[RESERVED] = (uint32_t)(now / MILLISECOND) + 100;
	commits_meanwhile = true;
	check_retry("a commit of one that was waited for", read_begins());
}

static void test_retry(void)
{
	begin();
	move_mark();
	commit_of_another();
	check_retry("a commit after the mark was moved", read_begins());

	check_retries();
	/* the lock of those that read the database alone: SQLite would look for another one */
	read_by = WAL_BACKFILL_LOCK;
	check_retries();
	read_by = MARK;
}

/* Who has just woken a waiter, and wants the lock again, waits for its turn before it tries. */
static void test_gives_way(void)
{
	kind = BUSY_BY_US;
	begin_after_wake();
	check(queues == 1 && yields == 1 && shm[RESERVED] != 0, "it waits for its turn, and has a reservation");
	read_ends();

	kind = BUSY_BY_PROGRAM;
	begin_after_wake();
	check(queues == 0 && yields == 1, "a handler of the program's is not called: it lets the waiter go first, and tries");
	read_ends();

	kind = BUSY_BY_US;
	begin_after_wake();
	read_ends();
	queues = yields = 0;
	read_begins();
	check(queues == 0 && yields == 0, "it waits once for each waiter that it woke");
	read_ends();
}

static void test_no_retry(void)
{
	begin();
	move_mark();
	read_begins();
	check(shm[RESERVED] != 0, "it has a reservation");
	read_ends();
	check(shm[RESERVED] == 0, "without a change in between the read has ended");

	/* a mark of the transaction's -wal that starts anew is none of the next transaction's */
	begin();
	shim.shared_write.hold = WRITE_ALONE;
	move_mark();
	read_begins();
	shim.shared_write.hold = WRITE_NONE;
	commit_of_another();
	read_begins();
	check(shm[RESERVED] != 0, "the next one has a reservation");
	read_ends();
	check(shm[RESERVED] == 0, "and has ended");
}

static void test_learnt(void)
{
	begin();
	shim.reservation.policy = READ_FREELY;
	move_mark();
	commit_of_another();
	read_begins();
	read_ends();
	check(shm[RESERVED] == 0 && shim.count.begun == 0, "one that reads freely reserves nothing");
}

/* The slice of one that waited begins when it has the reservation, as it does for one that has waited for the write lock. */
static void test_slice(void)
{
	begin();
	shim.handoff.released_at = now - MILLISECOND / 100;
	shm[RESERVED] = (uint32_t)(now / MILLISECOND) + 100;
	commits_meanwhile = true;
	read_begins();
	check(shim.handoff.acquired_at == now && shim.handoff.slice_began == now, "its slice begins after the wait");
	handoff_pass_on(&shim.handoff);
	check(shim.handoff.slice == SLICE_OBSERVED, "and lasts for more than one transaction");
}

/* Two connections of this thread. */
static struct file_shim first, partner;

static void read_reserved(struct file_shim *of)
{
	memset(&of->reservation, 0, sizeof(of->reservation));
	of->sqlite = shim.sqlite;
	handoff_init(&of->handoff, &made_up);
	of->handoff.shm = (const char *)shm;
	of->reservation.policy = READ_RESERVED;
	holder_start(&of->holder);
	holder_seen(&of->holder);
	reservation_header_read(of);
	reservation_before_read(of);
}

/* Both have one reservation: its word. */
static uint32_t read_together(void)
{
	begin();
	read_reserved(&first);
	read_reserved(&partner);
	check(shm[RESERVED] && first.reservation.word == shm[RESERVED] && partner.reservation.word == shm[RESERVED],
	      "they have a reservation together");
	return shm[RESERVED];
}

static void test_partner_ends(void)
{
	uint32_t word = read_together();

	reservation_after_read(&first);
	check(shm[RESERVED] == word && reservation_before_write(&partner), "it outlasts the first one to end");
	reservation_after_read(&partner);
	check(shm[RESERVED] == 0, "and ends with the last one");
}

/* A reservation that another process has in the same millisecond has the same word. */
static void test_partner_writes(void)
{
	for (int writes = 0; writes < 2; writes++) {
		uint32_t word = read_together();

		check(reservation_before_write(&first), "the first one writes");
		reservation_written(&first);
		check(shm[RESERVED] == 0, "that ends the reservation");
		shm[RESERVED] = word;
		if (writes)
			check(!reservation_before_write(&partner), "another process's reservation is not the partner's");
		reservation_after_read(&partner);
		check(shm[RESERVED] == word, "nor does the partner clear it");
	}
}

static void test_partner_claims(void)
{
	uint32_t word = read_together();

	first.shared_write.hold = WRITE_SHARED;
	reservation_before_write(&first);
	reservation_written(&first);
	holder_set_lock(&first.holder, (const char *)shm, first.reservation.claim);
	check(shm[RESERVED] == word, "who shares the lock claims the word");
	holder_set(&first.holder, NULL, 0);
	reservation_unclaim(&first);
	first.shared_write.hold = WRITE_NONE;
	shm[RESERVED] = word;
	reservation_after_read(&partner);
	check(shm[RESERVED] == word, "a partner has no part in the next reservation of the same word");
}

static void test_partner_renews(void)
{
	uint32_t word = read_together();

	now += 10 * MILLISECOND;
	reservation_renew(&first);
	check(shm[RESERVED] == word + 10, "it is renewed");
	reservation_after_read(&first);
	check(shm[RESERVED] == word + 10 && reservation_before_write(&partner), "it is the partner's still");
	reservation_after_read(&partner);
	check(shm[RESERVED] == 0, "which ends it");
}

/* A program without the library has committed before the partner read, so that only the first one's snapshot is an old one. */
static void test_partner_reads_later(void)
{
	begin();
	read_reserved(&first);
	shm[CHANGES]++;
	read_reserved(&partner);
	check(!reservation_before_write(&first), "an old snapshot needs no reservation");
	check(shm[RESERVED] && reservation_before_write(&partner), "the partner's own has it still");
	reservation_after_read(&partner);
}

static int64_t ticks;

/* Between each two looks a millisecond passes. */
static int64_t clock_ticks(void)
{
	return now + ticks++ * MILLISECOND;
}

/* Another process's lapses between two looks at it: each time between other ones. */
static void test_lapses_meanwhile(void)
{
	static const struct handoff_system ticking = {clock_ticks, sleep_until, wake};

	for (uint32_t left = 1; left < 20; left++) {
		uint32_t word = (uint32_t)(now / MILLISECOND) + left;

		begin();
		handoff_init(&shim.handoff, &ticking);
		shim.handoff.shm = (const char *)shm;
		reserves_meanwhile = word;
		ticks = 0;
		read_begins();
		check(shim.reservation.state == RESERVATION_HELD && shim.reservation.word != word && shm[RESERVED] != word,
		      "one that lapses at look %u is not joined", left);
		read_ends();
	}
}

static uint32_t word_left(struct told_text told)
{
	reservation_word_leave(&shim, told);
	return shm[RESERVED];
}

static void test_word_is_left(void)
{
	const struct told_text told = {.text = 0xabcde, .needs = 11};
	const int64_t hour = 3600 * 1000 * MILLISECOND;
	struct told_text found;
	uint32_t word;

	begin();
	word = word_left(told);
	check(reservation_word_tells(word, now, &found) && found.text == told.text && found.needs == told.needs,
	      "a word that was left tells of its text");
	check(reservation_word_tells(word, now + 4 * hour, &found) && !reservation_word_tells(word, now + 24 * hour, &found),
	      "for some hours");
	check(!reservation_lapses_at(word, now) && !reservation_has_lapsed(word, now) && !reservation_blocks(&shim),
	      "and is no reservation");
	read_begins();
	check(reservation_lapses_at(shm[RESERVED], now) != 0, "which is had over it");
	word = shm[RESERVED];
	check(word_left(told) == word, "where one is in force no word is left");
	check(!reservation_word_tells(word, now, &found), "and it tells of none");
	now += hour;
	check(word_left(told) != word, "it is, where one has lapsed");
	read_ends();
	check(reservation_word_tells(shm[RESERVED], now, &found), "which its owner leaves alone");
	begin();
	word_left(told);
	shim.shared_write.hold = WRITE_SHARED;
	check(reservation_claim(&shim) && reservation_lapses_at(shm[RESERVED], now) != 0, "who writes claims over it");
	check(site_memory_tells(&shim, &found) && found.needs == told.needs, "and knows of the text");
	reservation_unclaim(&shim);
	check(shm[RESERVED] == 0, "and gives back what it has claimed");
}

static unsigned searches;

static sqlite3_stmt *next_statement(sqlite3 *db, sqlite3_stmt *after)
{
	(void)db;
	(void)after;
	searches++;
	return NULL;
}

static int is_busy(sqlite3_stmt *stmt)
{
	return stmt != NULL;
}

static const char *text_of(sqlite3_stmt *stmt)
{
	return stmt ? "SELECT 1" : NULL;
}

static void test_first_statement(void)
{
	const struct sqlite searched = {
		.get_autocommit = shim.sqlite->get_autocommit, .next_stmt = next_statement, .stmt_busy = is_busy, .sql = text_of};
	const struct sqlite *before = shim.sqlite;
	struct read_site site = {.text = 1};

	begin();
	shim.sqlite = &searched;
	shim.reservation.next_site = &site;
	check(reserve_find_site(&shim) && shim.reservation.site == &site && searches == 0,
	      "a statement that was seen to start is not searched for");
	check(!reserve_find_site(&shim) && searches == 1, "another one is");
	shim.reservation.site = NULL;
	shim.sqlite = before;
}

static void test_goes_on(void)
{
	const int takes = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE, gives = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;

	begin();
	check(shm_locks_go_on(&shim, MARK, 1, takes, SQLITE_OK) && shm_locks_go_on(&shim, MARK, 1, gives, SQLITE_OK),
	      "who moves a mark of readers reads by it next");
	check(!shm_locks_go_on(&shim, MARK, 1, takes, SQLITE_BUSY), "not if that is refused");
	check(!shm_locks_go_on(&shim, MARK, 4, takes, SQLITE_OK), "nor who starts the -wal anew");
	check(!shm_locks_go_on(&shim, MARK, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED, SQLITE_OK), "nor who reads");
	check(!shm_locks_go_on(&shim, WAL_WRITE_LOCK, 1, takes, SQLITE_OK), "or writes");
	shim.reset_guard.checkpoints = true;
	check(!shm_locks_go_on(&shim, MARK, 1, takes, SQLITE_OK), "or checkpoints");
	shim.reset_guard.checkpoints = false;
}

int main(void)
{
	holder_link(&first.holder);
	holder_link(&partner.holder);
	test_retry();
	test_gives_way();
	test_no_retry();
	test_learnt();
	test_slice();
	test_partner_ends();
	test_partner_writes();
	test_partner_claims();
	test_partner_renews();
	test_partner_reads_later();
	test_lapses_meanwhile();
	test_word_is_left();
	test_first_statement();
	test_goes_on();
	return check_end();
}
