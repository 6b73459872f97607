/* site_memory.c - finds the reservation's owner by its lock, and keeps locks of a few texts. */
#include "locking/site_memory.h"

#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"
#include "locking/site_locks.h"

#include <errno.h>
#include <fcntl.h>

/* Locks of others that are looked at for one of them. */
#define LOOKS 24
/* Between two looks for those that have written. */
#define LOOK_AGAIN (2 * INT64_C(1000000))

static bool tells(const struct flock *lock, uint32_t word)
{
	int64_t first = lock->l_start % SITE_LOCK_WORDS;

	return (word % SITE_LOCK_WORDS - first + SITE_LOCK_WORDS) % SITE_LOCK_WORDS < lock->l_len;
}

/* The kernel shows one lock of those that are in the way: looks before it and after it. */
static bool find_word(int fd, off_t from, off_t end, uint32_t word, unsigned *looks, struct flock *found)
{
	struct flock lock;

	if (from >= end || *looks == 0)
		return false;
	--*looks;
	if (!fcntl_lock_find(fd, F_GETLK, F_WRLCK, from, end - from, &lock) || lock.l_type != F_RDLCK || lock.l_len <= 0)
		return false;
	*found = lock;
	return tells(&lock, word) || find_word(fd, from, lock.l_start, word, looks, found) ||
	       find_word(fd, lock.l_start + lock.l_len, end, word, looks, found);
}

/* The owner of the reservation, which reads on, shows the text and the number of those before it. False if it does not, or is
 * stopped. */
static bool find_owner(const struct file_shim *shim, uint32_t word, uint32_t *text, int *before)
{
	off_t first = site_lock_byte(0, 0, 0), end = site_lock_byte(SITE_LOCK_TEXTS - 1, SITE_LOCK_WRITES, SITE_LOCK_WORDS - 1) + 1;
	unsigned looks = LOOKS;
	int saved = errno;
	struct flock found;
	int64_t number;
	bool known;

	known = shim->files.shm_fd >= 0 && find_word(shim->files.shm_fd, first, end, word, &looks, &found) &&
		!(found.l_pid > 0 && lock_owner_is_stopped(found.l_pid));
	errno = saved;
	if (!known)
		return false;
	number = (found.l_start - first) / SITE_LOCK_WORDS;
	*text = (uint32_t)(number / (SITE_LOCK_WRITES + 1));
	*before = (int)(number % (SITE_LOCK_WRITES + 1));
	return *before <= SITE_LOCK_MANY;
}

static void set_lock(struct file_shim *shim, const struct remembered_site *site, short type)
{
	int saved = errno;

	if (site->number && shim->files.shm_fd >= 0)
		fcntl_lock_set(shim->files.shm_fd, F_SETLK, type, site_lock_byte(site->text, site->number, site->word), 1);
	errno = saved;
}

static struct remembered_site *find_or_replace(struct file_shim *shim, uint32_t text)
{
	struct site_memory *memory = &shim->site_memory;
	struct remembered_site *site;

	for (int i = 0; i < SITE_MEMORY_TEXTS; i++)
		if (memory->sites[i].number && memory->sites[i].text == text)
			return &memory->sites[i];
	site = &memory->sites[memory->next++ % SITE_MEMORY_TEXTS];
	set_lock(shim, site, F_UNLCK);
	*site = (struct remembered_site){.text = text};
	return site;
}

static void keep(struct file_shim *shim, struct remembered_site *site, int number, uint32_t word)
{
	if (site->number == SITE_LOCK_WRITES)
		return;
	set_lock(shim, site, F_UNLCK);
	site->number = number;
	site->word = word;
	set_lock(shim, site, F_RDLCK);
}

static const struct remembered_site *find_told(const struct file_shim *shim, uint32_t text)
{
	for (const struct remembered_site *site = shim->site_memory.sites; site < shim->site_memory.sites + SITE_MEMORY_TEXTS;
	     site++)
		if (site->number == SITE_LOCK_WRITES && site->text == text)
			return site;
	return NULL;
}

