/* wal_limit.c - unit tests of the checkpoint that holds the write lock and waits for readers, with a clock, a -shm and locks that
 * are made up. */
#include "locking/wal_limit.h"

#include "../check.h"
#include "base/log.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "sqlite/callback_offsets.h"

#include <string.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)
#define LIMIT (8 << 20)
#define FRAME (24 + 4096)

static struct file_shim shim;
static struct connection connection;
static sqlite3_file database;
static int64_t now = 1000 * SECOND;
static int64_t readers_until; /* until when a reader has the lock of mark 1 */
static bool is_reserved, is_held, reads_itself, reads_on;
static unsigned takes, warnings;
static int64_t taken_at, held_for; /* the write lock: since when, and how long at most */
static bool lets_write;            /* readers were delayed while the lock was free */
static union {
	uint32_t words[64];
	char bytes[256];
} shm;

int64_t monotonic_now(void)
{
	return now;
}

int64_t monotonic_tick(void)
{
	return now;
}

void monotonic_sleep(int64_t until)
{
	lets_write |= !is_held && (shm.words[33] & READS_LET_WRITE) && read_delay_is_set(shm.bytes, now);
	now = until > now ? until : now;
}

bool callback_checkpoints(const struct callback_offsets *layout, const sqlite3 *db, uint32_t frames)
{
	(void)layout;
	(void)db;
	(void)frames;
	return true;
}

sqlite3_stmt *sqlite_find_statement(const struct sqlite *sqlite, sqlite3 *db,
				    bool (*matches)(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument),
				    const void *argument)
{
	(void)sqlite;
	(void)db;
	(void)matches;
	(void)argument;
	return reads_on ? (sqlite3_stmt *)(void *)&reads_on : NULL;
}

struct connection *registry_find(const sqlite3 *db)
{
	(void)db;
	return &connection;
}

bool wal_files_each(bool (*see)(struct file_shim *shim, void *argument), void *argument)
{
	(void)see;
	(void)argument;
	return !reads_itself;
}

bool holder_waits_for_caller(const struct holder *holder)
{
	(void)holder;
	return false;
}

bool reservation_blocks(struct file_shim *of)
{
	(void)of;
	return is_reserved;
}

bool reservation_claim(struct file_shim *of)
{
	(void)of;
	return !is_reserved;
}

void reservation_unclaim(struct file_shim *of)
{
	(void)of;
}

int shared_write_lock(struct file_shim *of)
{
	(void)of;
	if (is_held)
		return SQLITE_BUSY;
	takes++;
	is_held = true;
	taken_at = now;
	return SQLITE_OK;
}

int shared_write_unlock(struct file_shim *of)
{
	(void)of;
	is_held = false;
	held_for = now - taken_at > held_for ? now - taken_at : held_for;
	return SQLITE_OK;
}

void handoff_try(struct handoff *handoff)
{
	(void)handoff;
}

void handoff_refused(struct handoff *handoff)
{
	(void)handoff;
}

void handoff_acquired(struct handoff *handoff)
{
	(void)handoff;
}

void handoff_pass_on(struct handoff *handoff)
{
	handoff->release = RELEASED_CHANGED;
}

void handoff_releasing(struct handoff *handoff)
{
	(void)handoff;
}

void handoff_released(struct handoff *handoff)
{
	(void)handoff;
}

bool handoff_wait(struct handoff *handoff, int64_t since, int64_t until)
{
	(void)handoff;
	check(since == 0, "it goes before all others");
	now = until;
	return false;
}

bool log_warn_once(enum warning warning, const char *subject, const char *format, ...)
{
	(void)subject;
	(void)format;
	warnings += warning == WARNING_WAL_READER;
	return true;
}

static int make_up_lock(sqlite3_file *file, int offset, int count, int flags)
{
	(void)file;
	if (!(flags & SQLITE_SHM_LOCK))
		return SQLITE_OK;
	return offset <= 4 && offset + count > 4 && now < readers_until ? SQLITE_BUSY : SQLITE_OK;
}

static const sqlite3_io_methods of_database = {.iVersion = 3, .xShmLock = make_up_lock};

static void start(void)
{
	memset(&shim, 0, sizeof(shim));
	memset(&connection, 0, sizeof(connection));
	memset(&shm, 0, sizeof(shm));
	shm.words[0] = 3007000;
	*(uint16_t *)(void *)(shm.bytes + 14) = 4096;
	for (unsigned i = 1; i < WAL_READ_MARKS; i++)
		shm.words[25 + i] = WAL_MARK_UNUSED;
	shim.original = &of_database;
	shim.file = &database;
	shim.fair = true;
	shim.handoff.shm = shm.bytes;
	shim.handoff.checkpoint_at = 1000;
	shim.files.shm_fd = 0;
	connection.path = (char *)(uintptr_t) "t.db";
	connection.outcomes[SETTING_JOURNAL_SIZE_LIMIT].got = LIMIT;
	now += 1000 * SECOND;
	readers_until = 0;
	is_reserved = is_held = reads_itself = lets_write = false;
	takes = warnings = 0;
	held_for = 0;
}

