/* Tables of functions in made-up objects: what is one, in every form that compilers give the three functions that are read, and
 * what is none. */
#include "elf/apitable.h"
#include "elf/search.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SQLITE_CORE 1
#include <sqlite3ext.h>

#include "../check.h"

#define ENTRY(name) (offsetof(struct sqlite3_api_routines, name) / sizeof(void *))

/* Where the segments lie; a function every 128 bytes. */
#define TEXT UINT64_C(0x55550000)
#define CONSTANTS UINT64_C(0x55570000)
#define DATA UINT64_C(0x55580000)
#define FUNCTION(entry) (TEXT + 0x1000 + 128 * (entry))

#define VERSION_AT (CONSTANTS + 16)
#define SOURCE_AT (CONSTANTS + 64)
#define POINTERS_AT (DATA + 8) /* what a GOT would hold */
#define TABLE_AT (DATA + 128)
#define ENTRIES 250

static unsigned char text[0x10000], constants[256];
static uint64_t data[700]; /* large enough for two tables */
static struct image image;

static void place_word(uint64_t address, uint64_t value)
{
	data[(address - DATA) / 8] = value;
}

static void place_code(unsigned entry, const void *code, size_t length)
{
	memcpy(text + (FUNCTION(entry) - TEXT), code, length);
}

static void place_string(uint64_t address, const char *string)
{
	memcpy(constants + (address - CONSTANTS), string, strlen(string) + 1);
}

/* prefix, then an instruction of `length` bytes that ends in a 32-bit distance from its end to the target, then suffix. */
static void place_relative(unsigned entry, const char *prefix, const char *instruction, uint64_t target, const char *suffix)
{
	unsigned char code[64];
	size_t at = strlen(prefix), opcode = strlen(instruction);
	int32_t distance = (int32_t)(target - (FUNCTION(entry) + at + opcode + 4));

	memcpy(code, prefix, at);
	memcpy(code + at, instruction, opcode);
	memcpy(code + at + opcode, &distance, 4);
	memcpy(code + at + opcode + 4, suffix, strlen(suffix));
	place_code(entry, code, at + opcode + 4 + strlen(suffix));
}

static void place_number(const char *prefix, uint32_t number)
{
	unsigned char code[64];
	size_t at = strlen(prefix);

	memcpy(code, prefix, at);
	code[at] = 0xb8; /* mov $number,%eax */
	memcpy(code + at + 1, &number, 4);
	code[at + 5] = 0xc3;
	place_code(ENTRY(libversion_number), code, at + 6);
}

static void place_table(uint64_t address)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		place_word(address + 8 * i, FUNCTION(i));
}

/* An x86-64 object with one table, as gcc -O2 makes it. */
static void build(void)
{
	memset(text, 0xcc, sizeof(text));
	memset(constants, 0, sizeof(constants));
	memset(data, 0, sizeof(data));
	image = (struct image){
		.segments = {{TEXT, TEXT + sizeof(text), text, PF_R | PF_X},
			     {CONSTANTS, CONSTANTS + sizeof(constants), constants, PF_R},
			     {DATA, DATA + sizeof(data), (const unsigned char *)data, PF_R | PF_W}},
		.count = 3,
		.relro_start = DATA,
		.relro_stop = DATA + sizeof(data),
		.machine = EM_X86_64,
	};
	place_string(VERSION_AT, "3.45.1");
	place_string(SOURCE_AT, "2024-01-30 16:01:20 e876e51a0ed5c5b3126f52e532044363a014bc594cfefa87ffb5b82257cc467a");
	place_table(TABLE_AT);
	place_relative(ENTRY(libversion), "", "\x48\x8d\x05", VERSION_AT, "\xc3");
	place_number("", 3045001);
	place_relative(ENTRY(sourceid), "", "\x48\x8d\x05", SOURCE_AT, "\xc3");
}

