/* group_commit.c - unit tests of the sync that is put off, with a -wal, a -shm and statements that are made up. */
#include "locking/group_commit.h"

#include "../check.h"
#include "connection/registry.h"
#include "locking/file_shim.h"

#include <string.h>

enum { PAGE = 512, FRAMES = 300, SIZE = 32 + FRAMES * (24 + PAGE) };

static struct file_shim shim;
static struct connection connection;
static struct sqlite sqlite;
static sqlite3_file wal, database;
static unsigned char content[SIZE];
static unsigned syncs, unlocks, busy;
static sqlite3_int64 written, read_fails_at;
static int sync_result;
static union {
	uint32_t words[64];
	char bytes[256];
} shm;

struct connection *registry_find(const sqlite3 *db)
{
	(void)db;
	return &connection;
}

bool wal_files_each(bool (*see)(struct file_shim *shim, void *argument), void *argument)
{
	return see(&shim, argument);
}

void shared_write_end(struct file_shim *of)
{
	check(of == &shim, "the transaction ends");
}

static int make_up_sync(sqlite3_file *file, int flags)
{
	check(file == &wal && flags == SQLITE_SYNC_NORMAL, "it is the -wal that is synced, as SQLite wants it");
	syncs++;
	return sync_result;
}

static int make_up_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
	(void)file;
	check(offset + size <= SIZE && memcmp(data, content + offset, (size_t)size) == 0, "what is written is what was there");
	written += size;
	return SQLITE_OK;
}

static int make_up_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
	(void)file;
	if (read_fails_at && offset >= read_fails_at)
		return SQLITE_IOERR_READ;
	memcpy(data, content + offset, (size_t)size);
	return SQLITE_OK;
}

static int make_up_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int make_up_lock(sqlite3_file *file, int offset, int count, int flags)
{
	(void)file;
	check(offset == 4 && count == 1 && flags == (SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED), "only the read lock is given back");
	unlocks++;
	return SQLITE_OK;
}

static int make_up_file_control(sqlite3 *db, const char *schema, int operation, void *out)
{
	(void)db;
	(void)schema;
	check(operation == SQLITE_FCNTL_JOURNAL_POINTER, "the -wal is asked for");
	*(sqlite3_file **)out = &wal;
	return SQLITE_OK;
}

static int statements[3];

static sqlite3_stmt *make_up_next(sqlite3 *db, sqlite3_stmt *stmt)
{
	int *next = stmt ? (int *)(void *)stmt + 1 : statements;

	(void)db;
	return next < statements + 3 ? (sqlite3_stmt *)(void *)next : NULL;
}

static int make_up_busy(sqlite3_stmt *stmt)
{
	return (int *)(void *)stmt - statements < (int)busy;
}

static const sqlite3_io_methods of_wal = {
	.iVersion = 3, .xClose = make_up_close, .xRead = make_up_read, .xWrite = make_up_write, .xSync = make_up_sync};
static const sqlite3_io_methods of_database = {.iVersion = 3, .xShmLock = make_up_lock};

/* As shm_locks.c does. */
static void write_locked(void)
{
	group_commit_write_locked(&shim);
	wal_methods_write_locked(&shim);
}

static void write_unlocked(void)
{
	wal_methods_write_unlocked(&shim);
	group_commit_write_unlocked(&shim);
}

static void start(void)
{
	memset(&shim, 0, sizeof(shim));
	memset(&connection, 0, sizeof(connection));
	memset(&shm, 0, sizeof(shm));
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (unsigned char)(i * 7);
	wal.pMethods = &of_wal;
	sqlite.file_control = make_up_file_control;
	sqlite.next_stmt = make_up_next;
	sqlite.stmt_busy = make_up_busy;
	shim.sqlite = &sqlite;
	shim.file = &database;
	shim.original = &of_database;
	shim.handoff.shm = shm.bytes;
	shim.files.shm_fd = -1;
	shim.has_read_lock = true;
	shim.group_commit.wanted = true;
	syncs = unlocks = 0;
	written = read_fails_at = 0;
	busy = 1;
	sync_result = SQLITE_OK;
	shm.words[4] = FRAMES;
	*(uint16_t *)(void *)(shm.bytes + 14) = PAGE;
}

/* A transaction as SQLite makes it; returns what its COMMIT would. */
static int transact(void)
{
	int rc;

	group_commit_read_locked(&shim, 4);
	write_locked();
	rc = wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL);
	write_unlocked();
	if (rc == SQLITE_OK)
		rc = group_commit_wait(&shim);
	if (!group_commit_read_unlocked(&shim))
		make_up_lock(&database, 4, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
	return rc;
}

