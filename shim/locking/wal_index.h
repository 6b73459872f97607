/* wal_index.h - what SQLite's mapping of the -shm says: sqlite.org/walformat.html. Numbers in the machine's own byte order. */
#ifndef SQLPROD_LOCKING_WAL_INDEX_H
#define SQLPROD_LOCKING_WAL_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAL_INDEX_FORMAT 3007000
#define WAL_HEADER_SIZE 32
#define WAL_FRAME_HEADER_SIZE 24
#define WAL_READ_MARKS 5
#define WAL_MARK_UNUSED UINT32_MAX
/* What SQLite maps of the -shm at once. */
#define WAL_INDEX_PAGE 32768

static inline uint32_t wal_index_get(const char *shm, size_t offset)
{
	return *(const volatile uint32_t *)(const volatile void *)(shm + offset);
}

/* How many frames of the -wal are committed. */
static inline uint32_t wal_index_frames(const char *shm)
{
	return wal_index_get(shm, 16);
}

static inline uint32_t wal_index_page_size(const char *shm)
{
	uint32_t size = *(const volatile uint16_t *)(const volatile void *)(shm + 14);

	/* 65536 does not fit, and is written as 1 */
	return (size & 0xfe00) + ((size & 1) << 16);
}

/* How long a -wal of so many frames is. */
static inline int64_t wal_index_size(const char *shm, uint32_t frames)
{
	return WAL_HEADER_SIZE + (int64_t)frames * (WAL_FRAME_HEADER_SIZE + wal_index_page_size(shm));
}

/* How many frames a checkpoint has copied into the database. */
static inline uint32_t wal_index_backfilled(const char *shm)
{
	return wal_index_get(shm, 96);
}

/* Does it copy, if one runs? As SQLite tells since 3.13; not in between, when it waits for readers. */
static inline bool wal_index_is_copied(const char *shm)
{
	return wal_index_backfilled(shm) < wal_index_get(shm, 128);
}

/* Up to which frame the readers with that lock read. */
static inline uint32_t wal_index_mark(const char *shm, unsigned reader)
{
	return wal_index_get(shm, 100 + 4 * (size_t)reader);
}

#endif
