/* cuts.c - cuts the power at every point of a record, and looks what is left.
 *
 * cuts RECORD FOLDER CUTS SEED
 *
 * After a power failure a file has what was written before the begin of a sync that had ended, and of what was written later any
 * sectors: so each cut keeps all of the former and some of the latter, sector by sector. (A file that was synced has its name as
 * well, as on ext4, XFS and btrfs.) After a sync that failed, what it was to write is on the disk or not, and no later sync will
 * write it. SQLite opens what is left: every acknowledged commit is to be there, and integrity_check to find nothing. Prints the
 * number of cuts and of those that were wrong; exits with 1 if there were any. */
#include "record.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTOR 512
#define FILE_SIZE (64u << 20)
#define WORKERS 64
#define COMMITS 2048

struct image {
	unsigned char *bytes;
	uint64_t size;
	bool exists;
};

struct disk {
	struct image synced;
	const struct record_entry **pending; /* in their order */
	size_t count, room;
};

static const struct record *record;
static struct disk disks[2];
static struct image cut_image;
static bool acknowledged[WORKERS][COMMITS], found[WORKERS][COMMITS];
static unsigned greatest[WORKERS];
static uint64_t state;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "cuts: %s\n", what);
	exit(2);
}

static uint32_t random_number(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33);
}

static bool keeps(unsigned percent)
{
	return random_number() % 100 < percent;
}

static void resize(struct image *image, uint64_t size)
{
	if (size > FILE_SIZE)
		die("a file is too large");
	if (size < image->size)
		memset(image->bytes + size, 0, image->size - size);
	image->size = size;
	image->exists = true;
}

/* Writes so many of a hundred of its sectors. */
static void apply_write(struct image *image, const struct record_entry *entry, unsigned percent)
{
	uint64_t end = entry->offset + entry->size;

	for (uint64_t at = entry->offset, next; at < end; at = next) {
		next = (at / SECTOR + 1) * SECTOR;
		next = next < end ? next : end;
		if (!keeps(percent))
			continue;
		if (next > image->size)
			resize(image, next);
		memcpy(image->bytes + at, entry->data + (at - entry->offset), next - at);
	}
}

static void apply(struct image *image, const struct record_entry *entry, unsigned percent)
{
	if (entry->kind == RECORD_WRITTEN) {
		apply_write(image, entry, percent);
	} else if (keeps(percent)) {
		resize(image, entry->kind == RECORD_TRUNCATED ? entry->offset : 0);
		image->exists = entry->kind != RECORD_DELETED;
	}
}

static const struct record_entry *entry_at(uint64_t at)
{
	return (const void *)(record->entries + at);
}

/* A sync that began there has ended. */
static void settle(struct disk *disk, uint64_t began, unsigned percent)
{
	size_t kept = 0;

	for (size_t i = 0; i < disk->count; i++)
		if (disk->pending[i] < entry_at(began))
			apply(&disk->synced, disk->pending[i], percent);
		else
			disk->pending[kept++] = disk->pending[i];
	disk->count = kept;
}

static void add(struct disk *disk, const struct record_entry *entry)
{
	if (disk->count == disk->room) {
		disk->room = disk->room ? 2 * disk->room : 1024;
		disk->pending = realloc(disk->pending, disk->room * sizeof(*disk->pending));
		if (!disk->pending)
			die("no memory");
	}
	disk->pending[disk->count++] = entry;
}

static void play(const struct record_entry *entry)
{
	struct disk *disk = &disks[entry->file];
	unsigned worker = (unsigned)(entry->offset >> 32), commit = (unsigned)entry->offset;

	switch ((uint32_t)entry->kind) {
	case RECORD_WRITTEN:
	case RECORD_TRUNCATED:
	case RECORD_DELETED:
		add(disk, entry);
		break;
	case RECORD_SYNC_ENDED:
		settle(disk, entry->offset, 100);
		break;
	case RECORD_SYNC_FAILED:
		settle(disk, entry->offset, 50);
		break;
	case RECORD_ACKNOWLEDGED:
		if (worker >= WORKERS || commit >= COMMITS)
			die("too many commits");
		acknowledged[worker][commit] = true;
		greatest[worker] = commit;
		break;
	}
}

