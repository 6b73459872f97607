/* scenes.h - programs that use SQLite as some programs do, and print what they see of it.
 *
 * Each scene calls SQLite by way of these pointers: to the functions that the program is linked to, so that hooks are in front, or
 * to those that dlsym() finds inside the library, which no hook sees. */
#ifndef SQLPROD_TESTS_SCENES_H
#define SQLPROD_TESTS_SCENES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

#define SCENE_FUNCTIONS(X)                                                                                                         \
	X(open)                                                                                                                    \
	X(open_v2)                                                                                                                 \
	X(open16)                                                                                                                  \
	X(close)                                                                                                                   \
	X(close_v2)                                                                                                                \
	X(exec)                                                                                                                    \
	X(get_table)                                                                                                               \
	X(free)                                                                                                                    \
	X(free_table)                                                                                                              \
	X(prepare_v2)                                                                                                              \
	X(step)                                                                                                                    \
	X(finalize)                                                                                                                \
	X(reset)                                                                                                                   \
	X(column_int)                                                                                                              \
	X(busy_timeout)                                                                                                            \
	X(busy_handler)                                                                                                            \
	X(set_authorizer)                                                                                                          \
	X(trace)                                                                                                                   \
	X(trace_v2)                                                                                                                \
	X(profile)                                                                                                                 \
	X(commit_hook)                                                                                                             \
	X(rollback_hook)                                                                                                           \
	X(update_hook)                                                                                                             \
	X(progress_handler)                                                                                                        \
	X(wal_hook)                                                                                                                \
	X(wal_autocheckpoint)                                                                                                      \
	X(config)                                                                                                                  \
	X(auto_extension)                                                                                                          \
	X(reset_auto_extension)                                                                                                    \
	X(backup_init)                                                                                                             \
	X(backup_step)                                                                                                             \
	X(backup_finish)                                                                                                           \
	X(serialize)                                                                                                               \
	X(deserialize)                                                                                                             \
	X(memory_used)                                                                                                             \
	X(errmsg)                                                                                                                  \
	X(interrupt)

struct functions {
#define SCENE_MEMBER(name) __typeof__(&sqlite3_##name) name;
	SCENE_FUNCTIONS(SCENE_MEMBER)
#undef SCENE_MEMBER
};

/* Those that the program is linked to, those that dlsym() finds, and the ones that the scene is to use. */
extern struct functions linked, found, *use;

/* Runs it and prints "TEXT: CODE MESSAGE". Returns the code. */
int scene_exec(sqlite3 *db, const char *sql);

/* Prints the settings of the connection, in one line. */
void scene_settings(sqlite3 *db);

struct scene {
	const char *name;
	void (*run)(void);
};
extern const struct scene callback_scenes[], adopted_scenes[], fork_scenes[], image_scenes[];

#endif
