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
#define READ_VERSION 19
#define VERSION_ROLLBACK 1
#define VERSION_WAL 2
#define WAL_HEADER 32
#define FRAME_HEADER 24
#define PAGE_SIZE_AT 8
#define SALT_AT 16
#define FRAME_SALT_AT 8

/* How many frames are compared. A checkpoint that was the last to write copies at least one page. */
#define FRAME_MOST 4096

static const char magic[16] = "SQLite format 3";

static uint32_t number_at(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Is one of the frames what the database has at its page? True also where that cannot be told. */
static bool have_page(int fd, sqlite3_file *file, unsigned char *frame, unsigned char *page, const unsigned char *header, int size)
{
	off_t at = WAL_HEADER;

	for (int i = 0; i < FRAME_MOST; i++, at += FRAME_HEADER + size) {
		if (pread(fd, frame, FRAME_HEADER + (size_t)size, at) != FRAME_HEADER + size ||
		    memcmp(frame + FRAME_SALT_AT, header + SALT_AT, 8) != 0)
			return i == 0;
		if (file->pMethods->xRead(file, page, size, ((sqlite3_int64)number_at(frame) - 1) * size) == SQLITE_OK &&
		    memcmp(page, frame + FRAME_HEADER, (size_t)size) == 0)
			return true;
	}
	return true;
}

static bool was_copied_from(const char *path, sqlite3_file *file)
{
	char *name = wal_files_join(path, "-wal");
	unsigned char header[WAL_HEADER], *buffer = NULL;
	uint32_t size;
	bool same = true;
	/* no lock is ever taken on a -wal, so none is lost by closing it */
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;

	free(name);
	if (fd < 0)
		return true;
	if (pread(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header)) {
		size = number_at(header + PAGE_SIZE_AT);
		if (size >= 512 && size <= 65536)
			buffer = malloc(FRAME_HEADER + 2 * (size_t)size);
		if (buffer)
			same = have_page(fd, file, buffer, buffer + FRAME_HEADER + size, header, (int)size);
		free(buffer);
	}
	close(fd);
	return same;
}

static bool is_after(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec > other->tv_sec || (one->tv_sec == other->tv_sec && one->tv_nsec > other->tv_nsec);
}

/* What the header says: 2 for WAL; 0 if it cannot be read. */
static int version_of(const struct file_shim *shim, sqlite3_file *file)
{
	unsigned char header[READ_VERSION + 1];

	if (shim->original->xRead(file, header, sizeof(header), 0) != SQLITE_OK || memcmp(header, magic, sizeof(magic)) != 0)
		return 0;
	return header[READ_VERSION];
}

bool wal_content_says_wal(const struct file_shim *shim, sqlite3_file *file)
{
	return version_of(shim, file) == VERSION_WAL;
}

enum wal_content wal_content_look(struct file_shim *shim, sqlite3_file *file, const struct stat *wal)
{
	int version = version_of(shim, file);
	struct stat database;

	/* The header says WAL before there is a -wal, and until it is gone. */
	if (version == VERSION_ROLLBACK)
		return WAL_CONTENT_FOREIGN;
	if (version == VERSION_WAL && glibc_fstat(shim->files.fd, &database) == 0 && is_after(&database.st_ctim, &wal->st_mtim) &&
	    !was_copied_from(shim->files.path, file))
		return WAL_CONTENT_DOUBTFUL;
	return WAL_CONTENT_OWN;
}
