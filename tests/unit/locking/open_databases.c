/* open_databases.c - the table of open databases, and who joins and leaves at once. */
#include "locking/open_databases.h"

#include "../check.h"

#include <pthread.h>
#include <stdint.h>

#define FILES 5000
#define THREADS 4
#define TIMES 200000
#define ALIKE 4

static ino_t alike[ALIKE] = {1000000};

static const char copies[2];

static const struct sqlite *copy(int number)
{
	return (const struct sqlite *)(const void *)&copies[number];
}

static void check_records(void)
{
	struct open_database *one = open_databases_join(1, 10, copy(0)), *same = open_databases_join(1, 10, copy(0));
	struct open_database *moved = open_databases_join(2, 10, copy(0)), *copied = open_databases_join(1, 10, copy(1));
	ino_t wal, shm;

	check(one && one == same, "two connections to a file have one record");
	check(moved != one && copied != one && moved != copied, "another device or another copy of SQLite has another");
	check(!open_databases_have_wal(10) && !open_databases_find(10, &wal, &shm), "no WAL is known");
	copied->with_wal = copied->by_recipe = 1;
	copied->wal = 11;
	copied->shm = 12;
	check(open_databases_have_wal(10), "one copy has a WAL");
	check(open_databases_find(10, &wal, &shm) && wal == 11 && shm == 12, "its files are known");
	copied->with_wal = copied->by_recipe = 0;
	open_databases_leave(one);
	open_databases_leave(same);
	open_databases_leave(moved);
	open_databases_leave(copied);
}

/* Records are used again: as many as files are open at once. */
static void check_reuse(void)
{
	static struct open_database *first[FILES], *again[FILES];
	bool used = true;

	for (int i = 0; i < FILES; i++)
		first[i] = open_databases_join(1, (ino_t)i + 100, copy(0));
	for (int i = 0; i < FILES; i++)
		open_databases_leave(first[i]);
	for (int i = 0; i < FILES; i++)
		again[i] = open_databases_join(1, (ino_t)i + 100, copy(0));
	for (int i = 0; i < FILES; i++) {
		used &= again[i] && again[i]->connections == 1 && again[i]->inode == (ino_t)i + 100;
		open_databases_leave(again[i]);
	}
	check(used, "a file that is opened again has a record to itself");
}

static void *join_and_leave(void *argument)
{
	bool right = true;

	for (unsigned i = 0, mixed = (unsigned)(uintptr_t)argument; i < TIMES; i++) {
		ino_t inode = alike[(mixed = mixed * 1664525 + 1013904223) >> 16 & (ALIKE - 1)];
		struct open_database *database = open_databases_join(3, inode, copy(0));

		right &= database && database->inode == inode && database->device == 3 && database->sqlite == copy(0);
		open_databases_leave(database);
	}
	*(bool *)argument = right;
	return NULL;
}

/* Files of one hash: one has the record that the last one left. */
static void find_alike(void)
{
	struct open_database *record = open_databases_join(3, alike[0], copy(0)), *other;
	int found = 1;

	open_databases_leave(record);
	for (ino_t inode = alike[0] + 1; found < ALIKE; inode++) {
		other = open_databases_join(3, inode, copy(0));
		if (other == record)
			alike[found++] = inode;
		open_databases_leave(other);
	}
}

static void check_threads(void)
{
	pthread_t threads[THREADS];
	bool right[THREADS] = {false};

	find_alike();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, join_and_leave, &right[i]) != 0)
			check(false, "no thread");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		check(right[i], "thread %d had the record of its file each time", i);
	}
}

int main(void)
{
	check_records();
	check_reuse();
	check_threads();
	return check_end();
}
