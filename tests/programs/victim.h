/* victim.h - between the reader of lines (victim.c) and what the lines do (the others). */
#ifndef VICTIM_H
#define VICTIM_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* Says what is wrong with the script and ends the process with 64. */
_Noreturn void victim_die(const char *problem, const char *where);

/* Takes the next word off *rest and ends it with a NUL; dies if there is none. Exactly one blank after the word is skipped. */
char *victim_word(char **rest);

/* Runs one line that is no block. The line is not changed. */
void victim_run_line(const char *line);

/* Prints "verb rc", then the detail unless that is "". In quiet mode only a result that is an error. */
void victim_say(const char *verb, int rc, const char *detail);

/* `quiet`: results without error and rows are not printed. */
void victim_be_quiet(void);
bool victim_is_quiet(void);

/* Tables of named things: arrays of NAME_COUNT structs that begin with a name of NAME_SIZE bytes. */
enum { NAME_SIZE = 32, NAME_COUNT = 256 };

/* The element of that name, or a free one that gets the name if make is set; dies if there is none. */
void *name_find(void *table, size_t size, const char *name, bool make);
void name_drop(char *name);

/* Do what the verb says; false if none has that name. rest is used up. */
bool process_run(const char *verb, char *rest);
bool waits_run(const char *verb, char *rest);
bool confined_run(const char *verb, const char *rest);
bool asks_run(const char *verb, char *rest);
bool callbacks_run(const char *verb, char *rest);
bool calls_run(const char *verb, char *rest);
bool folders_run(const char *verb, char *rest);
bool statements_run(const char *verb, char *rest);
bool vfs_run(const char *verb, char *rest);

struct handle {
	char name[NAME_SIZE];
	sqlite3 *db;
	int handler_calls, progress_calls;
	char authorizes[8];
};

/* The handle named by the next word. */
struct handle *handle_get(char **rest);
sqlite3 *calls_handle(char **rest);

/* A callback for sqlite3_exec: prints the values, then runs the line of on_row if there is one. */
int calls_print_row(void *unused, int count, char **values, char **columns);

#endif
