/* caller.c - looks past libraries that stand in front of ours. */
#include "embedded/caller.h"

#include "base/guard.h"
#include "elf/loader.h"
#include "elf/object.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How far up the stack SQLite's frame is looked for. */
#define WORDS 192
#define PAGE 4096

/* Does a name that is ours lead to somebody else? This never changes: preloaded libraries keep their order. */
static bool is_somebody_in_front(void)
{
	static atomic_int known; /* 1 for no, 2 for yes */
	int answer = atomic_load_explicit(&known, memory_order_relaxed);

	if (!answer) {
		const char *const names[] = {"open", "open64"};
		answer = 1;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			const void *symbol = loader_symbol_first(names[i]);
			if (symbol && !loader_is_ours(symbol))
				answer = 2;
		}
		atomic_store_explicit(&known, answer, memory_order_relaxed);
	}
	return answer == 2;
}

/* Reads other functions' frames. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static uintptr_t word_at(const uintptr_t *place)
{
	return *(const volatile uintptr_t *)place;
}

/* A coroutine's stack may end above us, and what is behind it may not be there. The kernel reads the word as a set of signals, and
 * then refuses what it is asked to do with it: nothing changes, and no filter of system calls forbids this one. */
static bool is_readable(const uintptr_t *word)
{
	const int no_such_way = -1;
	int saved = errno;
	bool readable = syscall(SYS_rt_sigprocmask, no_such_way, word, NULL, sizeof(uint64_t)) != 0 && errno == EINVAL;

	errno = saved;
	return readable;
}

static const void *find_on_stack(const void *caller, const void *frame)
{
	struct object object = {.start = 0};

	if (object_has_sqlite(caller, &object))
		return caller;
	for (size_t i = 0; i < WORDS; i++) {
		const uintptr_t *place = (const uintptr_t *)frame + i;
		uintptr_t word;
		const void *code;
		if (i > 0 && (uintptr_t)place % PAGE == 0 && !is_readable(place))
			break;
		word = word_at(place);
		code = (const void *)word;
		/* not in the object of the word before, which has no SQLite */
		if (word < 4096 || (word >= object.start && word < object.stop) || loader_is_ours(code))
			continue;
		if (object_has_sqlite(code, &object))
			return code;
	}
	return caller;
}

const void *caller_find(const void *caller, const void *frame)
{
	if (!is_somebody_in_front())
		return caller;
	/* what a signal handler opens meanwhile passes */
	guard_enter(NULL);
	caller = find_on_stack(caller, frame);
	guard_leave();
	return caller;
}
