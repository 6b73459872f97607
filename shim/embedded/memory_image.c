/* memory_image.c - the memdb VFS of embedded copies. */
#include "embedded/memory_image.h"

#include "policy/wal_image.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

#define HEADER 100
#define FIRST_WITH_FILE_OBJECT 3032000

/* SQLite's methods of a memdb file, but for two. Never freed: a file may have them. */
struct image_methods {
	sqlite3_io_methods methods; /* first: a file points to it */
	const sqlite3_io_methods *real;
};

/* One VFS. Immutable but for its methods, and never freed. */
struct memory_vfs {
	struct memory_vfs *next;
	sqlite3_vfs *vfs;
	int (*access)(sqlite3_vfs *vfs, const char *name, int flags, int *result);
	sqlite3_file *(*file_object)(const char *name);
	struct image_methods *_Atomic methods; /* NULL until an image in WAL mode was seen */
};

/* The newest first: a copy that was unloaded may have been loaded again elsewhere, and another one lie there now. */
static struct memory_vfs *_Atomic known;

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
	return ((const struct image_methods *)file->pMethods)->real;
}

static int image_read(sqlite3_file *file, void *buffer, int bytes, sqlite3_int64 offset)
{
	int rc = real_of(file)->xRead(file, buffer, bytes, offset);

	if (rc == SQLITE_OK && offset == 0 && wal_image_is(buffer, bytes))
		wal_image_to_rollback(buffer);
	return rc;
}

/* What SQLite cannot map it reads. */
static int image_fetch(sqlite3_file *file, sqlite3_int64 offset, int bytes, void **memory)
{
	if (offset != 0)
		return real_of(file)->xFetch(file, offset, bytes, memory);
	*memory = NULL;
	return SQLITE_OK;
}

/* NULL without memory, or if the file has other methods than those that were seen first. */
static struct image_methods *methods_for(struct memory_vfs *vfs, const sqlite3_io_methods *real)
{
	struct image_methods *methods = atomic_load(&vfs->methods), *made;

	if (methods)
		return methods->real == real ? methods : NULL;
	made = malloc(sizeof(*made));
	if (!made)
		return NULL;
	made->real = real;
	made->methods = *real;
	made->methods.xRead = image_read;
	if (real->iVersion >= 3 && real->xFetch)
		made->methods.xFetch = image_fetch;
	if (atomic_compare_exchange_strong(&vfs->methods, &methods, made))
		return made;
	free(made);
	return methods->real == real ? methods : NULL;
}

static void look(struct memory_vfs *vfs, sqlite3_file *file)
{
	struct image_methods *methods;
	unsigned char header[HEADER];

	if (!file || !file->pMethods || file->pMethods->xRead == image_read ||
	    file->pMethods->xRead(file, header, HEADER, 0) != SQLITE_OK || !wal_image_is(header, HEADER) ||
	    journal_mode_is_programs_choice())
		return;
	methods = methods_for(vfs, file->pMethods);
	if (methods)
		file->pMethods = &methods->methods;
}

static struct memory_vfs *vfs_find(const sqlite3_vfs *vfs)
{
	struct memory_vfs *found = atomic_load(&known);

	while (found && found->vfs != vfs)
		found = found->next;
	return found;
}

/* Only the names of a database's journal and -wal, as SQLite makes them, lead to its file. */
static bool is_beside_database(const char *name)
{
	size_t length = name ? strlen(name) : 0;

	return (length > 8 && strcmp(name + length - 8, "-journal") == 0) || (length > 4 && strcmp(name + length - 4, "-wal") == 0);
}

static int access_watched(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	struct memory_vfs *found = vfs_find(vfs);

	if (flags == SQLITE_ACCESS_EXISTS && is_beside_database(name))
		look(found, found->file_object(name));
	return found->access(vfs, name, flags, result);
}

void memory_image_watch(const struct copy *copy)
{
	sqlite3_vfs *vfs = copy->number >= FIRST_WITH_FILE_OBJECT ? copy->table->vfs_find("memdb") : NULL;
	struct memory_vfs *made = vfs ? malloc(sizeof(*made)) : NULL;

	if (!made)
		return;
	*made = (struct memory_vfs){.vfs = vfs, .file_object = copy->table->database_file_object};
	/* another thread may be at the same place */
	made->access = __atomic_load_n(&vfs->xAccess, __ATOMIC_ACQUIRE);
	if (made->access == access_watched) {
		free(made);
		return;
	}
	made->next = atomic_load(&known);
	while (!atomic_compare_exchange_weak(&known, &made->next, made))
		;
	__atomic_store_n(&vfs->xAccess, access_watched, __ATOMIC_RELEASE);
}
