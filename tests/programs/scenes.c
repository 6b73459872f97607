/* scenes.c - runs one scene: scenes linked|found NAME. Prints what the program sees; exit status 64 for a wrong name. */
#include "scenes.h"

#include <dlfcn.h>
#include <string.h>

/* Older SQLites lack these. */
#pragma weak sqlite3_close_v2
#pragma weak sqlite3_trace_v2
#pragma weak sqlite3_serialize
#pragma weak sqlite3_deserialize

#define SCENE_LINKED(name) .name = sqlite3_##name,
struct functions linked = {SCENE_FUNCTIONS(SCENE_LINKED)}, found, *use = &linked;

static bool find(void)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);

#define SCENE_FIND(name) *(void **)&found.name = library ? dlsym(library, "sqlite3_" #name) : NULL;
	SCENE_FUNCTIONS(SCENE_FIND)
	return found.open;
}

int scene_exec(sqlite3 *db, const char *sql)
{
	char *message = NULL;
	int rc = use->exec(db, sql, NULL, NULL, &message);

	printf("%s: %d %s\n", sql, rc, message ? message : "");
	use->free(message);
	return rc;
}

static int print_value(void *unused, int count, char **values, char **names)
{
	(void)unused;
	(void)count;
	(void)names;
	printf(" %s", values[0] ? values[0] : "NULL");
	return 0;
}

void scene_settings(sqlite3 *db)
{
	static const char *const names[] = {"journal_mode", "synchronous",        "cache_size",   "temp_store",
					    "mmap_size",    "journal_size_limit", "busy_timeout", "foreign_keys"};

	printf("settings");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char sql[64];
		snprintf(sql, sizeof(sql), "PRAGMA %s", names[i]);
		use->exec(db, sql, print_value, NULL, NULL);
	}
	printf("\n");
}

int main(int count, char **arguments)
{
	const struct scene *const all[] = {callback_scenes, adopted_scenes, fork_scenes, image_scenes};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count < 3 || !find())
		return 64;
	use = strcmp(arguments[1], "found") == 0 ? &found : &linked;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct scene *scene = all[i]; scene->name; scene++)
			if (strcmp(scene->name, arguments[2]) == 0) {
				scene->run();
				return 0;
			}
	return 64;
}
