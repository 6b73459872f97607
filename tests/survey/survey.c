/* survey.c - runs the search for tables of functions over ELF files, laid out and relocated as the loader would.
 *
 *   survey [-t] [FILE...]    without files, their names are read from standard input, each followed by a NUL; what is no loadable
 *                            ELF object of x86-64 or arm64 is passed over
 *
 * A line for each table: "file: SQLite version at address"; with -t one for each object: "microseconds bytes tables file", where
 * bytes are those that may hold a table. Ends with a line of sums. Exits 1 if an object holds a table, but not what every
 * SQLite holds ("SQLite format 3"): that is a false one. */
#include "elf/apitable.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BASE UINT64_C(0x7f0000000000)

static bool times;

struct object {
	int fd;
	const unsigned char *bytes;
	size_t size;
	Elf64_Ehdr header;
	unsigned char *memory[16]; /* of each segment */
	struct image image;
};

static unsigned objects, found, wrong;

static bool copy_part(const struct object *object, uint64_t offset, void *out, size_t length)
{
	if (offset > object->size || length > object->size - offset)
		return false;
	memcpy(out, object->bytes + offset, length);
	return true;
}

static uint64_t base_of(const struct object *object)
{
	return object->header.e_type == ET_DYN ? BASE : 0;
}

/* Where in our memory the object's address is; NULL if there are no eight bytes there. */
static unsigned char *memory_at(struct object *object, uint64_t address)
{
	for (unsigned i = 0; i < object->image.count; i++) {
		const struct segment *segment = &object->image.segments[i];
		if (address >= segment->start && address < segment->stop && segment->stop - address >= 8)
			return object->memory[i] + (address - segment->start);
	}
	return NULL;
}

static void relocate(struct object *object, uint64_t address, bool has_addend, int64_t addend)
{
	unsigned char *place = memory_at(object, BASE + address);
	uint64_t word;

	if (!place)
		return;
	memcpy(&word, place, 8);
	word = BASE + (has_addend ? (uint64_t)addend : word);
	memcpy(place, &word, 8);
}

struct dynamic {
	uint64_t rela, rela_size, rel, rel_size, relr, relr_size, symbols;
};

static void apply_rela(struct object *object, const struct dynamic *dynamic)
{
	bool arm = object->header.e_machine == EM_AARCH64;

	for (uint64_t at = 0; at < dynamic->rela_size; at += sizeof(Elf64_Rela)) {
		unsigned char *place = memory_at(object, BASE + dynamic->rela + at);
		uint32_t type;
		Elf64_Rela rela;
		Elf64_Sym symbol;

		if (!place || !memory_at(object, BASE + dynamic->rela + at + 16))
			return;
		memcpy(&rela, place, sizeof(rela));
		type = ELF64_R_TYPE(rela.r_info);
		if (type == (arm ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE)) {
			relocate(object, rela.r_offset, true, rela.r_addend);
		} else if (type == (arm ? R_AARCH64_ABS64 : R_X86_64_64) ||
			   type == (arm ? R_AARCH64_GLOB_DAT : R_X86_64_GLOB_DAT)) {
			place = memory_at(object, BASE + dynamic->symbols + ELF64_R_SYM(rela.r_info) * sizeof(symbol));
			if (!place || !memory_at(object, BASE + dynamic->symbols + ELF64_R_SYM(rela.r_info) * sizeof(symbol) + 16))
				continue;
			memcpy(&symbol, place, sizeof(symbol));
			if (symbol.st_shndx != SHN_UNDEF)
				relocate(object, rela.r_offset, true, (int64_t)symbol.st_value + rela.r_addend);
		}
	}
}

static void apply_rel(struct object *object, const struct dynamic *dynamic)
{
	for (uint64_t at = 0; at < dynamic->rel_size; at += sizeof(Elf64_Rel)) {
		const unsigned char *place = memory_at(object, BASE + dynamic->rel + at);
		Elf64_Rel rel;

		if (!place || !memory_at(object, BASE + dynamic->rel + at + 8))
			return;
		memcpy(&rel, place, sizeof(rel));
		if (ELF64_R_TYPE(rel.r_info) == R_X86_64_RELATIVE || ELF64_R_TYPE(rel.r_info) == R_AARCH64_RELATIVE)
			relocate(object, rel.r_offset, false, 0);
	}
}

/* An even word is an address; an odd one says which of the 63 words after it are to be relocated as well. */
static void apply_relr(struct object *object, const struct dynamic *dynamic)
{
	uint64_t where = 0, word;

	for (uint64_t at = 0; at < dynamic->relr_size; at += 8) {
		const unsigned char *place = memory_at(object, BASE + dynamic->relr + at);
		if (!place)
			return;
		memcpy(&word, place, 8);
		if (!(word & 1)) {
			relocate(object, word, false, 0);
			where = word + 8;
			continue;
		}
		for (unsigned i = 0; (word >>= 1) != 0; i++)
			if (word & 1)
				relocate(object, where + 8 * i, false, 0);
		where += 8 * 63;
	}
}

