/* wal_reset.c - plays SQLite's WAL-reset race: sqlite.org/wal.html#walresetbug.
 *
 * wal_reset FILE
 *
 * A checkpoint of a WAL that was copied already reads the WAL's header; before it continues, a writer restarts the WAL. The race is
 * produced at the point where SQLite, between the two, has the VFS drop its memory map. Prints how many rows were committed and how
 * many a new connection sees. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3_vfs vfs, *real;
static sqlite3_io_methods methods;
static int (*real_unfetch)(sqlite3_file *, sqlite3_int64, void *);
static sqlite3 *writer;
static bool armed;
static int committed;

static void execute(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return;
	fprintf(stderr, "wal_reset: %s: %s\n", sql, sqlite3_errmsg(db));
	exit(1);
}

static void insert(void)
{
	execute(writer, "INSERT INTO t VALUES(randomblob(3000))");
	committed++;
}

static int unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
	if (armed && !page) {
		armed = false;
		insert();
	}
	return real_unfetch(file, offset, page);
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *out)
{
	int rc = real->xOpen(real, name, file, flags, out);

	(void)self;
	if (rc != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB) || file->pMethods->iVersion < 3)
		return rc;
	methods = *file->pMethods;
	real_unfetch = methods.xUnfetch;
	methods.xUnfetch = unfetch;
	file->pMethods = &methods;
	return rc;
}

static sqlite3 *open_database(const char *name)
{
	sqlite3 *db;

	if (sqlite3_open(name, &db) != SQLITE_OK)
		exit(1);
	execute(db, "PRAGMA wal_autocheckpoint=0; PRAGMA journal_mode=wal; PRAGMA mmap_size=0");
	return db;
}

static int print_count(void *argument, int columns, char **values, char **names)
{
	(void)argument;
	(void)columns;
	(void)names;
	printf("%d committed, %s there\n", committed, values[0]);
	return 0;
}

int main(int argc, char **argv)
{
	sqlite3 *checkpointer, *reader;

	if (argc != 2)
		return 64;
	real = sqlite3_vfs_find(NULL);
	vfs = *real;
	vfs.zName = "unix"; /* the library keeps off VFSes that are not SQLite's own */
	vfs.xOpen = open_file;
	sqlite3_vfs_register(&vfs, 1);
	writer = open_database(argv[1]);
	execute(writer, "CREATE TABLE t(x)");
	checkpointer = open_database(argv[1]);
	execute(checkpointer, "SELECT count(*) FROM t");
	for (int i = 0; i < 50; i++)
		insert();
	execute(writer, "PRAGMA wal_checkpoint");
	armed = true;
	execute(checkpointer, "PRAGMA wal_checkpoint");
	if (armed)
		puts("not played");
	for (int i = 0; i < 5; i++)
		insert();
	reader = open_database(argv[1]);
	if (sqlite3_exec(reader, "SELECT count(*) FROM t", print_count, NULL, NULL) != SQLITE_OK)
		printf("%d committed, %s\n", committed, sqlite3_errmsg(reader));
	sqlite3_close(reader);
	sqlite3_close(checkpointer);
	sqlite3_close(writer);
	return 0;
}
