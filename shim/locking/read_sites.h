/* read_sites.h - learns which transactions only ever read.
 *
 * A transaction is known by the text of its first statement. One that has only read so far, several times, needs no reservation,
 * and so runs beside others like it; the first that writes ends that for good. It may have failed over that, as others wrote
 * meanwhile, so each such case makes the process believe later, of all texts. One that reads on after its reservation has lapsed
 * tells that at once: a reservation would serve the next one like it as little.
 *
 * Learnt by a process and the children that it forks, in a table of fixed size without locks, in memory that they share: a text may
 * be forgotten for others that fall on its place. A child may be hostile; so what stands there is taken for a hint, in bounds. */
#ifndef SQLPROD_LOCKING_READ_SITES_H
#define SQLPROD_LOCKING_READ_SITES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct read_site {
	_Atomic uint32_t text;     /* its hash */
	_Atomic uint32_t reserved; /* the word of the last reservation of one that has not ended, nor written; 0 for none */
	atomic_uchar only_read;    /* so many times in a row */
	atomic_bool writes;        /* one has written, and not so many have only read since */
	atomic_bool has_written;   /* … ever */
	atomic_uchar doublings;    /* of the length of its reservations */
};

/* Makes the table, if there is none: children forked from now on share it. */
void read_sites_prepare(void);

/* The place of the transaction whose first statement has this text; NULL if there is no table. */
struct read_site *read_site_find(const char *sql);

/* A transaction of the site has reserved; it ended and had only read, for longer than its reservation lasted or not, or not even
 * that; wrote; wanted to write when its reservation had lapsed. */
void read_site_reserved(struct read_site *site, uint32_t word);
void read_site_only_read(struct read_site *site, uint32_t word, bool outlasted);
void read_site_failed(struct read_site *site, uint32_t word);
void read_site_wrote(struct read_site *site);
void read_site_lapsed(struct read_site *site);

/* One of a process that does not share the table has written. */
static inline void read_site_others_write(struct read_site *site)
{
	atomic_store_explicit(&site->has_written, true, memory_order_relaxed);
}

/* Has one ever written, of this process and those that share its table? */
static inline bool read_site_has_written(const struct read_site *site)
{
	return atomic_load_explicit(&site->has_written, memory_order_relaxed);
}

/* Does it need no reservation? */
bool read_site_is_learnt(const struct read_site *site);

/* The word of a reservation of one that has not written yet, to see whether that has lapsed; 0 for none, or if others have. */
uint32_t read_site_reads(const struct read_site *site);

/* How many halves of a reservation's length is the next one to wait for its own? None have written so far. */
unsigned read_site_halvings(const struct read_site *site);

/* Is the next one likely to write? */
bool read_site_writes(const struct read_site *site);

/* How many times as long as usual are its reservations to last? */
unsigned read_site_stretch(const struct read_site *site);

#endif