static void commit(uint32_t before, uint32_t after)
{
	wal_limit_read_begins(&shim);
	shm.words[4] = before;
	read_delay_write_tried(&shim);
	wal_limit_write_locked(&shim);
	shm.words[4] = after;
	wal_limit_write_unlocked(&shim);
}

/* SQLite's automatic checkpoint, of all frames that no reader is in the way of; returns how long it took. */
static int64_t checkpoint(void)
{
	int64_t began = now;
	bool waits;

	wal_limit_checkpoint_begins(&shim);
	waits = shm.words[26] != WAL_MARK_UNUSED && shm.words[26] < shm.words[4] &&
		wal_limit_lock_readers(&shim, 4, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) != SQLITE_OK;
	shm.words[24] = waits ? shm.words[26] : shm.words[4];
	wal_limit_checkpoint_ends(&shim);
	check(!is_held, "no lock outlasts the checkpoint");
	return now - began;
}

static void begin_reader(uint32_t mark, int64_t length)
{
	shm.words[26] = mark;
	readers_until = now + length;
}

static void test_passes(void)
{
	start();
	reads_itself = true;
	commit(1990, 1999);
	checkpoint();
	check(takes == 0, "up to twice the usual length nothing is held");
	commit(1999, 2001);
	checkpoint();
	check(takes == 1, "the checkpoint that passes it holds the write lock");
	commit(2001, 2004);
	checkpoint();
	check(takes == 1, "the next one does not");
	commit(2990, 3005);
	checkpoint();
	check(takes == 2, "but that which passes the next thousand does");
	checkpoint();
	check(takes == 2, "one that follows no commit does not");
}

static void test_short_readers(void)
{
	int64_t took;

	start();
	commit(990, 1001);
	checkpoint();
	check(takes == 0, "the first checkpoint at the usual length holds nothing");
	begin_reader(1000, 15 * MILLISECOND);
	commit(1001, 1003);
	took = checkpoint();
	check(takes == 1 && took >= 15 * MILLISECOND && shm.words[24] == 1003, "the next one waits for a short reader");
	check(lets_write && held_for < 2 * MILLISECOND, "and others write until that one has ended");
	check(!read_delay_lets_write(shm.bytes), "readers are delayed no longer than that");
	start();
	begin_reader(1000, 800 * MILLISECOND);
	commit(1001, 1003);
	took = checkpoint();
	check(takes == 0 && took >= 20 * MILLISECOND && took < 30 * MILLISECOND, "for a longer one it does not wait to the end");
	check(!read_delay_lets_write(shm.bytes), "nor are readers delayed any longer");
	commit(1999, 2001);
	check(checkpoint() == 0 && takes == 0, "and then none holds the lock for a while");
	now += 11 * SECOND;
	begin_reader(1000, 15 * MILLISECOND);
	commit(2001, 2003);
	checkpoint();
	check(takes == 1 && shm.words[24] == 2003, "but later it is tried again");
}

static void test_short_turn(void)
{
	start();
	is_reserved = true;
	commit(1001, 1003);
	check(checkpoint() <= 50 * MILLISECOND && takes == 0, "a reservation that does not end is not waited for for long");
	commit(1003, 1005);
	check(checkpoint() == 0, "nor by each commit");
	start();
	shim.handoff.release = WAKE_DEFERRED;
	commit(1001, 1003);
	checkpoint();
	check(takes == 1 && shim.handoff.release == RELEASED_CHANGED, "the next writer is woken before it waits for readers");
}

static void test_left_alone(void)
{
	start();
	connection.outcomes[SETTING_WAL_AUTOCHECKPOINT].by = DECIDED_BY_PROGRAM;
	commit(1999, 2001);
	checkpoint();
	check(takes == 0, "a program that has set wal_autocheckpoint is left alone");
	start();
	connection.outcomes[SETTING_JOURNAL_SIZE_LIMIT] = (struct outcome){.by = DECIDED_BY_RECIPE, .got = 0};
	commit(1999, 2001);
	checkpoint();
	check(takes == 0, "Litestream is left alone");
	start();
	shim.fair = false;
	commit(1999, 2001);
	checkpoint();
	check(takes == 0, "SQLPROD_BUSY_WAIT=sqlite leaves it alone");
	start();
	shim.has_read_lock = true;
	commit(1999, 2001);
	checkpoint();
	check(takes == 0, "a connection that reads itself holds nothing");
	start();
	is_reserved = true;
	commit(1999, 2001);
	checkpoint();
	check(takes == 0, "a connection that has reserved is not kept from the lock");
	start();
	is_held = true;
	commit(1999, 2001);
	wal_limit_checkpoint_begins(&shim);
	check(takes == 0 && !shim.wal_limit.holds, "a lock that is not to be had is not waited for for long");
}

