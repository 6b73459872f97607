/* holders.c - reads /proc/locks and the descriptors of processes. */
#include "locking/holders.h"

#include "base/glibc.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static DIR *open_descriptors(pid_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/%d/fd", (int)pid);
	return opendir(name);
}

/* Has it the file open? Unknown where we may not look, or it is gone. */
static enum holders holder_look(pid_t pid, dev_t device, ino_t inode)
{
	enum holders found = HOLDERS_WITHOUT;
	DIR *folder = open_descriptors(pid);
	struct dirent *entry;
	struct stat status;

	if (!folder)
		return HOLDERS_UNKNOWN;
	while (found == HOLDERS_WITHOUT && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		if (glibc_fstatat(dirfd(folder), entry->d_name, &status, 0) != 0)
			found = HOLDERS_UNKNOWN;
		else if (status.st_ino == inode && status.st_dev == device)
			found = HOLDERS_WITH;
	}
	closedir(folder);
	return found;
}

/* The number at *at, in that base; *at becomes the place behind it. Not by sscanf(), which new glibcs have by another name. */
static unsigned long long read_number(const char **at, unsigned base)
{
	unsigned long long number = 0;
	unsigned digit;

	while (**at == ' ' || **at == ':')
		++*at;
	for (; (digit = (unsigned char)**at - '0') <= 9 || (digit = (**at | 0x20) - 'a' + 10u) < base; ++*at) {
		if (digit >= base)
			break;
		number = number * base + digit;
	}
	return number;
}

/* "1: POSIX  ADVISORY  READ  1234 fd:01:9978049 128 128": proc_locks(5). A lock of an open file has no process: -1, here 0. One
 * that is waited for has another word in front. */
static bool line_names(const char *line, dev_t device, ino_t inode, off_t byte, pid_t *pid)
{
	const char *at = strstr(line, "READ ") ? strstr(line, "READ ") + 5 : NULL;
	unsigned major_number, minor_number;
	unsigned long long found, first;

	if (!at)
		return false;
	*pid = (pid_t)read_number(&at, 10);
	if (*pid == 0)
		at += strspn(at, "-1");
	major_number = (unsigned)read_number(&at, 16);
	minor_number = (unsigned)read_number(&at, 16);
	found = read_number(&at, 10);
	first = read_number(&at, 10);
	return found == inode && major_number == major(device) && minor_number == minor(device) &&
	       first == (unsigned long long)byte;
}

enum holders holders_find(dev_t device, ino_t locked, off_t byte, ino_t other, pid_t *one)
{
	enum holders found = HOLDERS_UNKNOWN, look;
	FILE *locks = fopen("/proc/locks", "re");
	unsigned processes = 0, files = 0;
	char line[128];
	pid_t pid;

	while (locks && fgets(line, sizeof(line), locks)) {
		if (!line_names(line, device, locked, byte, &pid) || pid == getpid())
			continue;
		/* of an open file: kept_locks.h */
		if (pid == 0 && strstr(line, "OFDLCK")) {
			files++;
			continue;
		}
		processes++;
		look = pid > 0 ? holder_look(pid, device, other) : HOLDERS_UNKNOWN;
		*one = pid;
		found = look;
		if (look != HOLDERS_WITHOUT)
			break;
	}
	if (locks)
		fclose(locks);
	return found == HOLDERS_WITHOUT && files > processes ? HOLDERS_UNKNOWN : found;
}

/* The database's name, to be freed, if this descriptor is a -shm whose database is not where its name says; else NULL. */
static char *name_without_database(int folder, const char *entry, pid_t pid)
{
	char *name = malloc(PATH_MAX);
	ssize_t length = name ? readlinkat(folder, entry, name, PATH_MAX - 1) : -1;
	struct stat database;

	if (length > 4 && memcmp(name + length - 4, "-shm", 4) == 0) {
		name[length - 4] = '\0';
		if (glibc_stat(name, &database) != 0 || holder_look(pid, database.st_dev, database.st_ino) == HOLDERS_WITHOUT)
			return name;
	}
	free(name);
	return NULL;
}

char *holders_find_old_name(pid_t pid, dev_t device, ino_t inode)
{
	char *found = NULL, *name;
	struct dirent *entry;
	DIR *folder = NULL;

	if (holder_look(pid, device, inode) == HOLDERS_WITH)
		folder = open_descriptors(pid);
	while (folder && (entry = readdir(folder))) {
		name = name_without_database(dirfd(folder), entry->d_name, pid);
		if (name && found && strcmp(name, found) != 0) {
			free(name);
			free(found);
			found = NULL;
			break;
		}
		if (!name)
			continue;
		free(found);
		found = name;
	}
	if (folder)
		closedir(folder);
	return found;
}

/* Is this descriptor a -wal, and not that of another database? One whose database is not there may be any. */
static bool may_be_wal(int folder, const char *entry, dev_t device, ino_t inode)
{
	static const char deleted[] = " (deleted)";
	char *name = malloc(PATH_MAX);
	ssize_t length = name ? readlinkat(folder, entry, name, PATH_MAX - 1) : -1, end = length - (ssize_t)strlen(deleted);
	struct stat database;
	bool may = !name;

	if (end > 0 && memcmp(name + end, deleted, strlen(deleted)) == 0)
		length = end;
	if (length > 4 && memcmp(name + length - 4, "-wal", 4) == 0) {
		name[length - 4] = '\0';
		may = glibc_stat(name, &database) != 0 || (database.st_ino == inode && database.st_dev == device);
	}
	free(name);
	return may;
}

enum holders holders_find_wal(pid_t pid, dev_t device, ino_t inode)
{
	enum holders found = HOLDERS_WITHOUT;
	DIR *folder = open_descriptors(pid);
	struct dirent *entry;

	if (!folder)
		return HOLDERS_UNKNOWN;
	while (found == HOLDERS_WITHOUT && (entry = readdir(folder)))
		if (may_be_wal(dirfd(folder), entry->d_name, device, inode))
			found = HOLDERS_WITH;
	closedir(folder);
	return found;
}