static void expect_found(const char *what, bool wanted)
{
	struct api_table tables[4];
	size_t count = apitable_find(&image, tables, 4);

	check(count == wanted, "%s: %zu tables", what, count);
	if (count && wanted) {
		check(tables[0].address == TABLE_AT, "%s: at %lx", what, (unsigned long)tables[0].address);
		check(strcmp(tables[0].version, "3.45.1") == 0 && tables[0].number == 3045001, "%s: version %s", what,
		      tables[0].version);
		check(apitable_is_there(&image, &tables[0]), "%s: it is gone", what);
	}
}

#define ENDBR "\xf3\x0f\x1e\xfa"
#define FRAME "\x55\x48\x89\xe5"
#define CANARY FRAME "\x48\x83\xec\x10\x64\x48\x8b\x04\x25\x28\x01\x01\x01"

static void check_forms_x86_64(void)
{
	static const struct {
		const char *what, *prefix, *suffix;
	} forms[] = {
		{"plain", "", "\xc3"},          {"CET", ENDBR, "\xc3"},
		{"frame", FRAME, "\x5d\xc3"},   {"CET and frame", ENDBR FRAME, "\x5d\xc3"},
		{"canary", CANARY, "\xc9\xc3"}, {"nops", "\x90\x66\x90", "\xc3"},
	};

	for (size_t i = 0; i < COUNT(forms); i++) {
		build();
		place_relative(ENTRY(libversion), forms[i].prefix, "\x48\x8d\x05", VERSION_AT, forms[i].suffix);
		place_relative(ENTRY(sourceid), forms[i].prefix, "\x48\x8d\x05", SOURCE_AT, forms[i].suffix);
		place_number(forms[i].prefix, 3045001);
		expect_found(forms[i].what, true);
	}
	build();
	place_word(POINTERS_AT, VERSION_AT);
	place_relative(ENTRY(libversion), "", "\x48\x8b\x05", POINTERS_AT, "\xc3");
	expect_found("by the GOT", true);
	build();
	place_relative(ENTRY(libversion), "", "\xe9", FUNCTION(300), "");
	place_relative(300, "", "\x48\x8d\x05", VERSION_AT, "\xc3");
	expect_found("behind a jump", true);
	build();
	place_relative(ENTRY(libversion), ENDBR, "\xe9", FUNCTION(300), "");
	place_relative(300, "", "\x48\x8d\x05", VERSION_AT, "\xc3");
	expect_found("behind a jump with CET", true);
	build();
	image.fixed = true;
	image.relro_start = image.relro_stop = 0;
	image.segments[2].flags = PF_R;
	place_code(ENTRY(libversion), "\xb8\x10\x00\x57\x55\xc3", 6);
	place_code(ENTRY(sourceid), "\x48\xc7\xc0\x40\x00\x57\x55\xc3", 8);
	expect_found("not position-independent", true);
}

/* The instructions of one function; the adrp and the others are put together by the caller. */
static void place_words(unsigned entry, const uint32_t *words, size_t count)
{
	place_code(entry, words, 4 * count);
}

static uint32_t adrp(unsigned to, uint64_t from, uint64_t target)
{
	uint64_t pages = ((target >> 12) - (from >> 12)) & 0x1fffff;

	return 0x90000000 | (uint32_t)((pages & 3) << 29 | (pages >> 2) << 5) | to;
}

static void place_address(unsigned entry, uint64_t target, bool bti)
{
	uint64_t from = FUNCTION(entry) + (bti ? 4 : 0);
	uint32_t words[] = {0xd503245f, adrp(0, from, target), 0x91000000 | (uint32_t)(target & 0xfff) << 10, 0xd65f03c0};

	place_words(entry, words + !bti, bti ? 4 : 3);
}

static void build_aarch64(bool bti)
{
	const uint32_t number[] = {0xd503245f, 0x52800000 | (3045001 & 0xffff) << 5, 0x72a00000 | (3045001 >> 16) << 5, 0xd65f03c0};

	build();
	image.machine = EM_AARCH64;
	place_address(ENTRY(libversion), VERSION_AT, bti);
	place_address(ENTRY(sourceid), SOURCE_AT, bti);
	place_words(ENTRY(libversion_number), number + !bti, bti ? 4 : 3);
}

