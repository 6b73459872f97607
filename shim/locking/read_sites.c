/* read_sites.c - the table. */
#include "locking/read_sites.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define SITES 4096 /* two of them for each hash */
#define ENOUGH 5
/* For each that has only read: it is worth less and less to wait. */
#define HALVINGS 2
/* Sixteen times as many. */
#define MISTAKES 4
/* Eight times as long. */
#define DOUBLINGS 3

struct table {
	struct read_site sites[SITES];
	atomic_uint mistakes; /* transactions of which it was learnt that they only read, and which then wrote */
};

static struct table *_Atomic table;

void read_sites_prepare(void)
{
	struct table *nothing = NULL;
	void *made;
	int saved = errno;

	if (atomic_load_explicit(&table, memory_order_relaxed))
		return;
	made = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	errno = saved;
	if (made != MAP_FAILED && !atomic_compare_exchange_strong(&table, &nothing, (struct table *)made))
		munmap(made, sizeof(struct table));
}

/* For a site that was found. */
static struct table *this_table(void)
{
	return atomic_load_explicit(&table, memory_order_relaxed);
}

static unsigned doublings_of_enough(void)
{
	unsigned times = atomic_load_explicit(&this_table()->mistakes, memory_order_relaxed);

	return times < MISTAKES ? times : MISTAKES;
}

static unsigned enough(void)
{
	return ENOUGH << doublings_of_enough();
}

static uint32_t text_of(const struct read_site *site)
{
	return atomic_load_explicit(&site->text, memory_order_relaxed);
}

/* What would be lost if it were forgotten: above all, that it writes. */
static unsigned worth_of(const struct read_site *site)
{
	return atomic_load_explicit(&site->only_read, memory_order_relaxed) + (read_site_has_written(site) ? UCHAR_MAX : 0);
}

/* A new text takes the place of the one of two that is worth less. */
static struct read_site *replace(struct read_site *pair, uint32_t text)
{
	struct read_site *site = worth_of(&pair[0]) <= worth_of(&pair[1]) ? &pair[0] : &pair[1];

	atomic_store_explicit(&site->reserved, 0, memory_order_relaxed);
	atomic_store_explicit(&site->only_read, 0, memory_order_relaxed);
	atomic_store_explicit(&site->writes, false, memory_order_relaxed);
	atomic_store_explicit(&site->has_written, false, memory_order_relaxed);
	atomic_store_explicit(&site->doublings, 0, memory_order_relaxed);
	atomic_store_explicit(&site->text, text, memory_order_relaxed);
	return site;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* Eight bytes at a time: texts of ORMs have a thousand and more. */
static uint32_t hash_of(const char *sql)
{
	size_t left = strlen(sql);
	uint64_t hash = left, word;

	for (; left >= sizeof(word); left -= sizeof(word), sql += sizeof(word)) {
		memcpy(&word, sql, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, sql, left);
	return (uint32_t)mix(hash, word);
}

struct read_site *read_site_find(const char *sql)
{
	uint32_t hash = hash_of(sql);
	struct read_site *pair;

	if (!this_table())
		return NULL;
	pair = &this_table()->sites[(hash ^ hash >> 12) % (SITES / 2) * 2];
	if (text_of(&pair[0]) == hash)
		return &pair[0];
	return text_of(&pair[1]) == hash ? &pair[1] : replace(pair, hash);
}

void read_site_reserved(struct read_site *site, uint32_t word)
{
	atomic_store_explicit(&site->reserved, word, memory_order_relaxed);
}

void read_site_failed(struct read_site *site, uint32_t word)
{
	if (word)
		atomic_compare_exchange_strong(&site->reserved, &word, 0);
}

void read_site_only_read(struct read_site *site, uint32_t word, bool outlasted)
{
	unsigned times = atomic_load_explicit(&site->only_read, memory_order_relaxed);

	read_site_failed(site, word);
	if (times < enough())
		atomic_store_explicit(&site->only_read, (unsigned char)(times + (outlasted ? ENOUGH : 1)), memory_order_relaxed);
	else
		atomic_store_explicit(&site->writes, false, memory_order_relaxed);
}

void read_site_wrote(struct read_site *site)
{
	if (read_site_is_learnt(site))
		atomic_fetch_add_explicit(&this_table()->mistakes, 1, memory_order_relaxed);
	atomic_store_explicit(&site->reserved, 0, memory_order_relaxed);
	atomic_store_explicit(&site->has_written, true, memory_order_relaxed);
	atomic_store_explicit(&site->only_read, 0, memory_order_relaxed);
	atomic_store_explicit(&site->writes, true, memory_order_relaxed);
}

void read_site_lapsed(struct read_site *site)
{
	unsigned char doublings = atomic_load_explicit(&site->doublings, memory_order_relaxed);

	if (doublings < DOUBLINGS)
		atomic_store_explicit(&site->doublings, doublings + 1, memory_order_relaxed);
}

bool read_site_is_learnt(const struct read_site *site)
{
	return !read_site_has_written(site) && atomic_load_explicit(&site->only_read, memory_order_relaxed) >= enough();
}

uint32_t read_site_reads(const struct read_site *site)
{
	return read_site_has_written(site) ? 0 : atomic_load_explicit(&site->reserved, memory_order_relaxed);
}

unsigned read_site_halvings(const struct read_site *site)
{
	return read_site_has_written(site)
		       ? 0
		       : HALVINGS * (atomic_load_explicit(&site->only_read, memory_order_relaxed) >> doublings_of_enough());
}

unsigned read_site_stretch(const struct read_site *site)
{
	unsigned doublings = atomic_load_explicit(&site->doublings, memory_order_relaxed);

	return 1u << (doublings < DOUBLINGS ? doublings : DOUBLINGS);
}

bool read_site_writes(const struct read_site *site)
{
	return atomic_load_explicit(&site->writes, memory_order_relaxed);
}
