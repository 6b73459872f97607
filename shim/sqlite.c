/* sqlite.c - finds the copies of SQLite that the doors meet, and keeps their functions. */
#include "sqlite.h"

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds of our own object, set by the linker. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

/* Entries are immutable and stay for ever. No lock: a thread inside dlopen() holds the loader's when it gets here, others take it
 * from here. */
static struct sqlite *_Atomic copies;

static bool is_ours(const void *address)
{
	return (const char *)address >= __ehdr_start && (const char *)address < _end;
}

void sqlite_interposer(const void **start, const void **stop)
{
	*start = __ehdr_start;
	*stop = _end;
}

bool sqlite_owns(const struct sqlite *sqlite, const void *code)
{
	return (code >= sqlite->start && code < sqlite->stop) || is_ours(code);
}

/* The object that holds address; false if no object does (code made at run time). */
static bool object_of(const void *address, struct link_map **map)
{
	Dl_info info;

	return dladdr1(address, &info, (void **)map, RTLD_DL_LINKMAP) && *map;
}

/* Looks name up as dlsym(handle) does, but never finds ourselves. */
static void *symbol_in(void *handle, const char *name)
{
	void *symbol = handle ? dlsym(handle, name) : NULL;

	return symbol && !is_ours(symbol) ? symbol : NULL;
}

/* A handle of a loaded object, to be given back by dlclose. The main program has an empty name. */
static void *object_handle(const char *name)
{
	return dlopen(*name ? name : NULL, RTLD_NOLOAD | RTLD_LAZY);
}

static void *symbol_in_object(const char *object, const char *name)
{
	void *handle = object_handle(object);
	void *symbol = symbol_in(handle, name);

	if (handle)
		dlclose(handle);
	return symbol;
}

/* Python, Perl, Tcl and others load SQLite out of the global scope (RTLD_LOCAL), where RTLD_NEXT does not look; and a compiler may
 * have turned the caller's call into a jump, so that its object is not the one the return address lies in. */
static void *symbol_for_caller(const char *name, const void *caller)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	struct link_map *map;

	if (symbol && !is_ours(symbol))
		return symbol;
	if (!object_of(caller, &map)) {
		/* any object leads to the list of all */
		if (!object_of(__ehdr_start, &map))
			return NULL;
	} else if ((symbol = symbol_in_object(map->l_name, name))) {
		return symbol;
	}
	while (map->l_prev)
		map = map->l_prev;
	for (; map; map = map->l_next)
		if ((symbol = symbol_in_object(map->l_name, name)))
			return symbol;
	return NULL;
}

struct extent {
	const void *within;
	const char *start, *stop;
};

static int extent_of(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct extent *extent = argument;
	const char *start = NULL, *stop = NULL;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_LOAD)
			continue;
		/* the first PT_LOAD has the lowest address, the last one the highest: elf(5) */
		if (!start)
			start = (const char *)(info->dlpi_addr + header->p_vaddr);
		stop = (const char *)(info->dlpi_addr + header->p_vaddr + header->p_memsz);
	}
	if ((const char *)extent->within < start || (const char *)extent->within >= stop)
		return 0;
	extent->start = start;
	extent->stop = stop;
	return 1;
}

static int missing(void)
{
	return SQLITE_ERROR;
}

/* The first ones need no memory: a program must be able to open its database when there is none. */
static struct sqlite *allocate(void)
{
	static struct sqlite first[4];
	static atomic_uint used;
	unsigned n = atomic_load(&used);

	while (n < sizeof(first) / sizeof(first[0]))
		if (atomic_compare_exchange_weak(&used, &n, n + 1))
			return &first[n];
	return calloc(1, sizeof(struct sqlite));
}

#define SQLITE_STAND_IN(function)                                                                                                  \
	if (!copy->function)                                                                                                       \
		*(void **)&copy->function = (void *)(uintptr_t)missing;

