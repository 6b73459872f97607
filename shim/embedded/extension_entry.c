/* extension_entry.c - our entry among the automatic extensions of an embedded copy. */
#include "embedded/extension_entry.h"

#include "base/threads.h"
#include "connection/registry.h"
#include "elf/loader.h"

#include <stdatomic.h>
#include <string.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

/* sqlite3_cancel_auto_extension() counts the entries down; it is about so long. */
#define CODE_SIZE 160
#define WORD_LIMIT 16

struct word {
	const uint32_t *place;
	uint32_t value;
};

static uint32_t value_at(const uint32_t *place)
{
	return *(const volatile uint32_t *)place;
}

static bool is_writable(const struct loaded *loaded, uintptr_t address)
{
	for (size_t i = 0; i < loaded->header_count; i++) {
		const ElfW(Phdr) *header = &loaded->headers[i];
		uintptr_t start = loaded->base + header->p_vaddr;
		if (header->p_type == PT_LOAD && (header->p_flags & PF_W) && address >= start &&
		    address + sizeof(uint32_t) <= start + header->p_memsz)
			return true;
	}
	return false;
}

/* The words of the object's data that this code may use, seen by four bytes that would lead there from where the instruction ends;
 * x86-64 only. Nothing is written. */
static size_t find_words(const struct loaded *loaded, uintptr_t code, struct word *words)
{
	size_t count = 0;

#ifdef __x86_64__
	for (uintptr_t at = code; at < code + CODE_SIZE && at + 4 <= (uintptr_t)loaded->stop && count < WORD_LIMIT; at++) {
		int32_t distance;
		uintptr_t address;
		memcpy(&distance, (const void *)at, sizeof(distance));
		address = loaded->base == 0 ? (uintptr_t)(uint32_t)distance : 0;
		if (!is_writable(loaded, address))
			address = at + 4 + (uintptr_t)(intptr_t)distance;
		if (address % sizeof(uint32_t) == 0 && is_writable(loaded, address)) {
			words[count].place = (const uint32_t *)address;
			words[count].value = value_at(words[count].place);
			count++;
		}
	}
#else
	(void)loaded;
	(void)code;
	(void)words;
	(void)value_at;
	(void)is_writable;
#endif
	return count;
}

/* The table of a library that exports its functions has our hook there. */
static void add(const struct copy *copy, extension_entry entry)
{
	if (loader_is_ours((const void *)(uintptr_t)copy->table->auto_extension) && copy->sqlite->auto_extension)
		copy->sqlite->auto_extension((void (*)(void))entry);
	else
		copy->table->auto_extension((void (*)(void))entry);
}

/* The count is the word that a registration raises by one. */
static void add_and_learn(struct copy *copy, extension_entry entry)
{
	/* the table has no such function before 3.8.7 */
	uintptr_t code = copy->number >= 3008007 ? (uintptr_t)copy->table->cancel_auto_extension : 0;
	struct word words[WORD_LIMIT];
	struct loaded loaded;
	size_t count = code && loader_find((const void *)code, &loaded) ? find_words(&loaded, code, words) : 0;

	add(copy, entry);
	for (size_t i = 0; i < count; i++)
		if (value_at(words[i].place) == words[i].value + 1 && words[i].value < 64)
			atomic_store(&copy->entries, words[i].place);
}

void extension_entry_add(struct copy *copy, extension_entry entry, bool first)
{
	if (first)
		add_and_learn(copy, entry);
	else
		add(copy, entry);
}

struct users {
	const struct sqlite *sqlite;
	bool any;
};

static void look_for_user(struct connection *connection, void *argument)
{
	struct users *users = argument;

	users->any |= sqlite_is_same(connection->sqlite, users->sqlite);
}

void extension_entry_leave(struct copy *copy, extension_entry entry)
{
	const uint32_t *entries = atomic_load(&copy->entries);
	struct users users = {.sqlite = copy->sqlite};

	if (!entries || !threads_is_alone())
		return;
	registry_visit(look_for_user, &users);
	if (!users.any && copy->table->cancel_auto_extension((void (*)(void))entry) && value_at(entries) == 0)
		copy->table->reset_auto_extension();
}
