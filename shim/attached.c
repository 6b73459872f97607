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

/* False if it is there already: by its inode, as it is that the locks lie on. In-memory and temporary databases have no name. */
static bool add_file(struct files *files, const char *path)
{
	struct stat status;

	if (!path || !*path || glibc_stat(path, &status) != 0 || files->count == FILE_LIMIT)
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
	const struct sqlite *sqlite = connection->sqlite;
	struct files files = {.count = 0};
	sqlite3_stmt *stmt = NULL;
	bool twice = false;

	if (!connection->attached)
		return false;
	pragma_hush(connection);
	if (sqlite->prepare_v2(connection->db, "PRAGMA database_list", -1, &stmt, NULL) == SQLITE_OK)
		while (!twice && sqlite->step(stmt) == SQLITE_ROW)
			twice = !add_file(&files, (const char *)sqlite->column_text(stmt, 2));
	sqlite->finalize(stmt);
	pragma_unhush(connection);
	return twice;
}