static void resolve(struct sqlite *copy, void *scope)
{
#define SQLITE_RESOLVE(function) *(void **)&copy->function = symbol_in(scope, "sqlite3_" #function);
	SQLITE_INTERPOSED(SQLITE_RESOLVE)
	SQLITE_INTERPOSED(SQLITE_STAND_IN)
	SQLITE_CALLED(SQLITE_RESOLVE)
#undef SQLITE_RESOLVE
}

/* After its functions are known. */
static void describe(struct sqlite *copy, const char *object, const void *within)
{
	struct extent extent = {.within = within};

	dl_iterate_phdr(extent_of, &extent);
	copy->start = extent.start;
	copy->stop = extent.stop;
	snprintf(copy->object, sizeof(copy->object), "%s", object);
	if (copy->libversion)
		snprintf(copy->version, sizeof(copy->version), "%s", copy->libversion());
	if (copy->sourceid)
		snprintf(copy->source, sizeof(copy->source), "%s", copy->sourceid());
}

static struct sqlite *copy_new(const char *object, const void *symbol)
{
	struct sqlite *copy = allocate();
	void *handle;

	if (!copy)
		return NULL;
	handle = object_handle(object);
	/* Another interposer that has sqlite3_open() and no more stands in front of the real library: take the rest as ld.so would.
	 */
	resolve(copy, symbol_in(handle, "sqlite3_libversion") ? handle : RTLD_NEXT);
	if (handle)
		dlclose(handle);
	describe(copy, object, symbol);
	return copy;
}

/* An object can be unloaded and another build loaded at its place: the same functions and the same source id make the same copy. */
static bool copy_is(const struct sqlite *copy, const struct link_map *map, const void *symbol)
{
	const char *(*sourceid)(void);

	if (symbol < copy->start || symbol >= copy->stop || strncmp(copy->object, map->l_name, sizeof(copy->object) - 1) != 0)
		return false;
	*(void **)&sourceid = symbol_in_object(map->l_name, "sqlite3_sourceid");
	return sourceid == copy->sourceid && (!sourceid || strcmp(sourceid(), copy->source) == 0);
}

static void publish(struct sqlite *copy)
{
	/* two threads may both get here: two records of one copy do no harm */
	copy->next = atomic_load(&copies);
	while (!atomic_compare_exchange_weak(&copies, &copy->next, copy))
		;
}

const struct sqlite *sqlite_of_function(const void *function)
{
	struct link_map *map;
	struct sqlite *copy;

	if (!object_of(function, &map))
		return NULL;
	for (copy = atomic_load(&copies); copy; copy = copy->next)
		if (copy_is(copy, map, function))
			return copy;
	copy = copy_new(map->l_name, function);
	if (copy)
		publish(copy);
	return copy;
}

const struct sqlite *sqlite_of_caller(const char *name, const void *caller)
{
	const void *symbol = symbol_for_caller(name, caller);

	return symbol ? sqlite_of_function(symbol) : NULL;
}

bool sqlite_is_known(const void *code)
{
	for (const struct sqlite *copy = atomic_load(&copies); copy; copy = copy->next)
		if (code >= copy->start && code < copy->stop)
			return true;
	return false;
}

const struct sqlite *sqlite_of_table(const struct sqlite3_api_routines *table, const char *object, unsigned number)
{
	struct sqlite *copy = allocate();

	if (!copy)
		return NULL;
#define SQLITE_TAKE(function) copy->function = table->function;
	SQLITE_TABLED(SQLITE_TAKE)
	SQLITE_CALLED(SQLITE_TAKE)
#undef SQLITE_TAKE
	if (number < 3014000)
		copy->trace_v2 = NULL;
	if (number < 3020000)
		copy->prepare_v3 = NULL, copy->prepare16_v3 = NULL;
	SQLITE_INTERPOSED(SQLITE_STAND_IN)
	describe(copy, object, (const void *)(uintptr_t)table->libversion);
	return copy;
}
