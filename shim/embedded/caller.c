/* caller.c - finds who opens a file when another preloaded library forwards the call to our hook. */
#include "embedded/caller.h"

#include "base/guard.h"
#include "elf/loader.h"
#include "elf/object.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How many words of the stack are searched for SQLite's frame. */
#define WORDS 192
#define PAGE 4096

/* Does another library define our open functions before us? */
static bool is_preceded(void)
{
	static const char *const names[] = {"open", "open64", NULL};
	static atomic_int known;

	return loader_is_preceded(&known, names);
}

/* Reads frames of other functions, which sanitizers would report. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static uintptr_t word_at(const uintptr_t *place)
{
	return *(const volatile uintptr_t *)place;
}

/* A coroutine's stack may end within the searched words, and the next page may not be mapped. The kernel reads the word as a signal
 * set and then rejects the unknown `how`: nothing changes, and seccomp filters allow this system call. */
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
		/* the object of the previous word has no SQLite: skip other addresses in it */
		if (word < 4096 || (word >= object.start && word < object.stop) || loader_is_ours(code))
			continue;
		if (object_has_sqlite(code, &object))
			return code;
	}
	return caller;
}

const void *caller_find(const void *caller, const void *frame)
{
	if (!is_preceded())
		return caller;
	/* a signal handler may open files during the search: let those pass */
	guard_enter(NULL);
	caller = find_on_stack(caller, frame);
	guard_leave();
	return caller;
}
