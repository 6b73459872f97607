/* judge.h - runs one program with and without the library, in step, and says what is wrong with the library's. */
#ifndef FUZZ_JUDGE_H
#define FUZZ_JUDGE_H

#include "peer.h"

struct finding {
	/* a word, NULL for none */
	const char *kind;
	size_t line;
	char detail[1500];
};

struct counts {
	unsigned long programs, lines, refused, cascaded, unjudged, enforced;
};

struct judge {
	struct peer peer;
	struct world twin;
	const char *library;
	/* kinds that are not told; such a program is given up there */
	const char *ignored;
	char folder[200];
	bool strict, verbose;
	/* whether this library refuses orphans is asked too; a switched-off one is not blamed */
	bool wants_enforcement;
	/* by connection: has the program said PRAGMA foreign_keys itself; the orphans when its transaction began */
	bool decided[2], stop;
	/* has it at least said so inside a transaction, where that decides nothing in SQLite? */
	bool said[2];
	/* has the other connection changed the schema since this one looked? */
	bool stale[2];
	struct result orphans_at_begin[2];
	struct result theirs, ours;
	struct finding finding;
	struct counts counts;
};

void judge_program(struct judge *judge, const struct program *program);

/* For the parts. give_up: this program cannot be followed any further. */
void judge_give_up(struct judge *judge);

/* A failure of one side may come of an old view of the schema, which the twin's questions have renewed on this side only. */
bool judge_is_stale(const struct judge *judge, char connection);
const char *judge_failure(const struct result *result);
void judge_blame(struct judge *judge, const char *kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
void judge_blame_rows(struct judge *judge, const char *kind, const char *ours, const char *theirs);

/* The program's SQL in a line, with what it binds put in. */
bool judge_sql(struct judge *judge, const char *text, char *sql, size_t size);

bool judge_starts(const char *text, const char *with);

/* The table of a DELETE or UPDATE. */
bool judge_own_table(const char *sql, char *table, size_t size);
bool judge_is_parent(sqlite3 *db, const char *table);

/* A DELETE or UPDATE of a parent, which the peer has run: judge->theirs. */
void judge_own(struct judge *judge, char connection, const char *table, const char *sql, const char *text);

/* Nothing in the schema or the statement that could be a reason to leave foreign keys off. */
bool judge_is_plain(sqlite3 *db, const char *sql);

/* Is there a table in main and one in the attached database that have the same name? */
bool judge_has_same_names(sqlite3 *db);

/* The peer refused this line. */
void judge_refusal(struct judge *judge, char connection, const char *text);

/* Asks both for a dump and compares. */
void judge_dump(struct judge *judge, char connection);

/* All rows whose parent is missing, a line each; false if SQLite cannot tell (a mismatch). */
bool orphans_find(sqlite3 *db, struct result *orphans);

/* Is there a line in now that is not in before? */
bool orphans_are_new(const struct result *before, const struct result *now);

/* explain.c: are the differences between without (nothing but the statement) and with (what the library left) explained by foreign
 * keys from the rows that the statement names? called before the statement runs, and after. */
struct explanation;
struct explanation *explain_begin(sqlite3 *db, const char *table, const char *sql);
const char *explain_missing(struct explanation *explanation, const char *without, const char *with);
void explain_end(struct explanation *explanation);

#endif
