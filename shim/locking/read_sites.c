/* read_sites.c - the table. */
#include "locking/read_sites.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#define SITES 4096 /* two of them for each hash */
#define ENOUGH 5
/* Sixteen times as many. */
#define MISTAKES 4
/* Eight times as long. */
#define DOUBLINGS 3

static struct read_site sites[SITES];
static atomic_uint mistakes; /* transactions of which it was learnt that they only read, and which then wrote */

static unsigned enough(void)
{
	unsigned times = atomic_load_explicit(&mistakes, memory_order_relaxed);

	return ENOUGH << (times < MISTAKES ? times : MISTAKES);
}

static uint32_t text_of(const struct read_site *site)
{
	return atomic_load_explicit(&site->text, memory_order_relaxed);
}

/* What would be lost if it were forgotten: above all, that it writes. */
static unsigned worth_of(const struct read_site *site)
{
	return atomic_load_explicit(&site->only_read, memory_order_relaxed) +
	       (atomic_load_explicit(&site->has_written, memory_order_relaxed) ? UCHAR_MAX : 0);
}

/* A new text takes the place of the one of two that is worth less. */
static struct read_site *replace(struct read_site *pair, uint32_t text)
{
	struct read_site *site = worth_of(&pair[0]) <= worth_of(&pair[1]) ? &pair[0] : &pair[1];

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
	struct read_site *pair = &sites[(hash ^ hash >> 12) % (SITES / 2) * 2];
	if (text_of(&pair[0]) == hash)
		return &pair[0];
	return text_of(&pair[1]) == hash ? &pair[1] : replace(pair, hash);
}

void read_site_only_read(struct read_site *site)
{
	unsigned char times = atomic_load_explicit(&site->only_read, memory_order_relaxed);

	if (times < enough())
		atomic_store_explicit(&site->only_read, times + 1, memory_order_relaxed);
	else
		atomic_store_explicit(&site->writes, false, memory_order_relaxed);
}

void read_site_wrote(struct read_site *site)
{
	if (read_site_is_learnt(site))
		atomic_fetch_add_explicit(&mistakes, 1, memory_order_relaxed);
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
	return !atomic_load_explicit(&site->has_written, memory_order_relaxed) &&
	       atomic_load_explicit(&site->only_read, memory_order_relaxed) >= enough();
}

unsigned read_site_stretch(const struct read_site *site)
{
	return 1u << atomic_load_explicit(&site->doublings, memory_order_relaxed);
}

bool read_site_writes(const struct read_site *site)
{
	return atomic_load_explicit(&site->writes, memory_order_relaxed);
}