static void apply_relocations(struct object *object, const Elf64_Phdr *segment)
{
	struct dynamic dynamic = {.rela = 0};
	Elf64_Dyn entry;

	for (uint64_t at = 0;
	     at < segment->p_filesz && copy_part(object, segment->p_offset + at, &entry, sizeof(entry)) && entry.d_tag != DT_NULL;
	     at += sizeof(entry)) {
		switch (entry.d_tag) {
		case DT_RELA:
			dynamic.rela = entry.d_un.d_val;
			break;
		case DT_RELASZ:
			dynamic.rela_size = entry.d_un.d_val;
			break;
		case DT_REL:
			dynamic.rel = entry.d_un.d_val;
			break;
		case DT_RELSZ:
			dynamic.rel_size = entry.d_un.d_val;
			break;
		case 36: /* DT_RELR */
			dynamic.relr = entry.d_un.d_val;
			break;
		case 35: /* DT_RELRSZ */
			dynamic.relr_size = entry.d_un.d_val;
			break;
		case DT_SYMTAB:
			dynamic.symbols = entry.d_un.d_val;
			break;
		default:
			break;
		}
	}
	apply_rela(object, &dynamic);
	apply_rel(object, &dynamic);
	apply_relr(object, &dynamic);
}

static bool add_segment(struct object *object, const Elf64_Phdr *header)
{
	struct image *image = &object->image;
	uint64_t start = base_of(object) + header->p_vaddr, skew = start % 4096;
	unsigned char *memory;

	if (image->count == 16 || header->p_offset > object->size || header->p_filesz > object->size - header->p_offset)
		return false;
	memory = mmap(NULL, header->p_filesz + skew + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	memcpy(memory + skew, object->bytes + header->p_offset, header->p_filesz);
	object->memory[image->count] = memory + skew;
	image->segments[image->count++] = (struct segment){start, start + header->p_filesz, memory + skew, header->p_flags};
	return true;
}

static bool lay_out(struct object *object)
{
	struct image *image = &object->image;
	Elf64_Phdr header, dynamic = {.p_filesz = 0};

	if (!copy_part(object, 0, &object->header, sizeof(object->header)) ||
	    memcmp(object->header.e_ident, ELFMAG, SELFMAG) != 0 || object->header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    object->header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (object->header.e_type != ET_DYN && object->header.e_type != ET_EXEC) ||
	    (object->header.e_machine != EM_X86_64 && object->header.e_machine != EM_AARCH64))
		return false;
	image->machine = object->header.e_machine;
	image->fixed = object->header.e_type == ET_EXEC;
	for (unsigned i = 0; i < object->header.e_phnum; i++) {
		if (!copy_part(object, object->header.e_phoff + i * sizeof(header), &header, sizeof(header)))
			return false;
		if (header.p_type == PT_LOAD && !add_segment(object, &header))
			return false;
		if (header.p_type == PT_DYNAMIC)
			dynamic = header;
		if (header.p_type == PT_GNU_RELRO) {
			image->relro_start = base_of(object) + header.p_vaddr;
			image->relro_stop = image->relro_start + header.p_memsz;
		}
	}
	if (!image->fixed)
		apply_relocations(object, &dynamic);
	return image->count > 0;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint64_t searched(const struct image *image)
{
	uint64_t bytes = 0;

	if (!image->fixed && image->relro_stop > image->relro_start)
		return image->relro_stop - image->relro_start;
	for (unsigned i = 0; i < image->count; i++)
		if (image->fixed ? image->segments[i].flags & PF_R : image->segments[i].flags & PF_W)
			bytes += image->segments[i].stop - image->segments[i].start;
	return bytes;
}

static void look(const char *path, struct object *object)
{
	struct api_table tables[4];
	int64_t began = now_us(), took;
	size_t count = apitable_find(&object->image, tables, 4);

	took = now_us() - began;
	objects++;
	found += (unsigned)count;
	if (times)
		printf("%lld %llu %zu %s\n", (long long)took, (unsigned long long)searched(&object->image), count, path);
	for (size_t i = 0; i < count; i++)
		printf("%s: SQLite %s at %#llx%s\n", path, tables[i].version,
		       (unsigned long long)(tables[i].address - base_of(object)),
		       apitable_has_magic(&object->image) ? "" : ", FALSE");
	if (!count && apitable_has_magic(&object->image))
		printf("%s: the mark of a database file, and no table\n", path);
	wrong += count && !apitable_has_magic(&object->image);
}

static void survey(const char *path)
{
	struct object object = {.size = 0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *bytes;

	if (fd < 0)
		return;
	bytes = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0
			? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
			: MAP_FAILED;
	if (bytes == MAP_FAILED) {
		close(fd);
		return;
	}
	object.fd = fd;
	object.bytes = bytes;
	object.size = (size_t)status.st_size;
	if (lay_out(&object))
		look(path, &object);
	for (unsigned i = 0; i < object.image.count; i++) {
		const struct segment *segment = &object.image.segments[i];
		size_t skew = segment->start % 4096;
		munmap(object.memory[i] - skew, segment->stop - segment->start + skew + 1);
	}
	munmap(bytes, object.size);
	close(fd);
}

int main(int argc, char **argv)
{
	char *path = NULL;
	size_t size = 0;

	times = argc > 1 && strcmp(argv[1], "-t") == 0;
	for (int i = 1 + times; i < argc; i++)
		survey(argv[i]);
	while (argc == 1 + times && getdelim(&path, &size, '\0', stdin) > 0)
		survey(path);
	free(path);
	printf("%u objects, %u tables, %u false\n", objects, found, wrong);
	return wrong != 0;
}
