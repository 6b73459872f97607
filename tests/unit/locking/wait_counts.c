/* wait_counts.c - unit tests of the table of waits, found as another process finds it: by the note in the program's file. */
#include "locking/wait_counts.h"

#include "../check.h"
#include "locking/file_shim.h"

#include <link.h>
#include <pthread.h>
#include <string.h>

enum { THREADS = 4, TIMES = 20000 };

static struct file_shim shim;

struct note {
	uint32_t name_size, size, type;
	char name[8];
	int32_t distance;
};

static int find_note(struct dl_phdr_info *object, size_t size, void *argument)
{
	const struct note wanted = {.name_size = 8, .size = 4, .type = WAIT_COUNTS_NOTE, .name = "sqlprod"};

	(void)size;
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		const char *start = (const char *)(uintptr_t)(object->dlpi_addr + header->p_vaddr);

		for (size_t at = 0; header->p_type == PT_NOTE && at + sizeof(struct note) <= header->p_memsz; at += 4)
			if (memcmp(start + at, &wanted, offsetof(struct note, distance)) == 0) {
				const char *here = start + at + offsetof(struct note, distance);
				int32_t distance;

				memcpy(&distance, here, sizeof(distance));
				*(const char **)argument = here + distance;
				return 1;
			}
	}
	return 0;
}

static void wait_for(uint64_t inode, uint64_t device, bool is_new, int64_t spent)
{
	shim.files.inode = inode;
	shim.files.device = device;
	wait_counts_add(&shim, is_new, spent);
}

static void *wait_often(void *argument)
{
	struct file_shim *own = argument;

	for (int i = 0; i < TIMES; i++)
		wait_counts_add(own, true, 1);
	return NULL;
}

static void test_threads(const struct wait_count *last)
{
	static struct file_shim own[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		own[i].files.inode = 99;
		own[i].files.device = 7;
		pthread_create(&threads[i], NULL, wait_often, &own[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	check(last->inode == 99 && last->waits == THREADS * TIMES, "threads that come at once get one entry, and lose no wait");
}

int main(void)
{
	const struct wait_count *counts = NULL;
	unsigned used = 0;

	dl_iterate_phdr(find_note, &counts);
	check(counts != NULL, "the note leads to the table");
	if (!counts)
		return check_end();
	wait_for(5, 7, true, 1000);
	wait_for(5, 7, false, 500);
	check(counts[0].inode == 5 && counts[0].device == 7 && counts[0].waits == 1 && counts[0].spent == 1500,
	      "a wait of two sleeps is one");
	wait_for(5, 8, true, 10);
	check(counts[0].waits == 1 && counts[1].inode == 5 && counts[1].device == 8 && counts[1].waits == 1,
	      "the same inode of another filesystem is another database");
	wait_for(0, 7, true, 10);
	check(counts[2].inode == 0, "a file that is not known is not counted");
	test_threads(&counts[2]);
	for (uint64_t inode = 1000; inode < 1000 + 2 * WAIT_COUNTS; inode++)
		wait_for(inode, 7, true, 1);
	for (unsigned i = 0; i < WAIT_COUNTS; i++)
		used += counts[i].inode != 0;
	check(used == WAIT_COUNTS && counts[0].waits == 1, "more databases than entries overwrite none");
	return check_end();
}
