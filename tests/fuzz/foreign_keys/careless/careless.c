/* careless.c - a library as ours would be without any guard: every connection gets foreign_keys=ON, and that is all. The fuzzer
 * must find what that breaks. */
#include <dlfcn.h>
#include <sqlite3.h>

int sqlite3_open(const char *name, sqlite3 **db)
{
	__typeof__(&sqlite3_open) next;
	__typeof__(&sqlite3_db_config) configure;
	int rc;

	*(void **)&next = dlsym(RTLD_NEXT, "sqlite3_open");
	*(void **)&configure = dlsym(RTLD_NEXT, "sqlite3_db_config");
	rc = next(name, db);
	if (rc == SQLITE_OK)
		configure(*db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, (int *)0);
	return rc;
}
