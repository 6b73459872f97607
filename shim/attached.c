/* attached.c - the databases that a program attached to a connection. */
#include "attached.h"

#include "glibc.h"
#include "pragma.h"

/* SQLITE_MAX_ATTACHED is at most 125, and main and temp are there too. */
#define FILE_LIMIT 127

struct files {
	dev_t device[FILE_LIMIT];
	ino_t inode[FILE_LIMIT];
	unsigned count;
};

/* Stops at one that is there already: by its inode, as it is that the locks lie on. In-memory and temporary databases have no file.
 */
static bool add_file(void *argument, const char *name, const char *path)
{
	struct files *files = argument;
	struct stat status;

	(void)name;
	if (!*path || glibc_stat(path, &status) != 0 || files->count == FILE_LIMIT)
		return true;
	for (unsigned i = 0; i < files->count; i++)
		if (files->device[i] == status.st_dev && files->inode[i] == status.st_ino)
			return false;
	files->device[files->count] = status.st_dev;
	files->inode[files->count++] = status.st_ino;
	return true;
}

bool attached_has_file_twice(struct connection *connection)
{
	struct files files = {.count = 0};

	return connection->attached && pragma_each_database(connection, add_file, &files) == SQLITE_ROW;
}
