/* library.c - this library's place in the process, and other copies of it there. */
#include "base/library.h"

#include "base/glibc.h"
#include "base/guard.h"
#include "base/next_symbol.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>

/* Up to glibc 2.33 it is in libdl, which a program need not have loaded: then it is NULL (scripts/package/unversioned). */
#pragma weak dlsym

/* dlsym(), which takes the loader's lock, is for what is not found without.
 * dlsym(RTLD_NEXT) searches after the object in which its return address lies. Were it called by a jump, that would be the object
 * of our caller, perhaps another copy. */
static __attribute__((noinline)) void *next_after_us(const char *name)
{
	void *symbol = NULL;

#ifdef __GLIBC__
	symbol = next_symbol_find(name, _DYNAMIC);
#endif
	if (!symbol && dlsym)
		symbol = dlsym(RTLD_NEXT, name);
	__asm__ volatile("" : "+r"(symbol));
	return symbol;
}

static struct library_copy own = {__ehdr_start, _end, next_after_us, 0};
struct library_copy *_Atomic library_first_other;

void library_own_bounds(const void **start, const void **stop)
{
	*start = __ehdr_start;
	*stop = _end;
}

static const struct library_copy *copy_of(const void *address)
{
	const struct library_copy *copy = atomic_load_explicit(&library_first_other, memory_order_acquire);

	while (copy && (address < copy->start || address >= copy->stop))
		copy = copy->following;
	return copy;
}

bool library_is_other(const void *address)
{
	return copy_of(address);
}

const struct library_copy *library_others(void)
{
	return atomic_load_explicit(&library_first_other, memory_order_acquire);
}

static void add(struct library_copy *other)
{
	other->following = atomic_load(&library_first_other);
	while (!atomic_compare_exchange_weak(&library_first_other, &other->following, other))
		;
}

HOOK struct library_copy *sqlprod_join(struct library_copy *other)
{
	add(other);
	return &own;
}

bool library_is_second(void)
{
	static atomic_bool joined;
	__typeof__(&sqlprod_join) first = sqlprod_join;
	struct library_copy *copy;

	/* the loader has bound the name to the first one in the global scope */
	if (library_is_own((const void *)(uintptr_t)first))
		return false;
	if (!atomic_exchange(&joined, true)) {
		/* own.following links the other copy's list from now on: for this list the other copy needs a record here */
		static struct library_copy served_by;
		copy = first(&own);
		served_by = (struct library_copy){copy->start, copy->stop, copy->next, 0};
		add(&served_by);
	}
	return true;
}

void *library_first_symbol(const char *name)
{
	void *symbol = NULL;

#ifdef __GLIBC__
	symbol = next_symbol_first(name);
#endif
	return !symbol && dlsym ? dlsym(RTLD_DEFAULT, name) : symbol;
}

void *library_next_symbol_unlocked(const char *name)
{
	void *symbol = NULL;

#ifdef __GLIBC__
	symbol = next_symbol_find(name, _DYNAMIC);
#else
	(void)name;
#endif
	return symbol && !library_is_any(symbol) ? symbol : NULL;
}

void *library_next_symbol(const char *name)
{
	void *symbol = next_after_us(name);
	const struct library_copy *copy;

	/* the copies that pass through follow us in the scope, one after the other */
	for (int i = 0; i < 8 && symbol && (copy = copy_of(symbol)) && !library_is_second(); i++)
		symbol = copy->next(name);
	return symbol && !library_is_any(symbol) ? symbol : NULL;
}
