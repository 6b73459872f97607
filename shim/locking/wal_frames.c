/* wal_frames.c - the frames of a transaction, until the one that commits. */
#include "locking/wal_frames.h"

#include "locking/file_shim.h"
#include "locking/wal_index.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The size of the database in pages, in the header of a frame that commits; 0 in all others. */
#define COMMIT_SIZE 4

/* The memory of the last transaction that has ended, for the next one: there is one writer to a database. */
static char *_Atomic spare;

static bool allocate(struct wal_frames *frames)
{
	if (!frames->copies)
		frames->copies = atomic_exchange(&spare, (char *)NULL);
	if (!frames->copies)
		frames->copies = malloc(WAL_FRAMES_SIZE);
	return frames->copies;
}

void wal_frames_begin(struct wal_frames *frames)
{
	frames->state = FRAMES_GATHERED;
	frames->size = 0;
}

void wal_frames_end(struct wal_frames *frames)
{
	frames->state = FRAMES_AT_ONCE;
	frames->size = 0;
	if (frames->copies)
		free(atomic_exchange(&spare, frames->copies));
	frames->copies = NULL;
}

int wal_frames_flush(struct file_shim *shim)
{
	struct wal_methods *methods = &shim->wal_methods;
	struct wal_frames *frames = &methods->frames;
	int rc = SQLITE_OK;

	if (frames->size > 0)
		rc = methods->original->xWrite(methods->wal, frames->copies, frames->size, frames->at);
	if (rc == SQLITE_OK)
		frames->size = 0;
	return rc;
}

int wal_frames_read(struct file_shim *shim, void *data, int size, sqlite3_int64 offset)
{
	struct wal_methods *methods = &shim->wal_methods;
	const struct wal_frames *frames = &methods->frames;
	sqlite3_int64 end = frames->at + frames->size;
	int rc = SQLITE_OK;

	if (frames->size > 0 && offset >= frames->at && offset + size <= end) {
		memcpy(data, frames->copies + (offset - frames->at), (size_t)size);
		return SQLITE_OK;
	}
	if (frames->size > 0 && offset < end && offset + size > frames->at)
		rc = wal_frames_flush(shim);
	return rc == SQLITE_OK ? methods->original->xRead(methods->wal, data, size, offset) : rc;
}

/* SQLite writes headers of frames whole until it has written that one: it splits what it writes where it is to sync, which is
 * behind it (src/wal.c). */
static bool is_commit(const void *data, int size)
{
	static const char none[4];

	return size == WAL_FRAME_HEADER_SIZE && memcmp((const char *)data + COMMIT_SIZE, none, sizeof(none)) != 0;
}

static bool follows(const struct wal_frames *frames, int size, sqlite3_int64 offset)
{
	return frames->size == 0 || (offset == frames->at + frames->size && size <= WAL_FRAMES_SIZE - frames->size);
}

static void add(struct wal_frames *frames, const void *data, int size, sqlite3_int64 offset)
{
	if (frames->size == 0)
		frames->at = offset;
	memcpy(frames->copies + frames->size, data, (size_t)size);
	frames->size += size;
}

int wal_frames_write(struct file_shim *shim, const void *data, int size, sqlite3_int64 offset)
{
	struct wal_methods *methods = &shim->wal_methods;
	struct wal_frames *frames = &methods->frames;
	bool is_put_off =
		frames->state != FRAMES_AT_ONCE && offset >= WAL_HEADER_SIZE && size <= WAL_FRAMES_SIZE && allocate(frames);
	bool commits = frames->state == FRAMES_COMMIT;
	int rc = is_put_off && follows(frames, size, offset) ? SQLITE_OK : wal_frames_flush(shim);

	if (rc != SQLITE_OK)
		return rc;
	if (!is_put_off)
		return methods->original->xWrite(methods->wal, data, size, offset);
	add(frames, data, size, offset);
	if (!commits) {
		frames->state = is_commit(data, size) ? FRAMES_COMMIT : FRAMES_GATHERED;
		return SQLITE_OK;
	}
	frames->state = FRAMES_AT_ONCE;
	return wal_frames_flush(shim);
}
