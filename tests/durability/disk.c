/* disk.c - a library to preload after libsqlprod.so that stands for the disk: it is slow, it fails, and it records what reaches it.
 *
 *   DISK_SLEEP    microseconds that each sync takes, instead of what it really takes
 *   DISK_FAIL     every so manieth sync of a -wal fails with EIO; may be changed while the program runs
 *   DISK_AT_SYNC  a command that is run at each sync of a -wal, before it
 *   DISK_RECORD   a file (record.h) that gets the writes, truncations, syncs and deletions of t.db and t.db-wal in their order, and
 *                 the commits that a program acknowledges. A sync is recorded by its begin and by its end. */
#include "record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct record *record;
static const char *sleep_for, *at_sync;
static _Thread_local bool runs_command;

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("DISK_RECORD");
	int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;

	sleep_for = getenv("DISK_SLEEP");
	at_sync = getenv("DISK_AT_SYNC");
	if (file < 0)
		return;
	if (ftruncate(file, RECORD_SIZE) == 0)
		record = mmap(NULL, RECORD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (record == MAP_FAILED)
		record = NULL;
	close(file);
}

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static enum record_file file_of_path(const char *path)
{
	size_t length = strlen(path);

	if (length >= 8 && strcmp(path + length - 8, "t.db-wal") == 0)
		return RECORD_WAL;
	return length >= 4 && strcmp(path + length - 4, "t.db") == 0 ? RECORD_DATABASE : RECORD_OTHER;
}

static enum record_file file_of(int file)
{
	char link[32], path[512];
	int saved = errno;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, sizeof(path) - 1);
	errno = saved;
	if (length < 0)
		return RECORD_OTHER;
	path[length] = '\0';
	return file_of_path(path);
}

static uint64_t append(enum record_kind kind, enum record_file file, uint64_t offset, const void *data, size_t size)
{
	size_t room = (sizeof(struct record_entry) + size + 7) / 8 * 8;
	uint64_t at;
	struct record_entry *entry;

	if (!record || file == RECORD_OTHER)
		return 0;
	at = atomic_fetch_add(&record->used, room);
	if (at + room > RECORD_SIZE - sizeof(*record)) {
		fputs("disk: the record is full\n", stderr);
		abort();
	}
	entry = (void *)(record->entries + at);
	entry->file = file;
	entry->room = (uint32_t)room;
	entry->size = (uint32_t)size;
	entry->offset = offset;
	if (data)
		memcpy(entry->data, data, size);
	atomic_store(&entry->kind, kind);
	return at;
}

/* For the program under test. */
void disk_acknowledge(unsigned worker, unsigned commit);
void disk_acknowledge(unsigned worker, unsigned commit)
{
	append(RECORD_ACKNOWLEDGED, RECORD_WAL, (uint64_t)worker << 32 | commit, NULL, 0);
}

static void run_command(void)
{
	char command[1024];

	if (runs_command)
		return;
	runs_command = true;
	snprintf(command, sizeof(command), "unset LD_PRELOAD; %s", at_sync);
	if (system(command) != 0)
		fputs("disk: DISK_AT_SYNC failed\n", stderr);
	runs_command = false;
}

/* What the kernel could not write it does not try again. It reports that to every descriptor of the file, once: each process has
 * one here. */
static bool end_sync(enum record_file which, uint64_t began)
{
	static struct record own;
	static unsigned reported;
	struct record *state = record ? record : &own;
	unsigned every = getenv("DISK_FAIL") ? (unsigned)atoi(getenv("DISK_FAIL")) : 0;
	bool fails = false;

	while (atomic_flag_test_and_set(&state->lock))
		;
	if (which == RECORD_WAL && every) {
		fails = reported != state->failures;
		if (!fails && ++state->syncs % every == 0) {
			state->failures++;
			append(RECORD_SYNC_FAILED, which, began, NULL, 0);
			fails = true;
		}
		reported = state->failures;
	}
	if (!fails)
		append(RECORD_SYNC_ENDED, which, began, NULL, 0);
	atomic_flag_clear(&state->lock);
	return !fails;
}

static int sync_file(int file, const char *name)
{
	int (*sync)(int);
	enum record_file which = file_of(file);
	struct timespec time = {0, sleep_for ? atol(sleep_for) * 1000 : 0};
	uint64_t began;
	int rc = 0;

	*(void **)&sync = real(name);
	if (which == RECORD_WAL && at_sync)
		run_command();
	began = append(RECORD_SYNC_BEGAN, which, 0, NULL, 0);
	if (sleep_for)
		nanosleep(&time, NULL);
	else if (!record)
		rc = sync(file);
	if (end_sync(which, began))
		return rc;
	errno = EIO;
	return -1;
}

int fsync(int file)
{
	return sync_file(file, "fsync");
}

int fdatasync(int file)
{
	return sync_file(file, "fdatasync");
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
	ssize_t (*next)(int, const void *, size_t, off_t);
	ssize_t written;

	*(void **)&next = real("pwrite");
	written = next(file, data, size, offset);
	if (record && written > 0)
		append(RECORD_WRITTEN, file_of(file), (uint64_t)offset, data, (size_t)written);
	return written;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
	return pwrite(file, data, size, offset);
}

int ftruncate(int file, off_t size)
{
	int (*next)(int, off_t), rc;

	*(void **)&next = real("ftruncate");
	rc = next(file, size);
	if (record && rc == 0)
		append(RECORD_TRUNCATED, file_of(file), (uint64_t)size, NULL, 0);
	return rc;
}

int ftruncate64(int file, off64_t size)
{
	return ftruncate(file, size);
}

int unlink(const char *path)
{
	int (*next)(const char *), rc;

	*(void **)&next = real("unlink");
	rc = next(path);
	if (record && rc == 0)
		append(RECORD_DELETED, file_of_path(path), 0, NULL, 0);
	return rc;
}
