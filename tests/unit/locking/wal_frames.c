/* wal_frames.c - unit tests of frames that are written at once, with a -wal that is made up. */
#include "locking/wal_frames.h"

#include "../check.h"
#include "locking/file_shim.h"
#include "locking/wal_index.h"

#include <string.h>

enum { PAGE = 4096, FRAME = WAL_FRAME_HEADER_SIZE + PAGE, LIMIT = 64 };

static struct file_shim shim;
static struct wal_frames *const frames = &shim.wal_methods.frames;
static sqlite3_file wal;
static char content[WAL_HEADER_SIZE + LIMIT * FRAME], wanted[sizeof(content)];
static unsigned writes, fails_at;

static int make_up_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
	check(file == &wal && offset + size <= (sqlite3_int64)sizeof(content), "it is the -wal that is written");
	if (++writes == fails_at)
		return SQLITE_FULL;
	memcpy(content + offset, data, (size_t)size);
	return SQLITE_OK;
}

static int make_up_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
	check(file == &wal && offset + size <= (sqlite3_int64)sizeof(content), "it is the -wal that is read");
	memcpy(data, content + offset, (size_t)size);
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {.iVersion = 3, .xRead = make_up_read, .xWrite = make_up_write};

static void start(void)
{
	wal_frames_end(frames);
	memset(content, 0, sizeof(content));
	memset(wanted, 0, sizeof(wanted));
	wal.pMethods = &methods;
	shim.wal_methods.original = &methods;
	shim.wal_methods.wal = &wal;
	writes = fails_at = 0;
	wal_frames_begin(frames);
}

static int write_part(const void *data, int size, sqlite3_int64 offset)
{
	memcpy(wanted + offset, data, (size_t)size);
	return wal_frames_write(&shim, data, size, offset);
}

static sqlite3_int64 place(unsigned frame)
{
	return WAL_HEADER_SIZE + (sqlite3_int64)frame * FRAME;
}

static int write_header(unsigned frame, bool commits)
{
	char header[WAL_FRAME_HEADER_SIZE] = {0, 0, 0, (char)(frame + 1), 0, 0, 0, commits};

	return write_part(header, sizeof(header), place(frame));
}

static int write_page(unsigned frame)
{
	char page[PAGE];

	memset(page, (int)frame + 1, sizeof(page));
	return write_part(page, sizeof(page), place(frame) + WAL_FRAME_HEADER_SIZE);
}

/* As SQLite does: the first code that is not SQLITE_OK. */
static int write_frame(unsigned frame, bool commits)
{
	int rc = write_header(frame, commits);

	return rc == SQLITE_OK ? write_page(frame) : rc;
}

static bool is_written(void)
{
	return memcmp(content, wanted, sizeof(content)) == 0;
}

static void test_commit(void)
{
	start();
	check(write_frame(0, false) == SQLITE_OK && write_frame(1, false) == SQLITE_OK && writes == 0, "frames are put off");
	check(write_header(2, true) == SQLITE_OK && writes == 0, "and the header of the one that commits");
	check(write_page(2) == SQLITE_OK && writes == 1 && is_written(), "with its page all are written by one call");
	check(write_frame(3, true) == SQLITE_OK && writes == 3 && is_written(), "what fills the sector up after it, at once");
	check(write_part("..", 2, place(4)) == SQLITE_OK && writes == 4 && is_written(), "in any size");
}

static void test_many(void)
{
	start();
	for (unsigned i = 0; i < LIMIT - 1; i++)
		check(write_frame(i, false) == SQLITE_OK, "a frame of many");
	check(writes == 4, "so many are written in few calls");
	check(write_frame(LIMIT - 1, true) == SQLITE_OK && writes == 5 && is_written(), "and none is missing");
}

/* The header of the frame that commits is the last that fits. */
static void test_full(void)
{
	enum { FIRST = WAL_FRAMES_SIZE - 3 * FRAME - WAL_FRAME_HEADER_SIZE };
	static char page[WAL_FRAMES_SIZE];

	start();
	memset(page, 7, sizeof(page));
	check(write_part(page, FIRST, place(0)) == SQLITE_OK && writes == 0, "the memory is nearly full");
	for (int i = 0; i < 3; i++)
		write_part(page, FRAME, place(0) + FIRST + i * FRAME);
	check(writes == 0, "… nearly");
	page[7] = 1;
	check(write_part(page, WAL_FRAME_HEADER_SIZE, place(0) + FIRST + 3 * FRAME) == SQLITE_OK && writes == 0, "a header fits");
	check(write_part(page, PAGE, place(0) + WAL_FRAMES_SIZE) == SQLITE_OK && writes == 2 && is_written(),
	      "its page does not, and is written all the same");
}

static void test_elsewhere(void)
{
	start();
	write_frame(0, false);
	write_frame(1, false);
	check(write_page(0) == SQLITE_OK && writes == 1, "a page that is written again goes after what was put off");
	check(wal_frames_flush(&shim) == SQLITE_OK && writes == 2 && is_written(), "and is there once the -wal is read");
	check(wal_frames_flush(&shim) == SQLITE_OK && writes == 2, "once");
	check(write_frame(2, true) == SQLITE_OK && writes == 3 && is_written(), "the frame that commits is written at once");
	start();
	write_frame(0, false);
	check(write_part("header", 6, 0) == SQLITE_OK && writes == 2 && is_written(), "the -wal's own header is never put off");
}

static void test_failure(void)
{
	start();
	fails_at = 1;
	check(write_frame(0, false) == SQLITE_OK && write_frame(1, true) == SQLITE_FULL,
	      "the error is that of the frame that commits");
	wal_frames_end(frames);
	wal_frames_begin(frames);
	check(write_frame(0, true) == SQLITE_OK && writes == 2, "the next transaction writes its own frame alone");
	start();
	fails_at = 1;
	write_frame(0, false);
	check(wal_frames_flush(&shim) == SQLITE_FULL && wal_frames_flush(&shim) == SQLITE_OK && writes == 2 && is_written(),
	      "what could not be written before a call that does not write is not lost");
	start();
	fails_at = 1;
	write_frame(1, false);
	check(write_page(0) == SQLITE_FULL && writes == 1, "or of a write elsewhere, which is not made");
}

static bool reads(int size, sqlite3_int64 offset)
{
	static char read[WAL_FRAMES_SIZE];

	return wal_frames_read(&shim, read, size, offset) == SQLITE_OK && memcmp(read, wanted + offset, (size_t)size) == 0;
}

static void test_read(void)
{
	start();
	write_frame(0, true);
	wal_frames_begin(frames);
	write_frame(1, false);
	write_frame(2, false);
	check(reads(PAGE, place(1) + WAL_FRAME_HEADER_SIZE) && reads(FRAME, place(2)) && writes == 1, "what is put off is read");
	check(reads(FRAME, place(0)) && writes == 1, "and what lies before it");
	check(reads(2 * FRAME, place(0)) && writes == 2 && is_written(), "what is put off in part is written first");
}

static void test_rollback(void)
{
	start();
	write_frame(0, false);
	wal_frames_end(frames);
	check(writes == 0 && !frames->copies, "what is rolled back is not written");
	check(write_frame(0, true) == SQLITE_OK && writes == 2 && is_written(), "without the write lock nothing is put off");
}

int main(void)
{
	test_commit();
	test_many();
	test_full();
	test_elsewhere();
	test_failure();
	test_read();
	test_rollback();
	return check_end();
}