static void check_forms_aarch64(void)
{
	uint32_t words[4];

	build_aarch64(false);
	expect_found("aarch64", true);
	build_aarch64(true);
	expect_found("aarch64 with BTI", true);
	build_aarch64(false);
	words[0] = 0x10000000 | (uint32_t)((VERSION_AT - FUNCTION(ENTRY(libversion))) >> 2) << 5; /* adr */
	words[1] = 0xd65f03c0;
	place_words(ENTRY(libversion), words, 2);
	expect_found("aarch64 with adr", true);
	build_aarch64(false);
	place_word(POINTERS_AT, VERSION_AT);
	words[0] = adrp(3, FUNCTION(ENTRY(libversion)), POINTERS_AT);
	words[1] = 0xf9400000 | (uint32_t)((POINTERS_AT & 0xfff) / 8) << 10 | 3 << 5; /* ldr x0,[x3,…] */
	words[2] = 0xd65f03c0;
	place_words(ENTRY(libversion), words, 3);
	expect_found("aarch64 by the GOT", true);
	build_aarch64(false);
	words[0] = 0x14000000 | (uint32_t)((FUNCTION(300) - FUNCTION(ENTRY(libversion))) / 4); /* b */
	place_words(ENTRY(libversion), words, 1);
	place_address(300, VERSION_AT, false);
	expect_found("aarch64 behind a jump", true);
}

static void check_others(void)
{
	static const char *const versions[] = {"3.45.2", "3.45", "4.45.1", "3.45.1x", "3.45.1-beta", "", "3.045.1", "3.45.1000"};
	struct api_table tables[4];

	for (size_t i = 0; i < COUNT(versions); i++) {
		build();
		place_string(VERSION_AT, versions[i]);
		expect_found(versions[i], false);
	}
	build();
	place_string(SOURCE_AT, "unknown");
	expect_found("no source id", false);
	build();
	place_number("", 3045002);
	expect_found("another number", false);
	build();
	place_word(TABLE_AT + 8 * ENTRY(exec), 0);
	expect_found("no exec", false);
	build();
	place_word(TABLE_AT + 8 * ENTRY(column_text16), 0);
	expect_found("no UTF-16", true);
	build();
	place_word(TABLE_AT + 8 * ENTRY(column_text16), VERSION_AT);
	expect_found("an entry that is no function", false);
	build();
	place_word(TABLE_AT + 8 * ENTRY(exec), 0x777700001234);
	expect_found("exec elsewhere", false);
	image.ours_start = 0x777700000000;
	image.ours_stop = 0x777700010000;
	expect_found("exec in our own library", true);
	build();
	image.relro_stop = TABLE_AT + 8 * 100;
	expect_found("outside of what is read-only", false);
	build();
	image.segments[2].flags = PF_R;
	expect_found("never relocated", false);
	build();
	image.segments[0].flags = PF_X;
	expect_found("text that cannot be read", false);
	build();
	image.segments[2].stop = TABLE_AT + 8 * ENTRY(auto_extension);
	expect_found("cut short", false);
	image.segments[2].stop += 8;
	expect_found("whole, at the end", true);
	build();
	image.segments[1].stop = VERSION_AT + 6;
	expect_found("a version without an end", false);
	build();
	place_table(TABLE_AT + 8 * 300);
	check(apitable_find(&image, tables, 4) == 2, "two tables");
	check(apitable_find(&image, tables, 1) == 1, "no more than asked for");
	check(apitable_find(&image, tables, 0) == 0, "none asked for");
	check(tables[0].fingerprint == apitable_fingerprint(data + (TABLE_AT - DATA) / 8), "the fingerprint of the table");
	place_word(TABLE_AT, FUNCTION(301));
	check(!apitable_is_there(&image, &tables[0]), "another table at its place");
}

static void check_fourth_number(void)
{
	struct api_table tables[2];

	build();
	place_string(VERSION_AT, "3.8.11.1");
	place_number("", 3008011);
	check(apitable_find(&image, tables, 2) == 1 && tables[0].number == 3008011 && strcmp(tables[0].version, "3.8.11.1") == 0,
	      "a version of four numbers");
}