void site_memory_told(struct file_shim *shim, struct told_text told)
{
	struct read_site *site = shim->reservation.site;
	const struct remembered_site *known = find_told(shim, told.text);
	struct remembered_site *kept;

	if (site && atomic_load_explicit(&site->text, memory_order_relaxed) % SITE_LOCK_TEXTS == told.text)
		read_site_others_write(site);
	if (known && known->word >= told.needs)
		return;
	kept = find_or_replace(shim, told.text);
	set_lock(shim, kept, F_UNLCK);
	kept->number = SITE_LOCK_WRITES;
	kept->word = told.needs;
	set_lock(shim, kept, F_RDLCK);
}

bool site_memory_tells(const struct file_shim *shim, struct told_text *told)
{
	const struct remembered_site *known = find_told(shim, told->text);

	if (known)
		told->needs = known->word;
	return known != NULL;
}

void site_memory_read(struct file_shim *shim, uint32_t word)
{
	struct told_text told;

	if (word && reservation_word_tells(word, shim->handoff.system->now(), &told))
		site_memory_told(shim, told);
}

void site_memory_leave(struct file_shim *shim)
{
	for (const struct remembered_site *site = shim->site_memory.sites; site < shim->site_memory.sites + SITE_MEMORY_TEXTS;
	     site++)
		if (site->number == SITE_LOCK_WRITES && !shim->shm_is_read_only) {
			reservation_word_leave(shim, (struct told_text){site->text, site->word});
			return;
		}
}

/* Does another process show that the text writes, and how long a reservation it needs? */
static bool others_write(const struct file_shim *shim, struct told_text *told)
{
	struct flock lock;
	int saved = errno;
	bool locked = fcntl_lock_find(shim->files.shm_fd, F_GETLK, F_WRLCK, site_lock_byte(told->text, SITE_LOCK_WRITES, 0),
				      SITE_LOCK_WORDS, &lock) &&
		      lock.l_type == F_RDLCK;

	if (locked)
		told->needs = (uint32_t)((lock.l_start + lock.l_len - 1) % SITE_LOCK_WORDS);
	errno = saved;
	return locked;
}

/* The reservation has lapsed, and nobody writes. Whoever reserved after it did so while nobody wrote, too: if the change counter is
 * as it was, its owner has not written. One that began alone says little of the next one, which may have to write. */
static void judge(struct file_shim *shim)
{
	struct site_memory *memory = &shim->site_memory;
	struct told_text told;
	int before;

	if (!reservation_has_lapsed(memory->word, shim->handoff.system->now()) ||
	    !find_owner(shim, memory->word, &told.text, &before))
		return;
	if (others_write(shim, &told))
		site_memory_told(shim, told);
	else if (before > 0 && handoff_changes(&shim->handoff) == memory->changes)
		keep(shim, find_or_replace(shim, told.text), SITE_LOCK_SEEN + before, memory->word);
}

void site_memory_waits(struct file_shim *shim, uint32_t word)
{
	struct site_memory *memory = &shim->site_memory;

	if (memory->word == word)
		return;
	if (memory->word)
		judge(shim);
	memory->word = word;
	memory->changes = handoff_changes(&shim->handoff);
}

static void look_for_writers(struct file_shim *shim)
{
	struct site_memory *memory = &shim->site_memory;

	for (int i = 0; i < SITE_MEMORY_TEXTS; i++) {
		struct told_text told = {.text = memory->sites[i].text};

		if (memory->sites[i].number && memory->sites[i].number != SITE_LOCK_WRITES && others_write(shim, &told))
			site_memory_told(shim, told);
	}
	memory->looked = shim->handoff.tried_at;
}

void site_memory_waited(struct file_shim *shim)
{
	struct site_memory *memory = &shim->site_memory;

	if (memory->word)
		judge(shim);
	memory->word = 0;
	site_memory_read(shim, reservation_word(shim->handoff.shm));
	if (memory->next > 0 && shim->handoff.tried_at - memory->looked >= LOOK_AGAIN)
		look_for_writers(shim);
}

void site_memory_forget(struct file_shim *shim)
{
	site_memory_leave(shim);
	/* that one has written is shown for as long as the process has the -shm open */
	for (int i = 0; i < SITE_MEMORY_TEXTS; i++)
		if (shim->site_memory.sites[i].number != SITE_LOCK_WRITES)
			set_lock(shim, &shim->site_memory.sites[i], F_UNLCK);
	shim->site_memory = (struct site_memory){.word = 0};
}