static void write_image(const struct disk *disk, const char *path, unsigned percent)
{
	int file;

	memcpy(cut_image.bytes, disk->synced.bytes, disk->synced.size);
	cut_image.size = disk->synced.size;
	cut_image.exists = disk->synced.exists;
	for (size_t i = 0; i < disk->count; i++)
		apply(&cut_image, disk->pending[i], percent);
	unlink(path);
	file = cut_image.exists ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
	if (cut_image.exists && (file < 0 || write(file, cut_image.bytes, cut_image.size) != (ssize_t)cut_image.size))
		die(path);
	if (file >= 0)
		close(file);
	memset(cut_image.bytes, 0, cut_image.size);
}

static int note(void *argument, int count, char **values, char **names)
{
	int worker = atoi(values[0]), commit = atoi(values[1]);

	(void)argument;
	(void)count;
	(void)names;
	if (worker >= 0 && worker < WORKERS && commit >= 0 && commit < COMMITS)
		found[worker][commit] = true;
	return 0;
}

static int is_ok(void *argument, int count, char **values, char **names)
{
	(void)count;
	(void)names;
	*(bool *)argument = strcmp(values[0], "ok") == 0;
	return 0;
}

/* How many acknowledged commits are gone; -1 if the database is damaged. */
static int examine(const char *path)
{
	bool ok = false;
	int lost = 0;
	sqlite3 *db;

	memset(found, 0, sizeof(found));
	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, "PRAGMA integrity_check", is_ok, &ok, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "SELECT worker, n FROM log", note, NULL, NULL) != SQLITE_OK)
		ok = false;
	sqlite3_close(db);
	for (unsigned worker = 0; worker < WORKERS; worker++)
		for (unsigned commit = 1; commit <= greatest[worker]; commit++)
			lost += acknowledged[worker][commit] && !found[worker][commit];
	return ok ? lost : -1;
}

static int cut(const char *folder)
{
	static const unsigned percents[] = {0, 10, 50, 90, 100};
	unsigned percent = percents[random_number() % (sizeof(percents) / sizeof(percents[0]))];
	char path[512], wal[520], shm[520];

	snprintf(path, sizeof(path), "%s/t.db", folder);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	snprintf(shm, sizeof(shm), "%s-shm", path);
	unlink(shm);
	write_image(&disks[RECORD_DATABASE], path, percent);
	write_image(&disks[RECORD_WAL], wal, percent);
	return examine(path);
}

static unsigned char *allocate(void)
{
	unsigned char *bytes = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (bytes == MAP_FAILED)
		die("no memory");
	return bytes;
}

/* Plays the entries up to the begin of the run, which are on the disk; returns the place of the next. */
static uint64_t play_start(uint64_t used)
{
	uint64_t at = 0;

	while (at < used && entry_at(at)->kind != RECORD_ACKNOWLEDGED) {
		play(entry_at(at));
		at += entry_at(at)->room;
	}
	if (at >= used)
		die("the record has no begin");
	settle(&disks[RECORD_DATABASE], at, 100);
	settle(&disks[RECORD_WAL], at, 100);
	return at + entry_at(at)->room;
}

int main(int argc, char **argv)
{
	unsigned wanted, entries = 0, seen = 0, cuts = 0, damaged = 0, losing = 0;
	uint64_t start, at;
	int file, lost;

	if (argc != 5) {
		fputs("usage: cuts RECORD FOLDER CUTS SEED\n", stderr);
		return 64;
	}
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	record = file < 0 ? MAP_FAILED : mmap(NULL, RECORD_SIZE, PROT_READ, MAP_SHARED, file, 0);
	if (record == MAP_FAILED)
		die(argv[1]);
	wanted = (unsigned)atoi(argv[3]);
	state = (uint64_t)atoll(argv[4]);
	disks[RECORD_DATABASE].synced.bytes = allocate();
	disks[RECORD_WAL].synced.bytes = allocate();
	cut_image.bytes = allocate();
	start = play_start(record->used);
	for (at = start; at < record->used; at += entry_at(at)->room)
		entries++;
	for (at = start; at < record->used; at += entry_at(at)->room) {
		play(entry_at(at));
		/* as many after each entry as make up the number that is wanted */
		for (seen++; cuts < (uint64_t)wanted * seen / entries; cuts++) {
			lost = cut(argv[2]);
			damaged += lost < 0;
			losing += lost > 0;
		}
	}
	printf("%u entries, %u cuts: %u damaged, %u lost commits\n", entries, cuts, damaged, losing);
	return damaged || losing;
}
