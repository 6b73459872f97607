/* hook_prepare.c - the hooks of the six functions that prepare a statement.
 *
 * On a connection that has its settings only a few kinds of statement matter: the first letter excludes all others. */
#include "base/guard.h"
#include "base/threads.h"
#include "connection/registry.h"
#include "hooks/hook.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_attempt.h"
#include "policy/foreign_keys_harm.h"
#include "policy/foreign_keys_returning.h"
#include "policy/foreign_keys_unkeyed.h"
#include "policy/statement_policy.h"
#include "sql/first_words.h"

#include <limits.h>
#include <stdlib.h>

enum form { PREPARE, PREPARE_V2, PREPARE_V3, PREPARE16, PREPARE16_V2, PREPARE16_V3 };

struct preparation {
	enum form form;
	unsigned flags;
	sqlite3 *db;
	const void *sql;
	int bytes; /* of sql, negative: up to its NUL */
	sqlite3_stmt **stmt;
	const void **tail; /* may be NULL */
	const void *caller, *frame;
};

/* A program that calls v3 only if it exists may call ours though its SQLite has none. */
static int prepare_v3(const struct sqlite *sqlite, sqlite3 *db, const char *sql, int bytes, unsigned flags, sqlite3_stmt **stmt,
		      const char **tail)
{
	return sqlite->prepare_v3 ? sqlite->prepare_v3(db, sql, bytes, flags, stmt, tail)
				  : sqlite->prepare_v2(db, sql, bytes, stmt, tail);
}

static int prepare_real(const struct sqlite *sqlite, const struct preparation *p, const void *sql, int bytes, const void **tail)
{
	switch (p->form) {
	case PREPARE:
		return sqlite->prepare(p->db, sql, bytes, p->stmt, (const char **)tail);
	case PREPARE_V2:
		return sqlite->prepare_v2(p->db, sql, bytes, p->stmt, (const char **)tail);
	case PREPARE_V3:
		return prepare_v3(sqlite, p->db, sql, bytes, p->flags, p->stmt, (const char **)tail);
	case PREPARE16:
		return sqlite->prepare16(p->db, sql, bytes, p->stmt, tail);
	case PREPARE16_V2:
		return sqlite->prepare16_v2(p->db, sql, bytes, p->stmt, tail);
	case PREPARE16_V3:
		return sqlite->prepare16_v3 ? sqlite->prepare16_v3(p->db, sql, bytes, p->flags, p->stmt, tail)
					    : sqlite->prepare16_v2(p->db, sql, bytes, p->stmt, tail);
	}
	return SQLITE_MISUSE;
}

/* Prepares the rewritten statement. False if that failed: then the program's own text must be prepared, so that the program gets
 * its own error. On success the tail points into the program's buffer. */
static bool prepare_rewritten(const struct sqlite *sqlite, const struct preparation *p, const struct sql_text *text,
			      const struct statement *statement, const struct rewrite *rewrite)
{
	size_t bytes = 0;
	char *sql = rewrite_make(rewrite, text, (struct span){0, statement->end}, &bytes);
	bool ok = sql && bytes <= INT_MAX && prepare_real(sqlite, p, sql, (int)bytes, NULL) == SQLITE_OK;

	if (ok && p->tail)
		*p->tail = (const char *)p->sql + statement->end * (text->wide ? 2 : 1);
	rewrite_discard(sql, bytes);
	return ok;
}

/* How SQLite rounds an odd count of bytes of UTF-16 depends on its version: 3.40 rounds up, 3.54 down. */
static bool is_half_a_unit(const struct preparation *p)
{
	return p->form >= PREPARE16 && p->bytes > 0 && p->bytes % 2 == 1;
}

static enum passage passage_of(const struct preparation *p, const struct sqlite *sqlite)
{
	if (p->form != PREPARE && p->form != PREPARE16)
		return PASSAGE_PREPARE;
	return sqlite_owns(sqlite, p->caller) ? PASSAGE_PREPARE_BY_SQLITE : PASSAGE_PREPARE_V1;
}

static int refuse(const struct preparation *p, int error)
{
	*p->stmt = NULL;
	if (p->tail)
		*p->tail = p->sql;
	return error;
}

struct program_text {
	const struct sqlite *sqlite;
	const struct preparation *p;
};

static int prepare_program_text(void *argument)
{
	const struct program_text *program = argument;
	const struct preparation *p = program->p;

	return prepare_real(program->sqlite, p, p->sql, p->bytes, p->tail);
}

/* A BEGIN that SQLite itself prepares may be VACUUM's own. */
static bool begins_again(struct connection *connection, const struct preparation *p)
{
	return (p->form == PREPARE_V2 || p->form == PREPARE_V3) && !sqlite_owns(connection->sqlite, p->caller) &&
	       policy_begins_again(connection, p->sql, p->bytes);
}

