/* lock_owner.c - fcntl(F_GETLK), /proc/PID/comm and /proc/PID/stat. */
#include "locking/lock_owner.h"

#include "locking/fcntl_lock.h"
#include "locking/wal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the locks lie: sqlite.org/walformat.html for the -shm, SQLite's os.h for the database. */
#define SHM_WRITE 120
#define SHM_CHECKPOINT 121
#define SHM_READERS 123
#define SHM_SECOND 129 /* shared_write.h */
#define SHM_READERS_LENGTH 5
#define FILE_PENDING 0x40000000
#define FILE_SHARED (FILE_PENDING + 2)
#define FILE_SHARED_LENGTH 510

struct place {
	const char *name;
	bool in_shm, of_reader; /* a reader's lock keeps only the one from going on that writes */
	short type;             /* the lock that would be refused */
	off_t start, length;
};

enum { PLACE_CHECKPOINT = 2 };

static const struct place places[] = {
	{"the write lock", true, false, F_WRLCK, SHM_SECOND, 1},
	/* those who share it have only begun */
	{"the write lock", true, false, F_RDLCK, SHM_WRITE, 1},
	[PLACE_CHECKPOINT] = {"the checkpoint lock", true, false, F_WRLCK, SHM_CHECKPOINT, 1},
	{"a read lock", true, true, F_WRLCK, SHM_READERS, SHM_READERS_LENGTH},
	{"the write lock", false, false, F_WRLCK, FILE_PENDING, 2},
	{"the exclusive lock", false, false, F_RDLCK, FILE_SHARED, FILE_SHARED_LENGTH},
	{"a read lock", false, true, F_WRLCK, FILE_SHARED, FILE_SHARED_LENGTH},
};

/* Has another process a lock there? */
static bool ask(int fd, const struct place *place, pid_t *pid)
{
	struct flock lock;

	if (!fcntl_lock_find(fd, F_GETLK, place->type, place->start, place->length, &lock))
		return false;
	/* no number for a process of another pid namespace, a negative one for a lock of an open file or of another machine */
	*pid = lock.l_pid > 0 ? lock.l_pid : 0;
	return true;
}

struct lock_owner lock_owner_find(const struct wal_files *files, bool writes)
{
	struct lock_owner owner = {0};
	int shm_fd = files->shm_fd;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !owner.lock; i++) {
		const struct place *place = &places[i];
		int fd = place->in_shm ? shm_fd : files->fd;

		/* in WAL mode every connection holds SHARED for good */
		if (fd < 0 || (place->of_reader && !writes && shm_fd >= 0) || (place->of_reader && !place->in_shm && shm_fd >= 0))
			continue;
		if (ask(fd, place, &owner.pid))
			owner.lock = place->name;
	}
	return owner;
}

/* Is another open file kept from that lock on the -shm's byte of the write lock, by the process's own locks too? */
static bool is_another_kept(const struct wal_files *files, short type, struct flock *by)
{
	int saved = errno;
	bool found = fcntl_lock_find(files->shm_fd, F_OFD_GETLK, type, SHM_WRITE, 1, by);

	errno = saved;
	return found;
}

bool lock_owner_exists(const struct wal_files *files)
{
	struct flock lock;

	return is_another_kept(files, F_WRLCK, &lock);
}

bool lock_owner_checkpoints(const struct wal_files *files)
{
	int saved = errno;
	pid_t pid;
	bool found = files->shm_fd >= 0 && ask(files->shm_fd, &places[PLACE_CHECKPOINT], &pid);

	errno = saved;
	return found;
}

bool lock_owner_is_self(const struct wal_files *files)
{
	struct flock lock;

	return is_another_kept(files, F_RDLCK, &lock) && lock.l_type == F_WRLCK && lock.l_pid == getpid();
}

/* By system calls: open() would call our own hook. out is terminated. */
static void read_of(pid_t pid, const char *name, char *out, size_t size)
{
	char path[48];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		n = read(fd, out, size - 1);
		syscall(SYS_close, fd);
	}
	out[n < 0 ? 0 : n] = '\0';
}

/* "4711 (a name) T 1 …": proc(5). A name may have a parenthesis in it. */
bool lock_owner_is_stopped(pid_t pid)
{
	char stat[128];
	const char *end;

	read_of(pid, "stat", stat, sizeof(stat));
	end = strrchr(stat, ')');
	return end && end[1] == ' ' && (end[2] == 'T' || end[2] == 't');
}

void lock_owner_program(pid_t pid, char *out, size_t size)
{
	read_of(pid, "comm", out, size);
	out[strcspn(out, "\n")] = '\0';
}

void lock_owner_describe(pid_t pid, char *out, size_t size)
{
	char name[64];

	if (pid <= 0) {
		snprintf(out, size, "a process that is not visible from here");
		return;
	}
	lock_owner_program(pid, name, sizeof(name));
	if (*name)
		snprintf(out, size, "pid %d (%s%s)", (int)pid, name, lock_owner_is_stopped(pid) ? ", which is stopped" : "");
	else
		snprintf(out, size, "pid %d", (int)pid);
}
