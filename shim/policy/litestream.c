/* litestream.c - looks for Litestream's folder. */
#include "policy/litestream.h"

#include "base/glibc.h"
#include "base/path.h"

#include <stdlib.h>
#include <string.h>

bool litestream_replicates(const char *path)
{
	const char *name = path_name(path);
	size_t before = (size_t)(name - path), size = strlen(path) + sizeof(".-litestream");
	char *folder = *name ? malloc(size) : NULL; /* a thread may have a stack just large enough for SQLite */
	struct stat status;
	bool replicates = false;

	if (folder) {
		memcpy(folder, path, before);
		folder[before] = '.';
		stpcpy(stpcpy(folder + before + 1, name), "-litestream");
		replicates = glibc_lstat(folder, &status) == 0 && S_ISDIR(status.st_mode);
	}
	free(folder);
	return replicates;
}