/* found: the handle's record; NULL if it has none. is_harmful: as foreign_keys_compile() has it. */
static __attribute__((noinline)) int prepare_watched(const struct preparation *p, struct connection *found, bool is_harmful,
						     const char *function)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter_found(found, p->db, function, p->caller, p->frame, &sqlite);
	struct statement_plan plan;
	struct sql_text text;
	int rc;

	if (!connection)
		return sqlite ? prepare_real(sqlite, p, p->sql, p->bytes, p->tail) : SQLITE_MISUSE;
	if (begins_again(connection, p)) {
		rc = prepare_real(sqlite, p, p->sql, p->bytes, p->tail);
		hook_leave(connection);
		return rc;
	}
	text = p->form < PREPARE16 ? sql_text_utf8(p->sql, p->bytes) : sql_text_utf16(p->sql, p->bytes);
	policy_before(connection, passage_of(p, sqlite), &text, 0, &plan);
	plan.rewritten = !plan.error && plan.action == ACTION_REWRITE && !is_half_a_unit(p) &&
			 prepare_rewritten(sqlite, p, &text, &plan.statement, &plan.rewrite);
	if (plan.error)
		rc = refuse(p, plan.error);
	else if (plan.rewritten)
		rc = SQLITE_OK;
	else if (plan.is_vacuum)
		rc = prepare_program_text(&(struct program_text){sqlite, p});
	else
		rc = foreign_keys_compile(connection, &text, &plan.statement, is_harmful, prepare_program_text,
					  &(struct program_text){sqlite, p}, p->stmt, NULL);
	rc = policy_after(connection, &text, &plan, NULL, rc);
	hook_leave(connection);
	return rc;
}

/* Does a statement with that first letter pass through, by its connection's record? Nearly every statement is decided here, so
 * nothing is called. found, here and below: the record as a first look finds it; NULL says nothing. */
static inline bool passes(const struct connection *found, unsigned letter)
{
	return found && !connection_reads(found, letter);
}

/* Does nothing matter to it but foreign keys, and stands in no other call of ours? */
static inline bool matters_to_keys(const struct connection *found, unsigned letter)
{
	return atomic_load_explicit(&found->interest, memory_order_acquire) & INTEREST_ATTEMPT && guard_depth == 0 &&
	       LETTERS_OF_WRITES >> letter & 1;
}

/* Begins to attempt the statement, if nothing matters to it but foreign keys. */
static inline bool attempts(struct connection *found, unsigned letter, const char *sql, int bytes,
			    struct foreign_keys_attempt *outer)
{
	if (!found || !matters_to_keys(found, letter))
		return false;
	foreign_keys_unkeyed_count(found);
	if (foreign_keys_harm_may_be(found, sql, bytes))
		return false;
	return foreign_keys_attempt_enter(
		found, ((LETTER('u') | LETTER('w')) >> letter & 1) && statement_may_be_update_or(sql, bytes), outer);
}

/* Compiles it without foreign keys, if no table has one. False if it is to be compiled otherwise. */
static __attribute__((noinline)) bool prepare_unkeyed(const struct preparation *p, struct connection *found, int *rc)
{
	bool locks = !threads_is_single(), stands;
	enum unkeyed unkeyed;

	if (locks)
		connection_lock(found);
	unkeyed = foreign_keys_unkeyed_enter(found, locks);
	stands = unkeyed != UNKEYED_NOT;
	if (unkeyed) {
		*rc = prepare_real(found->sqlite, p, p->sql, p->bytes, p->tail);
		if (unkeyed == UNKEYED_BEGAN)
			foreign_keys_unkeyed_end(found);
		stands = foreign_keys_unkeyed_stands(found, p->db, p->stmt, *rc);
	}
	if (locks)
		connection_unlock(found);
	return stands;
}

/* One that does not pass. */
static __attribute__((noinline)) int read_v2(const struct preparation *p, struct connection *found, unsigned letter)
{
	struct foreign_keys_attempt outer;
	bool is_harmful = false;
	int rc;

	if (guard_depth > 0 && found && hook_is_inside(found, "sqlite3_prepare_v2", p->caller, p->frame))
		return found->sqlite->prepare_v2(p->db, p->sql, p->bytes, p->stmt, (const char **)p->tail);
	if (attempts(found, letter, p->sql, p->bytes, &outer)) {
		rc = found->sqlite->prepare_v2(p->db, p->sql, p->bytes, p->stmt, (const char **)p->tail);
		if (foreign_keys_attempt_leave(found, &outer, rc, &is_harmful)) {
			foreign_keys_returning_note(found, rc == SQLITE_OK && p->stmt ? *p->stmt : NULL);
			return rc;
		}
	}
	return prepare_watched(p, registry_find(p->db), is_harmful, "sqlite3_prepare_v2");
}

/* One whose first letter has to be looked for. */
static __attribute__((noinline)) int look_at_v2(const struct preparation *p, struct connection *found)
{
	unsigned letter = found ? statement_first_letter(p->sql, p->bytes) : 0;
	int rc;

	if (passes(found, letter))
		return found->sqlite->prepare_v2(p->db, p->sql, p->bytes, p->stmt, (const char **)p->tail);
	if (found && foreign_keys_unkeyed_place(found) && matters_to_keys(found, letter) && prepare_unkeyed(p, found, &rc))
		return rc;
	return read_v2(p, found, letter);
}