static void test_waits(void)
{
	start();
	begin_reader(100, 800 * MILLISECOND);
	commit(2 * LIMIT / FRAME - 400, 2 * LIMIT / FRAME - 399);
	check(checkpoint() >= 800 * MILLISECOND && takes == 1, "past the limit it waits for the reader");
	check(shm.words[24] == shm.words[4], "and all is copied");
	begin_reader(100, 800 * MILLISECOND);
	now += 10 * MILLISECOND;
	commit(2 * LIMIT / FRAME - 399, 2 * LIMIT / FRAME - 398);
	check(checkpoint() == 0, "not again at once");
	now += SECOND;
	begin_reader(100, 800 * MILLISECOND);
	commit(2 * LIMIT / FRAME - 399, 2 * LIMIT / FRAME - 398);
	check(checkpoint() >= 800 * MILLISECOND, "but after a while");
	start();
	begin_reader(100, 800 * MILLISECOND);
	reads_itself = true;
	commit(2 * LIMIT / FRAME - 400, 2 * LIMIT / FRAME - 399);
	check(checkpoint() == 0, "a reader of the same thread is not waited for");
	start();
	shim.handoff.checkpoint_at = 1000000;
	begin_reader(100, 800 * MILLISECOND);
	commit(LIMIT / FRAME - 400, LIMIT / FRAME - 399);
	check(checkpoint() == 0, "below the limit nobody is");
	start();
	shim.handoff.checkpoint_at = 1000000;
	begin_reader(100, 800 * MILLISECOND);
	connection.outcomes[SETTING_JOURNAL_SIZE_LIMIT].got = -1;
	commit(2 * LIMIT / FRAME - 400, 2 * LIMIT / FRAME - 399);
	check(checkpoint() == 0, "nor is anybody without a limit");
}

/* Writes from the limit on, a commit each millisecond, until one waits for the reader; returns how many do not. */
static unsigned write_beside_reader(int64_t length, unsigned frames)
{
	uint32_t at = LIMIT / FRAME + 1;
	unsigned commits = 0;

	shm.words[24] = shm.words[4] = at;
	begin_reader(100, length);
	for (; takes == 0 && commits < 5000; commits++, at += frames) {
		commit(at, at + frames);
		checkpoint();
		read_delay_read_ended(&shim);
		now += MILLISECOND;
	}
	return commits;
}

static void test_delays_before_it_waits(void)
{
	struct file_shim other;
	unsigned commits;
	int64_t began;

	start();
	begin_reader(100, SECOND);
	commit(2100, 2101);
	checkpoint();
	commit(2999, 3000);
	checkpoint();
	check(takes == 0, "nothing is held for a moment while readers are delayed");
	start();
	shim.handoff.checkpoint_at = 1000000;
	commits = write_beside_reader(700 * MILLISECOND, 1);
	check(commits > 700 && commits < 740, "writers go on until the reader has ended: %u commits", commits);
	start();
	shim.handoff.checkpoint_at = 1000000;
	commits = write_beside_reader(2 * SECOND, 10);
	check(commits > 90 && commits < 120, "unless the -wal is near twice its limit: %u commits", commits);
	start();
	shim.handoff.checkpoint_at = 1000000;
	begin_reader(100, SECOND);
	commit(LIMIT / FRAME + 1, LIMIT / FRAME + 2);
	checkpoint();
	read_delay_read_ended(&shim);
	check(takes == 0 && !read_delay_wait(&shim), "whose last transaction wrote is not delayed");
	other = shim;
	memset(&other.read_delay, 0, sizeof(other.read_delay));
	began = now;
	check(read_delay_wait(&other) && now - began <= 501 * MILLISECOND, "a reader is, but not for long after the last commit");
	commit(LIMIT / FRAME + 2, LIMIT / FRAME + 3);
	checkpoint();
	check(read_delay_wait(&other), "that is so after the next one");
	reads_itself = true;
	check(!read_delay_wait(&other), "a thread does not wait for its own commits");
	reads_itself = false;
	commit(LIMIT / FRAME + 3, 2);
	check(!read_delay_wait(&other), "and ends when the -wal starts anew");
}

