/* scenes_images.c - images of databases that are put into memory by sqlite3_deserialize(). */
#include "scenes.h"

#include <stdio.h>
#include <stdlib.h>

static int print_row(void *unused, int n, char **values, char **names)
{
	(void)unused, (void)names;
	for (int i = 0; i < n; i++)
		printf("%s%s", i ? " " : "", values[i] ? values[i] : "NULL");
	puts("");
	return 0;
}

static int show(sqlite3 *db, const char *sql)
{
	int rc = use->exec(db, sql, print_row, NULL, NULL);

	if (rc)
		printf("%s: %d %s\n", sql, rc, use->errmsg(db));
	return rc;
}

static sqlite3 *put_into_memory(unsigned char *image, sqlite3_int64 size, unsigned flags)
{
	sqlite3 *memory;

	use->open(":memory:", &memory);
	printf("deserialize %d\n", use->deserialize(memory, "main", image, size, size, flags));
	return memory;
}

/* Reads and writes an image of db in memory, copies that to a file, and makes an image of it again: if it can be read. */
static void show_image(sqlite3 *db)
{
	sqlite3_int64 size;
	unsigned char *image = use->serialize(db, "main", &size, 0);
	sqlite3 *memory = put_into_memory(image, size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE), *file;
	sqlite3_backup *backup;

	if (show(memory, "SELECT count(*) FROM t")) {
		printf("close %d\n", use->close(memory));
		return;
	}
	show(memory, "PRAGMA mmap_size=1000000");
	show(memory, "BEGIN; INSERT INTO t SELECT hex(zeroblob(3000)) FROM t; COMMIT");
	show(memory, "BEGIN; DELETE FROM t; ROLLBACK");
	show(memory, "SELECT count(*) FROM t; PRAGMA integrity_check; PRAGMA journal_mode");
	use->open("b.db", &file);
	backup = use->backup_init(file, "main", memory, "main");
	if (backup)
		printf("step %d, ", use->backup_step(backup, -1));
	printf("finish %d\n", backup ? use->backup_finish(backup) : -1);
	show(file, "SELECT count(*) FROM t");
	image = use->serialize(memory, "main", &size, 0);
	printf("close %d %d\n", use->close(memory), use->close(file));
	memory = put_into_memory(image, size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
	show(memory, "SELECT count(*) FROM t");
	show(memory, "INSERT INTO t VALUES(1)");
	printf("close %d\n", use->close(memory));
}

static void image_of(const char *first)
{
	sqlite3 *db;

	use->open("a.db", &db);
	show(db, first);
	show(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1),(2)");
	show_image(db);
	show(db, "INSERT INTO t VALUES(3); SELECT count(*) FROM t");
	printf("close %d\n", use->close(db));
}

static void image(void)
{
	image_of("SELECT 1");
}

/* The program's own choice: SQLite refuses to read it. */
static void wal_image(void)
{
	image_of("PRAGMA journal_mode=WAL");
}

const struct scene image_scenes[] = {{"image", image}, {"wal_image", wal_image}, {NULL, NULL}};
