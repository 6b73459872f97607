/* record.h - what reached the disk, in its order. */
#ifndef SQLPROD_TESTS_DURABILITY_RECORD_H
#define SQLPROD_TESTS_DURABILITY_RECORD_H

#include <stdatomic.h>
#include <stdint.h>

#define RECORD_SIZE (UINT64_C(1) << 30)

enum record_kind {
	RECORD_NONE,
	RECORD_WRITTEN,   /* size bytes at offset; recorded when the call has returned */
	RECORD_TRUNCATED, /* to offset */
	RECORD_DELETED,
	RECORD_SYNC_BEGAN,
	RECORD_SYNC_ENDED,   /* offset: where its begin is recorded */
	RECORD_SYNC_FAILED,  /* the same */
	RECORD_ACKNOWLEDGED, /* offset: the worker, and in the lower half its commit; 0 is the begin of the run */
};

enum record_file { RECORD_DATABASE, RECORD_WAL, RECORD_OTHER };

struct record_entry {
	_Atomic uint32_t kind;
	uint32_t file;
	uint32_t room; /* to the next entry */
	uint32_t size;
	uint64_t offset;
	unsigned char data[];
};

struct record {
	_Atomic uint64_t used;
	atomic_flag lock; /* of the next two */
	unsigned syncs, failures;
	_Alignas(8) unsigned char entries[];
};

#endif
