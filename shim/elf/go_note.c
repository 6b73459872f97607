/* go_note.c - reads the program's notes in memory. */
#include "elf/go_note.h"

#include "base/program_headers.h"

#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GO_BUILD_ID 4
#define GO_NAME "Go\0"

static size_t padded(uint32_t size)
{
	return ((size_t)size + 3) / 4 * 4;
}

/* Each is the sizes of a name and of its content, a type, the name, the content. */
static bool is_among(const char *note, size_t size)
{
	ElfW(Nhdr) head;
	size_t length;

	for (; size >= sizeof(head) + sizeof(GO_NAME); note += length, size -= length) {
		memcpy(&head, note, sizeof(head));
		length = sizeof(head) + padded(head.n_namesz) + padded(head.n_descsz);
		if (head.n_type == GO_BUILD_ID && head.n_namesz == sizeof(GO_NAME) &&
		    memcmp(note + sizeof(head), GO_NAME, sizeof(GO_NAME)) == 0)
			return true;
		if (length > size)
			return false;
	}
	return false;
}

static bool look(void)
{
	struct program_headers headers = program_headers_get();

	for (size_t i = 0; i < headers.count; i++)
		if (headers.first[i].p_type == PT_NOTE &&
		    is_among((const char *)(headers.base + headers.first[i].p_vaddr), headers.first[i].p_filesz))
			return true;
	return false;
}

bool go_note_is_there(void)
{
	enum { UNKNOWN, NO, YES };
	static atomic_int known;
	int answer = atomic_load_explicit(&known, memory_order_relaxed);

	if (answer == UNKNOWN) {
		answer = look() ? YES : NO;
		atomic_store_explicit(&known, answer, memory_order_relaxed);
	}
	return answer == YES;
}
