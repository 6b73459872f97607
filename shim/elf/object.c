/* object.c - searches loaded objects for copies of SQLite, and remembers the results. */
#include "elf/object.h"

#include "base/process.h"
#include "elf/loader.h"

#include <elf.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KNOWN_LIMIT 128

union record {
	struct object object;
	uint64_t words[(sizeof(struct object) + 7) / 8];
};

/* The cache. A thread that finds more of an object writes its entry anew; a thread that meets an entry which is being written
 * treats it as missing, and searches by itself. So nothing here waits, whatever a signal or fork() interrupts. */
static struct entry {
	atomic_uint version; /* 0: never written; odd: being written */
	_Atomic uint64_t words[sizeof(union record) / 8];
} known[KNOWN_LIMIT];
static atomic_uint known_count; /* how many there ever were; when it is full, the oldest entry is used again */

static uint64_t word_at(const struct entry *entry, size_t offset)
{
	return atomic_load_explicit(&entry->words[offset / 8], memory_order_acquire);
}

/* False if it is being written. */
static bool entry_read(const struct entry *entry, struct object *out, unsigned *version)
{
	union record record;

	*version = atomic_load_explicit(&entry->version, memory_order_acquire);
	if (*version == 0 || (*version & 1))
		return false;
	for (size_t i = 0; i < sizeof(record) / 8; i++)
		record.words[i] = atomic_load_explicit(&entry->words[i], memory_order_acquire);
	*out = record.object;
	return atomic_load_explicit(&entry->version, memory_order_relaxed) == *version;
}

/* Writes nothing if another thread has written the entry since it had this version. */
static void entry_write(struct entry *entry, unsigned version, const struct object *object)
{
	union record record = {.words = {0}};

	if ((version & 1) || !atomic_compare_exchange_strong(&entry->version, &version, version + 1))
		return;
	record.object = *object;
	for (size_t i = 0; i < sizeof(record) / 8; i++)
		atomic_store_explicit(&entry->words[i], record.words[i], memory_order_release);
	atomic_store_explicit(&entry->version, version + 2, memory_order_release);
}

struct search {
	uintptr_t code;
	struct loaded loaded;
	struct image image;
	struct object object;
	struct entry *entry; /* where it is kept, or to be */
	unsigned version;
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

static void describe(const struct loaded *loaded, struct image *image)
{
	const void *ours_start, *ours_stop;

	memset(image, 0, sizeof(*image));
	for (size_t i = 0; i < loaded->header_count; i++) {
		const ElfW(Phdr) *header = &loaded->headers[i];
		if (header->p_type == PT_GNU_RELRO) {
			image->relro_start = loaded->base + header->p_vaddr;
			image->relro_stop = image->relro_start + header->p_memsz;
		}
		if (header->p_type == PT_LOAD)
			add_segment(image, loaded->base, header);
	}
	image->fixed = loaded->base == 0;
	loader_own_bounds(&ours_start, &ours_stop);
	image->ours_start = (uintptr_t)ours_start;
	image->ours_stop = (uintptr_t)ours_stop;
#ifdef __aarch64__
	image->machine = EM_AARCH64;
#else
	image->machine = EM_X86_64;
#endif
}

/* Is what we found still there? The same file may have been loaded again, or another build of it. */
static bool still_holds(const struct search *search)
{
	for (size_t i = 0; i < search->object.table_count; i++)
		if (!apitable_is_there(&search->image, &search->object.tables[i]))
			return false;
	return true;
}

/* Finds its entry, or chooses one: that of something that is gone and lay here, or the next. */
static void find_entry(struct search *search)
{
	uintptr_t start = (uintptr_t)search->loaded.start, stop = (uintptr_t)search->loaded.stop;
	unsigned count = atomic_load(&known_count);

	search->entry = NULL;
	for (unsigned i = 0; i < count && i < KNOWN_LIMIT; i++) {
		struct entry *entry = &known[i];
		bool same = word_at(entry, offsetof(struct object, identity)) == search->loaded.identity;
		if (word_at(entry, offsetof(struct object, start)) >= stop ||
		    word_at(entry, offsetof(struct object, stop)) <= start)
			continue;
		search->entry = entry;
		if (same && entry_read(entry, &search->object, &search->version) &&
		    search->object.identity == search->loaded.identity && still_holds(search))
			return;
	}
	if (!search->entry)
		search->entry = &known[atomic_fetch_add(&known_count, 1) % KNOWN_LIMIT];
	search->version = atomic_load(&search->entry->version);
	search->object = (struct object){.identity = search->loaded.identity, .start = start, .stop = stop};
	memcpy(search->object.path, search->loaded.name, sizeof(search->object.path));
}

static bool begin(struct search *search, const void *code)
{
	search->code = (uintptr_t)code;
	if (!loader_find(code, &search->loaded))
		return false;
	describe(&search->loaded, &search->image);
	find_entry(search);
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

/* Searches near the code: a program may have a hundred megabytes of constants that are not in memory yet. */
static bool look_near(struct search *search)
{
	struct object *object = &search->object;
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

/* True if that found anything new. */
static bool look(struct search *search, bool whole)
{
	struct object *object = &search->object;
	bool known_caller = caller_place(object, (const void *)search->code) < object->caller_count;

	if (object->whole || (!whole && known_caller))
		return false;
	if (!whole && look_near(search))
		return true;
	object->table_count = apitable_find(&search->image, object->tables, OBJECT_TABLES);
	object->whole = true;
	return true;
}

static bool look_for_magic(struct search *search)
{
	struct object *object = &search->object;

	if (object->table_count || object->magic != MAGIC_UNKNOWN)
		return false;
	object->magic = apitable_has_magic(&search->image) ? MAGIC_THERE : MAGIC_MISSING;
	return true;
}

enum wanted { WANTS_CALLERS, WANTS_WHOLE, WANTS_SQLITE };

static bool find(const void *code, enum wanted wanted, struct object *out)
{
	struct search search;
	bool news;

	if (!begin(&search, code))
		return false;
	news = look(&search, wanted == WANTS_WHOLE);
	news |= wanted == WANTS_SQLITE && look_for_magic(&search);
	if (news)
		entry_write(search.entry, search.version, &search.object);
	*out = search.object;
	return wanted != WANTS_SQLITE || out->table_count || out->magic == MAGIC_THERE;
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

const char *object_path(const struct object *object)
{
	return *object->path ? object->path : process_executable();
}

bool object_is_doubtful(const struct object *object, const void *code)
{
	size_t place = caller_place(object, code);

	return !object->whole && (place == object->caller_count || !object->callers[place].confirmed);
}

void object_confirm(const void *code, const void *table)
{
	struct search search;
	struct object *object = &search.object;
	size_t place, n = 0;

	if (!begin(&search, code))
		return;
	place = caller_place(object, code);
	while (n < object->table_count && object->tables[n].address != (uintptr_t)table)
		n++;
	if (place == object->caller_count || n == object->table_count)
		return;
	object->callers[place].confirmed = true;
	entry_write(search.entry, search.version, object);
}
