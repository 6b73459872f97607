/* wait_parts.c - with which signals blocked a program's wait is made, and in how many parts. */
#include "embedded/wait_parts.h"

#include "../check.h"
#include "elf/loader.h"
#include "locking/futex.h"

#include <signal.h>

atomic_bool idle_checkpoint_awaits_wait = true;

void *loader_symbol(const char *object, const char *name)
{
	(void)object;
	(void)name;
	return NULL;
}

static int64_t next; /* when something is to be copied */
static unsigned parts, looks, blocked;
static const sigset_t *mask_of_part;

bool idle_checkpoint_rests_until(int64_t now, int64_t end)
{
	(void)now;
	return next != IDLE_WAL_NEVER && next >= end;
}

void idle_checkpoint_block_signals(sigset_t *before)
{
	blocked++;
	sigprocmask(SIG_SETMASK, NULL, before);
}

int64_t idle_checkpoint_in_wait(int64_t now, const sigset_t *mask)
{
	(void)mask;
	looks++;
	if (next <= now)
		next = IDLE_WAL_NEVER;
	return next;
}

static int part(const void *unused, int64_t length, const sigset_t *mask)
{
	(void)unused;
	parts++;
	mask_of_part = mask;
	monotonic_sleep(monotonic_now() + length);
	return 0;
}

static void wait_with(int64_t due, const sigset_t *mask, int64_t *left)
{
	parts = looks = blocked = 0;
	next = due;
	wait_in_parts(20 * WAIT_MILLISECOND, mask, part, NULL, left);
}

int main(void)
{
	int64_t now = monotonic_now(), left = -1;
	sigset_t mask;

	sigemptyset(&mask);
	wait_with(now + WAIT_SECOND * 10, NULL, &left);
	check(parts == 1 && looks == 0 && blocked == 0, "a wait that is over before a copy is due is made as it is");
	check(!mask_of_part && left == 0, "with the signals that the program has blocked, and for as long");
	wait_with(monotonic_now() + WAIT_SECOND * 10, &mask, NULL);
	check(parts == 1 && mask_of_part == &mask, "or with those that its call names");
	wait_with(monotonic_now() + 10 * WAIT_MILLISECOND, NULL, NULL);
	check(parts == 2 && looks == 2 && blocked == 1 && mask_of_part, "another has a part before the copy, and one after it");
	wait_with(IDLE_WAL_NEVER, NULL, NULL);
	check(parts == 1 && looks == 1, "where nothing is to be copied it is told so");
	return check_end();
}