static void test_put_off(void)
{
	start();
	group_commit_read_locked(&shim, 4);
	write_locked();
	check(wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL) == SQLITE_OK && syncs == 0, "with the write lock nothing is synced");
	write_unlocked();
	check(group_commit_wait(&shim) == SQLITE_OK && syncs == 1 && unlocks == 1, "then it is, and the read lock was given back");
	check(group_commit_read_unlocked(&shim), "which SQLite must not give back again");
	check(!group_commit_read_unlocked(&shim), "… but once");
	check(group_commit_wait(&shim) == SQLITE_OK && syncs == 1, "a commit that put nothing off syncs nothing");
	check(wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL) == SQLITE_OK && syncs == 2, "without the write lock it syncs at once");
}

static void test_left_alone(void)
{
	start();
	shim.group_commit.wanted = false;
	check(transact() == SQLITE_OK && syncs == 1 && shim.group_commit.count == 0, "unwanted, a commit syncs at once");
	start();
	shim.reset_guard.checkpoints = true;
	check(transact() == SQLITE_OK && syncs == 1 && shim.group_commit.count == 0, "a checkpoint syncs at once");
	start();
	sqlite.file_control = NULL;
	check(transact() == SQLITE_OK && syncs == 1 && wal.pMethods == &of_wal, "an old SQLite keeps its own");
}

static void test_header(void)
{
	start();
	transact();
	group_commit_read_locked(&shim, 4);
	write_locked();
	wal.pMethods->xWrite(&wal, content, 32, 0);
	wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL);
	check(syncs == 2, "the header of a new -wal is synced at once");
	wal.pMethods->xWrite(&wal, content + 32, 24, 32);
	wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL);
	check(syncs == 2 && shim.group_commit.put_off, "the frames after it are not");
}

static void test_readers(void)
{
	start();
	busy = 2;
	group_commit_read_locked(&shim, 4);
	write_locked();
	wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL);
	group_commit_wait(&shim);
	check(syncs == 1 && unlocks == 0 && !group_commit_read_unlocked(&shim), "another statement of the connection reads on");
	start();
	connection.shared_cache = true;
	transact();
	check(unlocks == 1 && !shim.group_commit.read_lock_returned, "in a shared cache SQLite gives the read lock back");
}

static void test_failure(void)
{
	start();
	transact();
	sync_result = SQLITE_IOERR_FSYNC;
	check(transact() == SQLITE_IOERR_FSYNC && written == 0, "a sync that fails is the error of its commit");
	check(transact() == SQLITE_IOERR_FSYNC && written == SIZE, "the next one writes all again, and fails as well");
	sync_result = SQLITE_OK;
	read_fails_at = 100000;
	check(transact() == SQLITE_IOERR_FSYNC && syncs == 3, "what cannot be written again is not durable, and nothing is synced");
	read_fails_at = 0;
	written = 0;
	check(transact() == SQLITE_OK && written == SIZE, "once all is written and synced, commits are durable again");
	written = 0;
	check(transact() == SQLITE_OK && written == 0, "and nothing more is written again");
	shim.handoff.shm = NULL;
	shim.group_commit.in_doubt = true;
	check(transact() == SQLITE_IOERR_FSYNC, "without a -shm nobody knows how much there is to write");
}

static void test_failed_checkpoint(void)
{
	start();
	transact();
	sync_result = SQLITE_IOERR_FSYNC;
	check(wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL) == SQLITE_IOERR_FSYNC, "a checkpoint's sync fails");
	sync_result = SQLITE_OK;
	check(wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL) == SQLITE_OK && written == SIZE, "the next one writes again first");
}

static void test_abandoned(void)
{
	start();
	group_commit_read_locked(&shim, 4);
	write_locked();
	wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL);
	write_unlocked(); /* rolled back after all */
	group_commit_read_unlocked(&shim);
	group_commit_read_locked(&shim, 4);
	write_locked();
	write_unlocked();
	check(group_commit_wait(&shim) == SQLITE_OK && syncs == 0, "the sync of a commit that failed is not made up for");
}

static void test_close(void)
{
	start();
	transact();
	check(wal.pMethods != &of_wal, "the -wal has other methods");
	check(wal.pMethods->xClose(&wal) == SQLITE_OK && wal.pMethods == &of_wal, "once it is closed it has its own");
	start();
	transact();
	wal_methods_forget(&shim);
	check(wal.pMethods == &of_wal && !shim.wal_methods.wal, "so has one that is about to be closed");
}

int main(void)
{
	test_put_off();
	test_left_alone();
	test_header();
	test_readers();
	test_failure();
	test_failed_checkpoint();
	test_abandoned();
	test_close();
	return check_end();
}