/* A fixed program with a large part of constants that is not to be touched: the table lies in the page that the code refers to. */
#define LARGE UINT64_C(0x60000000)
#define LARGE_SIZE 0x800000
#define NEAR_PAGE 0x400000 /* in it */
#define CALLER (TEXT + 0x8000)

static unsigned char *build_large(uint64_t table)
{
	unsigned char *large = mmap(NULL, LARGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t words[ENTRIES];

	build();
	image.fixed = true;
	image.relro_start = image.relro_stop = 0;
	image.segments[2] = (struct segment){LARGE, LARGE + LARGE_SIZE, large, PF_R};
	for (unsigned i = 0; i < ENTRIES; i++)
		words[i] = FUNCTION(i);
	mprotect(large + NEAR_PAGE - SEARCH_NEAR - 4096, 2 * SEARCH_NEAR + 3 * 4096, PROT_READ | PROT_WRITE);
	if (table)
		memcpy(large + (table - LARGE), words, sizeof(words));
	return large;
}

static void place_caller(const char *opcode, uint32_t value)
{
	unsigned char *code = text + (CALLER + 100 - TEXT);

	memcpy(code, opcode, strlen(opcode));
	memcpy(code + strlen(opcode), &value, sizeof(value));
}

static void expect_near(const char *what, uint64_t caller, size_t wanted)
{
	struct api_table tables[4];
	size_t count = apitable_find_near(&image, caller, tables, 4);

	check(count == wanted, "near, %s: %zu tables", what, count);
}

static void check_near(void)
{
	const uint64_t page = LARGE + NEAR_PAGE;
	static const struct {
		const char *what, *opcode;
		bool relative;
	} forms[] = {{"mov", "\xbf", false},
		     {"mov of 64 bits", "\x48\xc7\xc7", false},
		     {"a jump table", "\xff\x24\xc5", false},
		     {"lea", "\x48\x8d\x3d", true}};
	uint32_t words[3];

	for (size_t i = 0; i < COUNT(forms); i++) {
		unsigned char *large = build_large(page + 0x3000);
		place_caller(forms[i].opcode, (uint32_t)(page + 8 - (forms[i].relative ? CALLER + 107 : 0)));
		expect_near(forms[i].what, CALLER, 1);
		expect_near("not referred to from there", TEXT, 0);
		expect_near("no code", LARGE, 0);
		munmap(large, LARGE_SIZE);
	}
	for (int far = 0; far < 2; far++) {
		unsigned char *large = build_large(far ? page - SEARCH_NEAR - 4096 : page - SEARCH_NEAR + 4096);
		place_caller("\xbf", (uint32_t)page);
		expect_near(far ? "too far" : "before it", CALLER, !far);
		munmap(large, LARGE_SIZE);
	}
	munmap(build_large(0), LARGE_SIZE);
	build_aarch64(false);
	words[0] = adrp(1, CALLER + 100, page);
	words[1] = 0x91000000 | 0x10 << 10 | 1 << 5; /* add x0,x1,#16 */
	memcpy(text + (CALLER + 100 - TEXT), words, 8);
	{
		unsigned char kept[sizeof(text)], *large;
		memcpy(kept, text, sizeof(text));
		large = build_large(page + 0x3000);
		memcpy(text, kept, sizeof(text));
		image.machine = EM_AARCH64;
		expect_near("adrp and add", CALLER, 1);
		munmap(large, LARGE_SIZE);
	}
	build();
	expect_near("relocated", CALLER, 1);
	expect_near("other code, far from its functions", TEXT + (UINT64_C(1) << 20), 0);
}

static void check_magic(void)
{
	build();
	check(!apitable_has_magic(&image), "magic where there is none");
	place_string(CONSTANTS + 200, "SQLite format 3");
	check(apitable_has_magic(&image), "magic");
	image.segments[1].stop = CONSTANTS + 200 + 15;
	check(!apitable_has_magic(&image), "magic without its NUL");
}

int main(void)
{
	build();
	expect_found("as gcc makes it", true);
	check_forms_x86_64();
	check_forms_aarch64();
	check_others();
	check_fourth_number();
	check_near();
	check_magic();
	return check_end();
}
