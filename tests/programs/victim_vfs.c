/* victim_vfs.c - VFSes of the victim's own, in front of SQLite's: one knows its files by their methods, one has them under other
 * names than SQLite knows. */
#include "victim.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static sqlite3_vfs *real;
static const sqlite3_io_methods *opened_with; /* of the last main database */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int rc = real->xOpen(real, name, file, flags, out);

	(void)vfs;
	if (flags & SQLITE_OPEN_MAIN_DB)
		opened_with = file->pMethods;
	return rc;
}

static void call_vfs(const char *name)
{
	static sqlite3_vfs own;
	static char kept[NAME_SIZE];

	real = sqlite3_vfs_find(NULL);
	own = *real;
	snprintf(kept, sizeof(kept), "%s", name);
	own.zName = kept;
	own.xOpen = vfs_open;
	victim_say("vfs", sqlite3_vfs_register(&own, 0), "");
}

/* What it calls /nowhere/NAME is NAME in the working folder. */
static const char *real_name(const char *name)
{
	static const char folder[] = "/nowhere/";

	return name && strncmp(name, folder, strlen(folder)) == 0 ? name + strlen(folder) : name;
}

/* The real one wants a path from the root, which stays where it is while the file is open. */
static const char *from_root(const char *name)
{
	static char paths[16][4096];
	static unsigned count;
	char path[4096], folder[2048];

	if (!name || *name == '/' || !getcwd(folder, sizeof(folder)))
		return name;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(paths[i], path) == 0)
			return paths[i];
	return count < 16 ? strcpy(paths[count++], path) : name;
}

static int elsewhere_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	(void)vfs;
	return real->xOpen(real, from_root(real_name(name)), file, flags, out);
}

static int elsewhere_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	return real->xDelete(real, real_name(name), sync);
}

static int elsewhere_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	return real->xAccess(real, real_name(name), flags, out);
}

static int elsewhere_path(sqlite3_vfs *vfs, const char *name, int size, char *path)
{
	(void)vfs;
	snprintf(path, (size_t)size, "%s", name);
	return SQLITE_OK;
}

static void call_vfs_elsewhere(void)
{
	static sqlite3_vfs elsewhere;

	real = sqlite3_vfs_find(NULL);
	elsewhere = *real;
	elsewhere.zName = "elsewhere";
	elsewhere.xOpen = elsewhere_open;
	elsewhere.xDelete = elsewhere_delete;
	elsewhere.xAccess = elsewhere_access;
	elsewhere.xFullPathname = elsewhere_path;
	victim_say("vfs", sqlite3_vfs_register(&elsewhere, 0), "");
}

static void call_methods(char *rest)
{
	sqlite3_file *file = NULL;

	sqlite3_file_control(calls_handle(&rest), "main", SQLITE_FCNTL_FILE_POINTER, &file);
	printf("methods %s\n", file && file->pMethods == opened_with ? "own" : "other");
}

bool vfs_run(const char *verb, char *rest)
{
	if (strcmp(verb, "vfs") == 0)
		call_vfs(rest);
	else if (strcmp(verb, "vfs_elsewhere") == 0)
		call_vfs_elsewhere();
	else if (strcmp(verb, "methods") == 0)
		call_methods(rest);
	else
		return false;
	return true;
}
