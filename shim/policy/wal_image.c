/* wal_image.c - changes the file header of an image: sqlite.org/fileformat.html#the_database_header */
#include "policy/wal_image.h"

#include "connection/registry.h"
#include "sqlite/sqlite.h"

#include <string.h>

#define WRITE_VERSION 18
#define READ_VERSION 19
#define CHANGE_COUNTER 24
#define HEADER 100
#define VERSION_ROLLBACK 1
#define VERSION_WAL 2

bool wal_image_is(const unsigned char *image, sqlite3_int64 size)
{
	return size >= HEADER && image[WRITE_VERSION] == VERSION_WAL && image[READ_VERSION] == VERSION_WAL;
}

void wal_image_to_rollback(unsigned char *image)
{
	image[WRITE_VERSION] = image[READ_VERSION] = VERSION_ROLLBACK;
}

static void look_at_choice(struct connection *connection, void *argument)
{
	if (!connection->closing && connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_PROGRAM)
		*(bool *)argument = true;
}

bool journal_mode_is_programs_choice(void)
{
	bool chosen = false;

	registry_visit(look_at_choice, &chosen);
	return chosen;
}

bool wal_image_is_memory(const struct connection *connection)
{
	const char *vfs = sqlite_vfs_name(connection->sqlite, connection->db, "main");

	return vfs && strcmp(vfs, "memdb") == 0 && sqlite_file(connection->sqlite, connection->db, "main");
}

void wal_image_end_backup(const struct connection *connection)
{
	sqlite3_file *file = sqlite_file(connection->sqlite, connection->db, "main");
	unsigned char header[HEADER];

	if (!file || file->pMethods->xRead(file, header, sizeof(header), 0) != SQLITE_OK || !wal_image_is(header, sizeof(header)))
		return;
	wal_image_to_rollback(header);
	/* SQLite reads what it has in its cache anew when the change counter is another one */
	header[CHANGE_COUNTER]++;
	file->pMethods->xWrite(file, header, CHANGE_COUNTER + 1, 0);
}
