/* victim_folders.c - what a victim does with folders: it lists one in each way that libc has, and then deletes, or moves, each file
 * that it was told of, as programs do that clear a folder. */
#include "victim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FILES = 16 };

static char files[MOST_FILES][NAME_MAX + 1];
static int count;

static void note(const char *name)
{
	if (name[0] != '.' && count < MOST_FILES)
		snprintf(files[count++], sizeof(files[0]), "%s", name);
}

static int note_walked(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	if (type == FTW_F)
		note(path + where->base);
	return 0;
}

static int note_named(const char *path, const struct stat *status, int type)
{
	(void)status;
	if (type == FTW_F)
		note(strrchr(path, '/') + 1);
	return 0;
}

static void list_tree(const char *folder)
{
	char name[PATH_MAX], *names[] = {name, NULL};
	FTS *tree;
	const FTSENT *entry;

	snprintf(name, sizeof(name), "%s", folder);
	tree = fts_open(names, FTS_PHYSICAL, NULL);
	while (tree && (entry = fts_read(tree)) != NULL)
		if (entry->fts_info == FTS_F)
			note(entry->fts_name);
	if (tree)
		fts_close(tree);
}

/* Of getdents64(2). */
struct entry {
	uint64_t inode, offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* glibc's headers have it since 2.30; musl's have it by another name. */
#ifdef __GLIBC__
ssize_t getdents64(int folder, void *entries, size_t size);
#endif

static void list_entries(const char *folder)
{
	_Alignas(uint64_t) char entries[4096];
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	ssize_t n, at;

	while ((n = getdents64(fd, (void *)entries, sizeof(entries))) > 0)
		for (at = 0; at < n; at += ((struct entry *)(entries + at))->length)
			note(((struct entry *)(entries + at))->name);
	close(fd);
}

static int compare(const void *one, const void *other)
{
	return strcmp(one, other);
}

static void list_opened(DIR *folder)
{
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL)
		note(entry->d_name);
	if (folder)
		closedir(folder);
}

static void list_scanned(const char *folder)
{
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, NULL, NULL);

	for (int i = 0; i < found; i++) {
		note(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void list_matching(const char *folder)
{
	char pattern[PATH_MAX];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*", folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		note(strrchr(found.gl_pathv[i], '/') + 1);
	globfree(&found);
}

/* Sorted, so that a database comes before its -shm and -wal. */
static void list(const char *how, const char *folder)
{
	count = 0;
	if (strcmp(how, "opendir") == 0)
		list_opened(opendir(folder));
	else if (strcmp(how, "fdopendir") == 0)
		list_opened(fdopendir(open(folder, O_RDONLY | O_DIRECTORY)));
	else if (strcmp(how, "scandir") == 0)
		list_scanned(folder);
	else if (strcmp(how, "nftw") == 0)
		nftw(folder, note_walked, 8, FTW_PHYS);
	else if (strcmp(how, "ftw") == 0)
		ftw(folder, note_named, 8);
	else if (strcmp(how, "fts") == 0)
		list_tree(folder);
	else if (strcmp(how, "getdents64") == 0)
		list_entries(folder);
	else if (strcmp(how, "glob") == 0)
		list_matching(folder);
	else
		victim_die("no way to list a folder", how);
	qsort(files, (size_t)count, sizeof(files[0]), compare);
}

static int carry(const char *from, const char *to, const char *name)
{
	char old[PATH_MAX], new[PATH_MAX];

	snprintf(old, sizeof(old), "%s/%s", from, name);
	if (!*to)
		return unlink(old);
	snprintf(new, sizeof(new), "%s/%s", to, name);
	if (access(new, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(old, new);
}

bool folders_run(const char *verb, char *rest)
{
	const char *how, *from;
	int failed = 0;

	if (strcmp(verb, "rmdir") == 0) {
		victim_say(verb, rmdir(rest), "");
		return true;
	}
	if (strcmp(verb, "list") != 0 && strcmp(verb, "clear") != 0)
		return false;
	how = victim_word(&rest);
	from = victim_word(&rest);
	list(how, from);
	for (int i = 0; i < count; i++)
		if (strcmp(verb, "list") == 0)
			printf("%s\n", files[i]);
		else if (carry(from, rest, files[i]) != 0)
			failed++;
	printf("%s %d\n", verb, failed);
	return true;
}
