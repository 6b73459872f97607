/* reserve_all.c - in order. */
#include "locking/reserve_all.h"

#include "locking/file_shim.h"
#include "locking/reserve.h"

/* SQLITE_MAX_ATTACHED is at most 125, plus main. */
#define FILES 126

struct files {
	const struct file_shim *first;
	struct file_shim *shims[FILES];
	unsigned count;
};

static bool comes_before(const struct file_shim *one, const struct file_shim *other)
{
	if (one->files.device != other->files.device)
		return one->files.device < other->files.device;
	return one->files.inode < other->files.inode;
}

/* Of the same connection, sorted. */
static void add(struct file_shim *shim, void *argument)
{
	struct files *files = argument;
	unsigned place = files->count;

	if (shim->db != files->first->db || files->count == FILES || shim->reservation.policy != READ_RESERVED ||
	    !shim->handoff.shm)
		return;
	for (; place > 0 && comes_before(shim, files->shims[place - 1]); place--)
		files->shims[place] = files->shims[place - 1];
	files->shims[place] = shim;
	files->count++;
}

static void reserve(struct file_shim *shim, const struct file_shim *first)
{
	struct reservation *reservation = &shim->reservation;

	if (shim == first) {
		reserve_file(shim);
		return;
	}
	if (reservation->state != RESERVATION_NONE || reservation->is_reading || reservation->is_ahead)
		return;
	reservation->site = first->reservation.site;
	reservation->site_reads = first->reservation.site_reads;
	shared_write_enter(shim);
	reserve_file(shim);
	reservation->is_ahead = true;
	shared_write_leave(shim);
}

void reserve_all(struct file_shim *shim)
{
	struct files files = {.first = shim};

	file_shim_each(add, &files);
	for (unsigned i = 0; i < files.count; i++)
		reserve(files.shims[i], shim);
}

static void give_back(struct file_shim *shim, void *argument)
{
	const struct file_shim *first = argument;

	if (shim->db != first->db || shim == first || !shim->reservation.is_ahead)
		return;
	shared_write_enter(shim);
	shim->reservation.is_ahead = false;
	shared_write_end(shim);
	reservation_give_back(shim);
	shared_write_leave(shim);
}

void reserve_all_end(struct file_shim *shim)
{
	file_shim_each(give_back, shim);
}