/* Readers of half a second that come one after the other have the same mark, as each -wal begins alike. */
static void test_same_mark(void)
{
	start();
	for (int i = 0; i < 4; i++) {
		begin_reader(5, 500 * MILLISECOND);
		commit(2 * LIMIT / FRAME - 400, 2 * LIMIT / FRAME - 399);
		check(checkpoint() >= 500 * MILLISECOND, "reader %d is not taken for one that stays", i);
		read_delay_read_ended(&shim);
		now += SECOND;
		commit(2 * LIMIT / FRAME - 399, 5);
		now += SECOND;
		commit(1200, 1205);
		checkpoint();
	}
	for (int i = 0; i < 4; i++) {
		begin_reader(5, 500 * MILLISECOND);
		commit(2 * LIMIT / FRAME - 400 - 10 * i, 2 * LIMIT / FRAME - 399 - 10 * i);
		check(checkpoint() >= 500 * MILLISECOND, "nor reader %d, where nobody looked below the limit", i);
		now += SECOND;
		commit(2 * LIMIT / FRAME - 399 - 10 * i, 5);
	}
}

static void test_endless(void)
{
	unsigned stalls = 0;

	start();
	begin_reader(100, 1000 * SECOND);
	for (int i = 0; i < 200; i++) {
		commit(2 * LIMIT / FRAME - 400, 2 * LIMIT / FRAME - 399);
		stalls += checkpoint() > 0;
		now += 200 * MILLISECOND;
	}
	check(stalls == 1, "a reader that stays is waited for once, not %u times", stalls);
	check(warnings > 0, "and named");
	shim.wal_limit.looked_at = shim.wal_limit.looks_since = shim.wal_limit.read_locks[1].since = 0;
	commit(2 * LIMIT / FRAME - 400, 2 * LIMIT / FRAME - 399);
	check(checkpoint() == 0, "not by another connection either");
}

static void test_delays_read(void)
{
	int64_t began;

	start();
	check(!read_delay_wait(&shim), "a read begins at once");
	begin_reader(100, 100 * SECOND);
	commit(2 * LIMIT / FRAME - 400, 2 * LIMIT / FRAME - 399);
	wal_limit_checkpoint_begins(&shim);
	began = now;
	check(read_delay_wait(&shim) && now - began > 2900 * MILLISECOND && now - began <= 3 * SECOND,
	      "while a checkpoint waits, three seconds later at the latest");
	check(!read_delay_wait(&shim), "and no more than that");
	read_delay_read_ended(&shim);
	now += 100 * SECOND;
	check(!read_delay_wait(&shim), "one that has died delays nobody");
}

/* Beside readers of a second; the next commit's. */
static bool is_needless(uint32_t frames)
{
	commit(frames - 1, frames);
	wal_limit_checkpoint_begins(&shim);
	return shim.wal_limit.is_needless;
}

static void test_needless(void)
{
	start();
	connection.outcomes[SETTING_JOURNAL_SIZE_LIMIT].got = 8 * LIMIT;
	shm.words[24] = 100;
	read_delay_note_longer(shm.bytes, now);
	commit(4001, 4002);
	wal_limit_checkpoint_begins(&shim);
	check(shim.wal_limit.is_automatic && !shim.wal_limit.is_needless, "the first one copies what it can");
	refused_locks_checkpoint_begun(&shim);
	refused_locks_checkpoint_ended(&shim, now);
	check(is_needless(4003), "the next one is left out");
	wal_limit_checkpoint_begins(&shim);
	check(!shim.wal_limit.is_needless, "not one of the program's own after that");
	commit(998, 999);
	wal_limit_checkpoint_begins(&shim);
	check(!shim.wal_limit.is_needless && !shim.wal_limit.is_automatic, "nor where SQLite may not checkpoint by itself");
	reads_on = true;
	check(!is_needless(4003), "nor where SQLite makes none, as another statement reads on");
	reads_on = false;
	connection.outcomes[SETTING_WAL_AUTOCHECKPOINT].by = DECIDED_BY_PROGRAM;
	check(!is_needless(4004), "nor where the program decides when that is");
	connection.outcomes[SETTING_WAL_AUTOCHECKPOINT].by = DECIDED_BY_RECIPE;
	now += 5 * MILLISECOND;
	check(!is_needless(4005), "nor some milliseconds later");
}

int main(void)
{
	test_passes();
	test_short_readers();
	test_short_turn();
	test_left_alone();
	test_waits();
	test_delays_before_it_waits();
	test_same_mark();
	test_endless();
	test_delays_read();
	test_needless();
	return check_end();
}