/* One that writes, or does not pass for another reason, where foreign keys may be none. */
static __attribute__((noinline)) int prepare_unkeyed_v2(const struct preparation *p, struct connection *found, unsigned letter)
{
	const struct schema_keys *place = foreign_keys_unkeyed_place(found);
	int rc;

	if (!matters_to_keys(found, letter))
		return read_v2(p, found, letter);
	if (threads_is_single() && foreign_keys_unkeyed_begin(found, p->db, place)) {
		rc = found->sqlite->prepare_v2(p->db, p->sql, p->bytes, p->stmt, (const char **)p->tail);
		foreign_keys_unkeyed_end_at(found, p->db, place);
		if (foreign_keys_unkeyed_stands(found, p->db, p->stmt, rc))
			return rc;
	} else if (prepare_unkeyed(p, found, &rc)) {
		return rc;
	}
	return read_v2(p, found, statement_first_letter(p->sql, p->bytes));
}

HOOK int sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **stmt, const char **tail)
{
	struct connection *found = registry_peek(db);
	unsigned letter = found ? statement_first_letter_at_once(sql, bytes) : 0;

	if (__builtin_expect(letter && !connection_reads(found, letter), 1))
		return found->sqlite->prepare_v2(db, sql, bytes, stmt, tail);
	struct preparation p = {PREPARE_V2, 0, db, sql, bytes, stmt, (const void **)tail, HOOK_CALLER, HOOK_FRAME};
	if (!letter)
		return look_at_v2(&p, found);
	return foreign_keys_unkeyed_place(found) ? prepare_unkeyed_v2(&p, found, letter) : read_v2(&p, found, letter);
}

static __attribute__((noinline)) int read_v3(const struct preparation *p, struct connection *found, unsigned letter)
{
	struct foreign_keys_attempt outer;
	bool is_harmful = false;
	int rc;

	if (guard_depth > 0 && found && hook_is_inside(found, "sqlite3_prepare_v3", p->caller, p->frame))
		return prepare_real(found->sqlite, p, p->sql, p->bytes, p->tail);
	if (found && foreign_keys_unkeyed_place(found) && matters_to_keys(found, letter) && prepare_unkeyed(p, found, &rc))
		return rc;
	if (attempts(found, letter, p->sql, p->bytes, &outer)) {
		rc = prepare_real(found->sqlite, p, p->sql, p->bytes, p->tail);
		if (foreign_keys_attempt_leave(found, &outer, rc, &is_harmful)) {
			foreign_keys_returning_note(found, rc == SQLITE_OK && p->stmt ? *p->stmt : NULL);
			return rc;
		}
	}
	return prepare_watched(p, registry_find(p->db), is_harmful, "sqlite3_prepare_v3");
}

HOOK int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags, sqlite3_stmt **stmt, const char **tail)
{
	struct connection *found = registry_peek(db);
	unsigned letter = found ? statement_first_letter(sql, bytes) : 0;

	if (__builtin_expect(passes(found, letter), 1))
		return prepare_v3(found->sqlite, db, sql, bytes, flags, stmt, tail);
	return read_v3(&(struct preparation){PREPARE_V3, flags, db, sql, bytes, stmt, (const void **)tail, HOOK_CALLER, HOOK_FRAME},
		       found, letter);
}

HOOK int sqlite3_prepare(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **stmt, const char **tail)
{
	return prepare_watched(
		&(struct preparation){PREPARE, 0, db, sql, bytes, stmt, (const void **)tail, HOOK_CALLER, HOOK_FRAME},
		registry_find(db), false, "sqlite3_prepare");
}

HOOK int sqlite3_prepare16(sqlite3 *db, const void *sql, int bytes, sqlite3_stmt **stmt, const void **tail)
{
	return prepare_watched(&(struct preparation){PREPARE16, 0, db, sql, bytes, stmt, tail, HOOK_CALLER, HOOK_FRAME},
			       registry_find(db), false, "sqlite3_prepare16");
}

HOOK int sqlite3_prepare16_v2(sqlite3 *db, const void *sql, int bytes, sqlite3_stmt **stmt, const void **tail)
{
	return prepare_watched(&(struct preparation){PREPARE16_V2, 0, db, sql, bytes, stmt, tail, HOOK_CALLER, HOOK_FRAME},
			       registry_find(db), false, "sqlite3_prepare16_v2");
}

HOOK int sqlite3_prepare16_v3(sqlite3 *db, const void *sql, int bytes, unsigned flags, sqlite3_stmt **stmt, const void **tail)
{
	return prepare_watched(&(struct preparation){PREPARE16_V3, flags, db, sql, bytes, stmt, tail, HOOK_CALLER, HOOK_FRAME},
			       registry_find(db), false, "sqlite3_prepare16_v3");
}
