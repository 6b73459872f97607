/* wait_counts.c - the table of waits, by database. */
#include "locking/wait_counts.h"

#include "locking/file_shim.h"

#include <stdatomic.h>

#define TEXT(value) #value
#define NUMBER(value) TEXT(value)

static struct wait_count counts[WAIT_COUNTS] __asm__("sqlprod_wait_counts") __attribute__((used, aligned(64)));

__asm__(".pushsection .note.sqlprod, \"a\", %note\n"
	".balign 4\n"
	".long 8, 4, " NUMBER(WAIT_COUNTS_NOTE) "\n"
						".asciz \"sqlprod\"\n"
						".long sqlprod_wait_counts - .\n"
						".popsection\n");

/* The entry of a database; a free one becomes its own. Its device follows the inode: until it is there, the inode has to do. */
static struct wait_count *find(uint64_t inode, uint64_t device)
{
	for (size_t i = 0; i < WAIT_COUNTS; i++) {
		struct wait_count *count = &counts[i];
		uint64_t seen = 0;

		if (atomic_compare_exchange_strong(&count->inode, &seen, inode)) {
			atomic_store(&count->device, device);
			return count;
		}
		if (seen != inode)
			continue;
		seen = atomic_load(&count->device);
		if (!seen || seen == device)
			return count;
	}
	return NULL;
}

void wait_counts_add(const struct file_shim *shim, bool is_new, int64_t spent)
{
	uint64_t inode = atomic_load(&shim->files.inode);
	struct wait_count *count = inode ? find(inode, atomic_load(&shim->files.device)) : NULL;

	if (!count)
		return;
	atomic_fetch_add_explicit(&count->waits, is_new, memory_order_relaxed);
	atomic_fetch_add_explicit(&count->spent, (uint64_t)spent, memory_order_relaxed);
}
