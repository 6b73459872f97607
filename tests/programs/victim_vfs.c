/* victim_vfs.c - a VFS of the victim's own, in front of SQLite's, that knows its files by their methods. */
#include "victim.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

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
	else if (strcmp(verb, "methods") == 0)
		call_methods(rest);
	else
		return false;
	return true;
}
