/* needed.c - reads the dynamic section of an ELF file: elf(5). */
#include "elf/needed.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>

static const char library[] = "libsqlite3.so";

struct file {
	const unsigned char *bytes;
	size_t size;
	ElfW(Ehdr) header;
};

/* Copies the bytes [offset, offset + length), which may be unaligned; false if the file does not have them all. */
static bool copy_part(const struct file *file, uint64_t offset, void *out, size_t length)
{
	if (offset > file->size || length > file->size - offset)
		return false;
	memcpy(out, file->bytes + offset, length);
	return true;
}

static bool segment_get(const struct file *file, unsigned index, ElfW(Phdr) * out)
{
	return index < file->header.e_phnum &&
	       copy_part(file, file->header.e_phoff + (uint64_t)index * sizeof(*out), out, sizeof(*out));
}

/* The file offset of the byte that will be loaded at this address; the file's size if there is none. */
static uint64_t offset_of(const struct file *file, ElfW(Addr) address)
{
	ElfW(Phdr) segment;

	for (unsigned i = 0; segment_get(file, i, &segment); i++)
		if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
			return address - segment.p_vaddr + segment.p_offset;
	return file->size;
}

static bool entry_get(const struct file *file, const ElfW(Phdr) * dynamic, size_t index, ElfW(Dyn) * out)
{
	return index < dynamic->p_filesz / sizeof(*out) &&
	       copy_part(file, dynamic->p_offset + index * sizeof(*out), out, sizeof(*out)) && out->d_tag != DT_NULL;
}

static bool is_needed(const struct file *file, const ElfW(Phdr) * dynamic)
{
	uint64_t names = file->size;
	char name[sizeof(library)];
	ElfW(Dyn) entry;

	for (size_t i = 0; entry_get(file, dynamic, i, &entry); i++)
		if (entry.d_tag == DT_STRTAB)
			names = offset_of(file, entry.d_un.d_ptr);
	for (size_t i = 0; entry_get(file, dynamic, i, &entry); i++)
		if (entry.d_tag == DT_NEEDED && names < file->size && entry.d_un.d_val < file->size &&
		    copy_part(file, names + entry.d_un.d_val, name, sizeof(name)) &&
		    memcmp(name, library, sizeof(library) - 1) == 0 &&
		    (name[sizeof(name) - 1] == '\0' || name[sizeof(name) - 1] == '.'))
			return true;
	return false;
}

bool needed_has_sqlite(const unsigned char *bytes, size_t size)
{
	struct file file = {.bytes = bytes, .size = size};
	ElfW(Phdr) segment;

	if (!copy_part(&file, 0, &file.header, sizeof(file.header)) || memcmp(file.header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    file.header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    file.header.e_phentsize != sizeof(segment))
		return false;
	for (unsigned i = 0; segment_get(&file, i, &segment); i++)
		if (segment.p_type == PT_DYNAMIC)
			return is_needed(&file, &segment);
	return false;
}

/* libmagic has the first one, but not the second. */
bool needed_carries_sqlite(const unsigned char *bytes, size_t size)
{
	static const char magic[] = "SQLite format 3", table[] = "sqlite_sequence";

	return memmem(bytes, size, magic, sizeof(magic)) && memmem(bytes, size, table, sizeof(table) - 1);
}
