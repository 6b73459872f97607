/* program.h - a made-up program: lines, each one call of SQLite, which the executor runs and the shrinker drops.
 *
 *	open A                  a connection, a or b, to main.db
 *	close A
 *	exec A SQL              sqlite3_exec(); SQL may be a script
 *	run A API SQL           prepare with API (v1 v2 v3 16 16v2), step to the end, finalize
 *	keep A NAME API SQL     prepare and keep
 *	step NAME VALUES        bind VALUES (integers or NULL, separated by commas), step to the end, reset
 *	drop NAME               finalize
 *	cursor A NAME SQL       prepare, step once, and stay on that row
 *	next NAME               step once more; twice past the end begins anew
 *	end NAME                finalize
 *	dump A                  all rows and the schema, as that connection sees them
 *
 * A line that names what is not there does nothing, so that any subset of a program is one. */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_LINES 200
#define LINE_LENGTH 1000

struct program {
	char lines[PROGRAM_LINES][LINE_LENGTH];
	size_t count;
};

void program_add(struct program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool program_load(struct program *program, const char *file);

/* Makes the program of this seed, for a SQLite of this version (3040001). */
void program_generate(struct program *program, uint64_t seed, int version);

/* A line taken apart; sql points into the line, the words are copies. */
struct line {
	char verb[16], connection, name[16], api[8];
	const char *rest;
};

struct line line_read(const char *text);

#endif
