/* schema_layout.h - SQLite's struct sqlite3, Db, Schema and Hash, as far as all versions since 3.7.17 agree on them. Whether a copy
 * does is checked before they are read: schema_stamp.h, schema_keys.h. */
#ifndef SQLPROD_SQLITE_SCHEMA_LAYOUT_H
#define SQLPROD_SQLITE_SCHEMA_LAYOUT_H

struct schema_hash {
	unsigned size, count;
	void *first, *slots;
};

struct schema_content {
	int cookie, generation;                             /* schema_cookie, iGeneration */
	struct schema_hash tables, indexes, triggers, keys; /* keys: by the name of the parent */
};

struct schema_database {
	const char *name;
	void *tree;
	unsigned char flags[sizeof(void *)];
	const struct schema_content *schema;
};

/* The start of struct sqlite3: four pointers come before. */
struct schema_handle {
	void *before[4];
	const struct schema_database *databases; /* aDb */
	int count;                               /* nDb: the first is main, the second temp */
};

#endif
