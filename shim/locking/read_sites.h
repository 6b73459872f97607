/* read_sites.h - learns which transactions only ever read.
 *
 * A transaction is known by the text of its first statement. One that has only read so far, several times, needs no reservation,
 * and so runs beside others like it; the first that writes ends that for good. It may have failed over that, as others wrote
 * meanwhile, so each such case makes the process believe later, of all texts. For the process, in a table of fixed size without
 * locks: a text may be forgotten for others that fall on its place. */
#ifndef SQLPROD_LOCKING_READ_SITES_H
#define SQLPROD_LOCKING_READ_SITES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct read_site {
	_Atomic uint32_t text;   /* its hash */
	atomic_uchar only_read;  /* so many times in a row */
	atomic_bool writes;      /* one has written, and not so many have only read since */
	atomic_bool has_written; /* … ever */
	atomic_uchar doublings;  /* of the length of its reservations */
};

/* The place of the transaction whose first statement has this text. */
struct read_site *read_site_find(const char *sql);

/* A transaction of the site ended and had only read; wrote; wanted to write when its reservation had lapsed. */
void read_site_only_read(struct read_site *site);
void read_site_wrote(struct read_site *site);
void read_site_lapsed(struct read_site *site);

/* Does it need no reservation? */
bool read_site_is_learnt(const struct read_site *site);

/* Is the next one likely to write? */
bool read_site_writes(const struct read_site *site);

/* How many times as long as usual are its reservations to last? */
unsigned read_site_stretch(const struct read_site *site);

#endif
