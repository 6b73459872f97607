/* read_sites.c - the table. */
#include "locking/read_sites.h"

#include <stddef.h>
#include <stdint.h>

#define SITES 4096
#define ENOUGH 5
/* Eight times as long. */
#define DOUBLINGS 3

static struct read_site sites[SITES];

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
struct read_site *read_site_find(const char *sql)
{
	uint32_t hash = 2166136261u;

	for (; *sql; sql++)
		hash = (hash ^ (unsigned char)*sql) * 16777619u;
	return &sites[(hash ^ hash >> 12) % SITES];
}

void read_site_only_read(struct read_site *site)
{
	unsigned char times = atomic_load_explicit(&site->only_read, memory_order_relaxed);

	if (times < ENOUGH)
		atomic_store_explicit(&site->only_read, times + 1, memory_order_relaxed);
	else
		atomic_store_explicit(&site->writes, false, memory_order_relaxed);
}

void read_site_wrote(struct read_site *site)
{
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
	return atomic_load_explicit(&site->only_read, memory_order_relaxed) >= ENOUGH;
}

unsigned read_site_stretch(const struct read_site *site)
{
	return 1u << atomic_load_explicit(&site->doublings, memory_order_relaxed);
}

bool read_site_writes(const struct read_site *site)
{
	return atomic_load_explicit(&site->writes, memory_order_relaxed);
}
