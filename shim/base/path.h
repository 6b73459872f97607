/* path.h - the last name in a path, and the folder that it lies in. */
#ifndef SQLPROD_BASE_PATH_H
#define SQLPROD_BASE_PATH_H

#include <stdbool.h>
#include <string.h>

/* What comes after the last slash: all of it if there is none. */
static inline const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Cuts the last name off, so that the path is that of its folder: of "/name" stays "/". False, and nothing is done, if there is no
 * slash. */
static inline bool path_cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		slash[slash == path] = '\0';
	return slash;
}

#endif
