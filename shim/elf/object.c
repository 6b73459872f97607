/* object.c - searches loaded objects for copies of SQLite, and remembers the results. */
#include "elf/object.h"

#include "base/process.h"
#include "elf/loader.h"

#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define KNOWN_LIMIT 128

static struct object known[KNOWN_LIMIT]; /* under lock; when it is full, the oldest entry is reused */
static unsigned known_count;             /* under lock; how many entries were ever made */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void object_lock(void)
{
	pthread_mutex_lock(&lock);
}

void object_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

struct search {
	uintptr_t code;
	struct object object;
	struct image image;
	bool program; /* the object is the main program */
};

static void add_segment(struct image *image, uintptr_t base, const ElfW(Phdr) * header)
{
	struct segment *segment = &image->segments[image->count];

	if (image->count == sizeof(image->segments) / sizeof(image->segments[0]))
		return;
	segment->start = base + header->p_vaddr;
	segment->stop = segment->start + header->p_filesz;
	segment->bytes = (const unsigned char *)segment->start;
	segment->flags = header->p_flags;
	image->count++;
}

/* For dl_iterate_phdr(3): describes the object; 1 if the code lies in it. */
static int describe(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct search *search = argument;
	struct image *image = &search->image;
	struct object *object = &search->object;
	uintptr_t base = info->dlpi_addr;
	const void *ours_start, *ours_stop;
	bool inside = false;

	memset(image, 0, sizeof(*image));
	object->start = UINTPTR_MAX;
	object->stop = 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = base + header->p_vaddr, stop = start + header->p_memsz;
		if (header->p_type == PT_GNU_RELRO) {
			image->relro_start = start;
			image->relro_stop = stop;
		}
		if (header->p_type != PT_LOAD)
			continue;
		add_segment(image, base, header);
		inside |= search->code >= start && search->code < stop;
		object->start = start < object->start ? start : object->start;
		object->stop = stop > object->stop ? stop : object->stop;
	}
	if (!inside)
		return 0;
	image->fixed = base == 0;
	search->program = !*info->dlpi_name;
	loader_own_bounds(&ours_start, &ours_stop);
	image->ours_start = (uintptr_t)ours_start;
	image->ours_stop = (uintptr_t)ours_stop;
#ifdef __aarch64__
	image->machine = EM_AARCH64;
#else
	image->machine = EM_X86_64;
#endif
	object->headers = info->dlpi_phdr;
	object->unloadings = size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs) ? info->dlpi_subs : 0;
	snprintf(object->path, sizeof(object->path), "%s", *info->dlpi_name ? info->dlpi_name : process_executable());
	return 1;
}

static bool is_same(const struct object *object, const struct search *search)
{
	return object->start == search->object.start && object->stop == search->object.stop &&
	       object->headers == search->object.headers && strcmp(object->path, search->object.path) == 0;
}

/* Are the tables that were found still there? If any object was unloaded since, the same file, or another build of it, may have
 * been loaded again at this address. */
static bool still_holds(struct object *object, const struct search *search)
{
	if (object->unloadings == search->object.unloadings || search->program)
		return true;
	if (object->table_count == 0)
		return false;
	for (size_t i = 0; i < object->table_count; i++)
		if (!apitable_is_there(&search->image, &object->tables[i]))
			return false;
	object->unloadings = search->object.unloadings;
	return true;
}

/* The caller's index in the list; caller_count if it is not in it. */
static size_t caller_place(const struct object *object, const void *code)
{
	size_t place = 0;

	while (place < object->caller_count && object->callers[place].code != (uintptr_t)code)
		place++;
	return place;
}

/* Searches near the code: reading all constants of a program could page in a hundred megabytes. False if that does not suffice. */
static bool look_near(struct object *object, const struct search *search)
{
	struct api_table tables[OBJECT_TABLES];
	size_t count;

	if (object->caller_count == OBJECT_CALLERS)
		return false;
	count = apitable_find_near(&search->image, search->code, tables, OBJECT_TABLES);
	for (size_t i = 0; i < count; i++)
		if (!apitable_add(object->tables, &object->table_count, OBJECT_TABLES, &tables[i]))
			return false;
	if (count == 0)
		return false;
	object->callers[object->caller_count++] = (struct object_caller){.code = search->code};
	return true;
}

static void look(struct object *object, const struct search *search, bool whole)
{
	bool known_caller = caller_place(object, (const void *)search->code) < object->caller_count;

	if (object->whole || (!whole && (known_caller || look_near(object, search))))
		return;
	object->table_count = apitable_find(&search->image, object->tables, OBJECT_TABLES);
	object->whole = true;
}

/* Under lock. */
static struct object *find_or_add(struct search *search)
{
	unsigned count = known_count < KNOWN_LIMIT ? known_count : KNOWN_LIMIT;
	struct object *object = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (is_same(&known[i], search) && still_holds(&known[i], search))
			return &known[i];
		if (known[i].start < search->object.stop && search->object.start < known[i].stop)
			object = &known[i]; /* an object that was unloaded lay here */
	}
	if (!object)
		object = &known[known_count++ % KNOWN_LIMIT];
	*object = search->object;
	return object;
}

static bool is_magic_there(struct object *object, const struct image *image)
{
	if (object->magic == MAGIC_UNKNOWN)
		object->magic = apitable_has_magic(image) ? MAGIC_THERE : MAGIC_MISSING;
	return object->magic == MAGIC_THERE;
}

enum wanted { WANTS_CALLERS, WANTS_WHOLE, WANTS_SQLITE };

static bool find(const void *code, enum wanted wanted, struct object *out)
{
	struct search search = {.code = (uintptr_t)code};
	struct object *object;
	bool ok;

	if (!dl_iterate_phdr(describe, &search))
		return false;
	object_lock();
	object = find_or_add(&search);
	look(object, &search, wanted == WANTS_WHOLE);
	ok = wanted != WANTS_SQLITE || object->table_count || is_magic_there(object, &search.image);
	*out = *object;
	object_unlock();
	return ok;
}

bool object_of_code(const void *code, struct object *out)
{
	return find(code, WANTS_CALLERS, out);
}

bool object_search_whole(const void *code, struct object *out)
{
	return find(code, WANTS_WHOLE, out);
}

bool object_has_sqlite(const void *code, struct object *out)
{
	return find(code, WANTS_SQLITE, out);
}

bool object_is_doubtful(const struct object *object, const void *code)
{
	size_t place = caller_place(object, code);

	return !object->whole && (place == object->caller_count || !object->callers[place].confirmed);
}

void object_confirm(const void *code, const void *table)
{
	struct search search = {.code = (uintptr_t)code};
	struct object *object;
	size_t place, n = 0;

	if (!dl_iterate_phdr(describe, &search))
		return;
	object_lock();
	object = find_or_add(&search);
	place = caller_place(object, code);
	while (n < object->table_count && object->tables[n].address != (uintptr_t)table)
		n++;
	if (place < object->caller_count && n < object->table_count)
		object->callers[place].confirmed = true;
	object_unlock();
}
