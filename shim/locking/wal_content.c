/* wal_content.c - compares the -wal's frames with the database's pages. */
#include "locking/wal_content.h"

#include "base/glibc.h"
#include "locking/file_shim.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* sqlite.org/fileformat.html: "The Database Header", "The WAL File Format" */
#define PAGE_SIZE_IN_DATABASE 16
#define READ_VERSION 19
#define VERSION_ROLLBACK 1
#define VERSION_WAL 2
#define CHANGE_COUNTER 24
#define LOCK_BYTE 0x40000000
#define DATABASE_HEADER 28 /* as much of it as is read */
#define WAL_HEADER 32
#define FRAME_HEADER 24
#define MAGIC_LITTLE 0x377f0682 /* its words for checksums are little-endian */
#define MAGIC_BIG 0x377f0683
#define PAGE_SIZE_IN_WAL 8
#define SALT_IN_WAL 16
#define CHECKSUM_IN_WAL 24
#define COMMIT_SIZE_IN_FRAME 4
#define SALT_IN_FRAME 8
#define CHECKSUM_IN_FRAME 16

static const char magic[16] = "SQLite format 3";

static uint32_t number_at(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t little_number_at(const unsigned char *bytes)
{
	return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* The frames of a -wal, one after the other. */
struct wal_reader {
	int fd;
	off_t at;
	uint32_t size; /* of a page */
	bool big;
	uint32_t sum[2];
	unsigned char header[WAL_HEADER];
	unsigned char *frame, *page; /* the page is room for one of the database's */
};

static void add_to_sum(struct wal_reader *wal, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 8) {
		wal->sum[0] += (wal->big ? number_at(bytes + i) : little_number_at(bytes + i)) + wal->sum[1];
		wal->sum[1] += (wal->big ? number_at(bytes + i + 4) : little_number_at(bytes + i + 4)) + wal->sum[0];
	}
}

static bool sum_is(const struct wal_reader *wal, const unsigned char *bytes)
{
	return number_at(bytes) == wal->sum[0] && number_at(bytes + 4) == wal->sum[1];
}

static void wal_close(struct wal_reader *wal)
{
	if (wal->fd >= 0)
		close(wal->fd);
	free(wal->frame);
}

/* Goes back to the first frame. False if the header is not one that SQLite takes. */
static bool wal_rewind(struct wal_reader *wal)
{
	wal->at = WAL_HEADER;
	wal->sum[0] = wal->sum[1] = 0;
	add_to_sum(wal, wal->header, CHECKSUM_IN_WAL);
	return sum_is(wal, wal->header + CHECKSUM_IN_WAL);
}

/* False if there is nothing in it that SQLite would replay, or memory is out. To be closed in any case. */
static bool wal_open(struct wal_reader *wal, const char *path)
{
	char *name = wal_files_join(path, "-wal");
	uint32_t number;

	memset(wal, 0, sizeof(*wal));
	/* no lock is ever taken on a -wal, so none is lost by closing it */
	wal->fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	free(name);
	if (wal->fd < 0 || pread(wal->fd, wal->header, WAL_HEADER, 0) != WAL_HEADER)
		return false;
	number = number_at(wal->header);
	wal->big = number == MAGIC_BIG;
	wal->size = number_at(wal->header + PAGE_SIZE_IN_WAL);
	if ((number != MAGIC_LITTLE && number != MAGIC_BIG) || wal->size < 512 || wal->size > 65536 ||
	    (wal->size & (wal->size - 1)))
		return false;
	wal->frame = malloc(FRAME_HEADER + 2 * (size_t)wal->size);
	if (!wal->frame)
		return false;
	wal->page = wal->frame + FRAME_HEADER + wal->size;
	return wal_rewind(wal);
}

/* False behind the last valid one. */
static bool wal_next(struct wal_reader *wal)
{
	size_t size = FRAME_HEADER + (size_t)wal->size;

	if (pread(wal->fd, wal->frame, size, wal->at) != (ssize_t)size ||
	    memcmp(wal->frame + SALT_IN_FRAME, wal->header + SALT_IN_WAL, 8) != 0)
		return false;
	add_to_sum(wal, wal->frame, SALT_IN_FRAME);
	add_to_sum(wal, wal->frame + FRAME_HEADER, wal->size);
	wal->at += (off_t)size;
	return sum_is(wal, wal->frame + CHECKSUM_IN_FRAME);
}

/* What is known of the transactions in it that are whole. */
struct wal_facts {
	off_t end;           /* of the last one; 0 if there is none */
	uint32_t frames;     /* up to there */
	uint32_t pages;      /* of the database after it */
	bool has_page_1;     /* a copy of page 1 is there */
	uint32_t counter;    /* … and the first one has this change counter */
	bool meets_counter;  /* … and one has the database's */
	bool has_equal_page; /* a page is in both, with the same content */
};

/* Of one frame; a transaction's frames count once it is whole. */
static void see_frame(struct wal_reader *wal, sqlite3_file *file, uint32_t counter, struct wal_facts *facts)
{
	const unsigned char *content = wal->frame + FRAME_HEADER;
	uint32_t page = number_at(wal->frame);

	facts->frames++;
	if (page == 1) {
		if (!facts->has_page_1)
			facts->counter = number_at(content + CHANGE_COUNTER);
		facts->has_page_1 = true;
		facts->meets_counter |= number_at(content + CHANGE_COUNTER) == counter;
	}
	facts->has_equal_page =
		facts->has_equal_page ||
		(file->pMethods->xRead(file, wal->page, (int)wal->size, ((sqlite3_int64)page - 1) * wal->size) == SQLITE_OK &&
		 memcmp(wal->page, content, wal->size) == 0);
}

static struct wal_facts read_facts(struct wal_reader *wal, sqlite3_file *file, uint32_t counter)
{
	struct wal_facts facts = {0}, whole = {0};

	while (wal_next(wal)) {
		see_frame(wal, file, counter, &facts);
		facts.pages = number_at(wal->frame + COMMIT_SIZE_IN_FRAME);
		if (facts.pages) {
			facts.end = wal->at;
			whole = facts;
		}
	}
	return whole;
}

/* A page of 64 KiB has the size 1 there. */
static uint32_t page_size_of(const unsigned char *header)
{
	uint32_t size = (uint32_t)header[PAGE_SIZE_IN_DATABASE] << 8 | header[PAGE_SIZE_IN_DATABASE + 1];

	return size == 1 ? 65536 : size;
}

/* Whoever writes page 1 into a -wal takes the change counter that the database had when he read it, and adds 1; he may write it
 * with the same counter again, also into the next -wal. What a checkpoint copies is one of the -wal's own pages. So the database
 * has the counter of one of these pages, or the one before the first. */
static bool counters_fit(const struct wal_facts *facts, uint32_t counter)
{
	return !facts->has_page_1 || facts->meets_counter || counter + 1 == facts->counter;
}

/* Are all pages that the file does not have in the -wal? SQLite writes each page that it adds, but for the one that its locks lie
 * on: sqlite.org/fileformat.html#the_lock_byte_page */
static bool has_pages_after(struct wal_reader *wal, const struct wal_facts *facts, uint32_t first)
{
	uint32_t without = LOCK_BYTE / wal->size + 1, missing = facts->pages - first, page;
	bool *seen;

	if (missing > facts->frames + 1)
		return false;
	seen = calloc(missing, sizeof(*seen));
	if (!seen || !wal_rewind(wal)) {
		free(seen);
		return true;
	}
	missing -= without > first && without <= facts->pages;
	while (wal->at < facts->end && wal_next(wal)) {
		page = number_at(wal->frame);
		if (page > first && page <= facts->pages && page != without && !seen[page - first - 1]) {
			seen[page - first - 1] = true;
			missing--;
		}
	}
	free(seen);
	return missing == 0;
}

static bool pages_fit(struct wal_reader *wal, sqlite3_file *file, const struct wal_facts *facts)
{
	sqlite3_int64 size;

	return file->pMethods->xFileSize(file, &size) != SQLITE_OK || facts->pages <= size / wal->size ||
	       has_pages_after(wal, facts, (uint32_t)(size / wal->size));
}

/* The database was written after its -wal. */
static enum wal_content compare(const char *path, sqlite3_file *file, const unsigned char *header)
{
	uint32_t counter = number_at(header + CHANGE_COUNTER);
	enum wal_content content = WAL_CONTENT_OWN;
	struct wal_reader wal;
	struct wal_facts facts;

	if (wal_open(&wal, path)) {
		facts = read_facts(&wal, file, counter);
		if (facts.end == 0)
			content = WAL_CONTENT_OWN;
		else if (wal.size != page_size_of(header) || !counters_fit(&facts, counter))
			content = WAL_CONTENT_FOREIGN;
		else if (!facts.has_equal_page)
			content = pages_fit(&wal, file, &facts) ? WAL_CONTENT_DOUBTFUL : WAL_CONTENT_FOREIGN;
	}
	wal_close(&wal);
	return content;
}

/* What the header says: 2 for WAL; 0 if it cannot be read. */
static int read_header(const struct file_shim *shim, sqlite3_file *file, unsigned char *header)
{
	if (shim->original->xRead(file, header, DATABASE_HEADER, 0) != SQLITE_OK || memcmp(header, magic, sizeof(magic)) != 0)
		return 0;
	return header[READ_VERSION];
}

bool wal_content_says_wal(const struct file_shim *shim, sqlite3_file *file)
{
	unsigned char header[DATABASE_HEADER];

	return read_header(shim, file, header) == VERSION_WAL;
}

/* The header says WAL before there is a -wal, and until it is gone. */
static bool is_suspect(const struct file_shim *shim, int version, const struct stat *wal)
{
	struct stat database;

	return version == VERSION_ROLLBACK || (version == VERSION_WAL && glibc_fstat(shim->files.fd, &database) == 0 &&
					       wal_files_time_is_after(&database.st_ctim, &wal->st_mtim));
}

bool wal_content_is_suspect(const struct file_shim *shim, sqlite3_file *file, const struct stat *wal)
{
	unsigned char header[DATABASE_HEADER];

	return is_suspect(shim, read_header(shim, file, header), wal);
}

/* Was the -wal written after the file? SQLite uses a -wal that is there, whatever the header says. It sets the header back within
 * the -wal, and goes on with that, if another connection opens it while the first one leaves WAL. */
static bool is_newer(const struct file_shim *shim, const struct stat *wal)
{
	struct stat database;

	return glibc_fstat(shim->files.fd, &database) == 0 && wal_files_time_is_after(&wal->st_mtim, &database.st_ctim);
}

/* What is left to tell a doubtful one by: by what was the database changed? chown -R, as a container does when it starts, changes
 * both files; who restores a database leaves the -wal as it was. */
static enum wal_content judge_times(const struct file_shim *shim, const struct stat *wal)
{
	struct stat database;

	if (glibc_fstat(shim->files.fd, &database) != 0 || wal_files_time_is_after(&database.st_mtim, &wal->st_mtim))
		return WAL_CONTENT_DOUBTFUL;
	return wal_files_time_is_after(&wal->st_ctim, &wal->st_mtim) ? WAL_CONTENT_OWN : WAL_CONTENT_TOUCHED;
}

enum wal_content wal_content_look(struct file_shim *shim, sqlite3_file *file, const struct stat *wal)
{
	unsigned char header[DATABASE_HEADER];
	int version = read_header(shim, file, header);
	enum wal_content content;

	if (!is_suspect(shim, version, wal))
		return WAL_CONTENT_OWN;
	if (version == VERSION_WAL) {
		content = compare(shim->files.path, file, header);
		return content == WAL_CONTENT_DOUBTFUL ? judge_times(shim, wal) : content;
	}
	return is_newer(shim, wal) && compare(shim->files.path, file, header) != WAL_CONTENT_FOREIGN ? WAL_CONTENT_OWN
												     : WAL_CONTENT_OTHER_MODE;
}
