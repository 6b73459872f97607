/* judge_keys.c - where the library acts: rows that it refuses, and parents that the program deletes or changes itself. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

static int run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* Where a BEFORE trigger writes to the very table, what then becomes of the row is not defined
 * (sqlite.org/lang_createtrigger.html), nor what SQLite counts. */
static bool is_undefined(sqlite3 *db)
{
	static const char *const undefined = "SELECT 1 FROM %s.sqlite_master WHERE type='trigger' AND (sql LIKE '%%BEFORE "
					     "DELETE%%' OR sql LIKE '%%BEFORE UPDATE%%') "
					     "AND substr(sql,instr(sql,'BEGIN')) LIKE '%% '||tbl_name||'%%'";
	char sql[300];
	bool found = false;

	for (int i = 0; i < 2 && !found; i++) {
		sqlite3_stmt *stmt = NULL;

		snprintf(sql, sizeof(sql), undefined, i ? "aux" : "main");
		found = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;
		sqlite3_finalize(stmt);
	}
	return found;
}

/* No new orphan: then the library was wrong, unless there are old ones. SQLite counts violations as they come and go, so a
 * statement that writes an old orphan once more is refused. */
static void blame_refusal(struct judge *judge, char connection, const struct result *orphans)
{
	if (*orphans->text || is_undefined(judge->twin.db[connection == 'b']))
		judge_give_up(judge);
	else
		judge_blame(judge, "refused", "with the library %d %s, and there is no new orphan", judge->theirs.rc,
			    judge->theirs.message);
}

/* In a transaction: only at its end, and only if there is a new orphan. */
static void judge_late_refusal(struct judge *judge, char connection, const char *sql)
{
	static struct result now;

	if (!judge_starts(sql, "COMMIT") && !judge_starts(sql, "END") && !judge_starts(sql, "RELEASE"))
		judge_blame(judge, "early", "refused before the transaction's end: %d %s", judge->theirs.rc, judge->theirs.message);
	else if (!orphans_find(judge->twin.db[connection == 'b'], &now))
		judge_give_up(judge);
	else if (!orphans_are_new(&judge->orphans_at_begin[connection == 'b'], &now))
		blame_refusal(judge, connection, &now);
	else
		judge->counts.refused++;
	/* RELEASE leaves its transaction open, as SQLite does; and so does COMMIT if the program said PRAGMA defer_foreign_keys */
	if (judge->theirs.autocommit && !judge_starts(sql, "RELEASE"))
		run(judge->twin.db[connection == 'b'], "ROLLBACK");
}

/* Runs the first statement of the script, and returns what follows it. */
static const char *run_first(sqlite3 *db, const char *sql)
{
	char one[LINE_LENGTH];

	snprintf(one, sizeof(one), "%.*s", (int)strcspn(sql, ";"), sql);
	run(db, one);
	sql += strlen(one);
	return sql + strspn(sql, "; ");
}

/* The rows of both sides, where the twin is and where the library's side was stopped. */
static bool holds_same(sqlite3 *db, const struct result *theirs)
{
	static struct result rows;

	rows.text[0] = '\0';
	world_dump(db, &rows);
	return strcmp(rows.text, theirs->text) == 0;
}

/* A script commits as it goes: is there a moment at which the twin would commit a new orphan? Then, what was refused is a statement
 * that finds the rows which the library's side was left with: old orphans that are there after it, and that a later one removes,
 * count as after a single one. */
static void judge_script(struct judge *judge, char connection, const char *sql)
{
	static struct result before, after, old, left;
	sqlite3 *db = judge->twin.db[connection == 'b'];
	char line[] = "dump a";
	bool known = orphans_find(db, &before), orphaned = false, stopped = false;

	line[5] = connection;
	peer_send(&judge->peer, line);
	if (!peer_receive(&judge->peer, &left)) {
		judge_give_up(judge);
		return;
	}
	old.text[0] = '\0';
	if (world_in_transaction(&judge->twin, connection))
		before = judge->orphans_at_begin[connection == 'b'];
	while (known && !orphaned && *sql) {
		stopped = sqlite3_get_autocommit(db) ? holds_same(db, &left) : stopped;
		sql = run_first(db, sql);
		known = orphans_find(db, &after);
		orphaned = sqlite3_get_autocommit(db) && orphans_are_new(&before, &after);
		if (stopped && sqlite3_get_autocommit(db) && *after.text)
			old = after;
	}
	if (known && !orphaned)
		blame_refusal(judge, connection, *after.text ? &after : &old);
	else
		judge_give_up(judge);
}

void judge_refusal(struct judge *judge, char connection, const char *text)
{
	static struct result before, after;
	sqlite3 *db = judge->twin.db[connection == 'b'];
	char sql[LINE_LENGTH];
	bool known, undone;

	judge_sql(judge, text, sql, sizeof(sql));
	if (strchr(sql, ';')) {
		judge_script(judge, connection, sql);
		return;
	}
	if (world_in_transaction(&judge->twin, connection)) {
		judge_late_refusal(judge, connection, sql);
		return;
	}
	known = orphans_find(db, &before);
	undone = run(db, "SAVEPOINT probe") == SQLITE_OK;
	world_run(&judge->twin, text, &judge->ours);
	known = orphans_find(db, &after) && known;
	undone = undone && run(db, "ROLLBACK TO probe") == SQLITE_OK && run(db, "RELEASE probe") == SQLITE_OK;
	if (judge->ours.rc == SQLITE_OK && known && !orphans_are_new(&before, &after))
		blame_refusal(judge, connection, &after);
	else if (!undone || !known)
		judge_give_up(judge);
	else
		judge->counts.refused++;
}

/* The library's side cannot continue a cursor after this statement: can the twin, if it runs it just like that? */
static void judge_aborted(struct judge *judge, const char *next, const char *text)
{
	static struct result ours, before;

	world_run(&judge->twin, next, &before);
	world_run(&judge->twin, text, &ours);
	world_run(&judge->twin, next, &ours);
	if (before.rc == SQLITE_ROW && (ours.rc & 0xff) != SQLITE_ABORT)
		judge_blame(judge, "aborted", "a cursor ended with SQLITE_ABORT");
	else
		judge_give_up(judge);
}

static void tell_both(struct judge *judge, const char *verb, const char *name)
{
	static struct result answer;
	char line[40];

	snprintf(line, sizeof(line), "%s %s", verb, name);
	peer_send(&judge->peer, line);
	peer_receive(&judge->peer, &answer);
	world_run(&judge->twin, line, &answer);
}

/* Ends the cursors, before which the twin could not switch foreign keys; the library's must not have been cut off. And the
 * statements of sqlite3_prepare(), which would not survive it. */
static bool settle(struct judge *judge, char connection, const char *text)
{
	static struct result answer;
	const char *name;
	char line[40];

	while (!judge->stop && (name = world_cursor(&judge->twin, connection))) {
		snprintf(line, sizeof(line), "next %s", name);
		peer_send(&judge->peer, line);
		if (peer_receive(&judge->peer, &answer) && (answer.rc & 0xff) == SQLITE_ABORT)
			judge_aborted(judge, line, text);
		tell_both(judge, "end", name);
	}
	while ((name = world_old_statement(&judge->twin, connection)))
		tell_both(judge, "drop", name);
	return !judge->stop;
}

/* One way to run the statement: what came of it. */
struct way {
	struct result result, orphans;
	/* pending: violations wait for the end of the transaction */
	bool known, rolled_back, pending;
};

static void try_way(sqlite3 *db, const char *sql, struct way *way)
{
	int rc = run(db, sql) == SQLITE_OK ? SQLITE_OK : sqlite3_extended_errcode(db), deferred = 0, high;

	snprintf(way->result.message, sizeof(way->result.message), "%s", sqlite3_errmsg(db));
	way->rolled_back = sqlite3_get_autocommit(db);
	sqlite3_db_status(db, SQLITE_DBSTATUS_DEFERRED_FKS, &deferred, &high, 0);
	way->pending = deferred != 0;
	way->result.text[0] = '\0';
	world_dump(db, &way->result);
	way->result.rc = rc;
	way->known = orphans_find(db, &way->orphans);
}

/* A statement of the program on a parent, tried by the twin without foreign keys and with them. */
struct own {
	char connection;
	const char *sql;
	sqlite3 *db;
	bool in_transaction, known, is_left_off;
	struct explanation *explanation;
	/* orphans, and all rows, before it runs; what the library's side holds afterwards */
	struct result before, rows, left;
	/* with foreign keys; and so that violations may wait, as the library has it also outside of a transaction */
	struct way without, with, deferred;
};

static void set_keys(struct own *own, bool on)
{
	sqlite3_db_config(own->db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, NULL);
	if (own->in_transaction)
		run(own->db, on ? "PRAGMA defer_foreign_keys=ON" : "PRAGMA defer_foreign_keys=OFF");
}

static bool is_new(struct own *own, struct way *way)
{
	return own->known && way->known && orphans_are_new(&own->before, &way->orphans);
}

/* May the library have refused, or have failed to do, what the statement says? */
static bool may_fail(struct judge *judge, struct own *own)
{
	const struct result *with = &own->with.result;

	if (!own->known || !own->without.known)
		return true;
	/* what it keeps of its part, as by ON CONFLICT FAIL, may be an orphan */
	if (own->without.result.rc != SQLITE_OK)
		return !result_is_refusal(&judge->theirs) || *own->before.text || result_is_refusal(with) ||
		       (own->with.pending && !own->in_transaction) || is_new(own, &own->without);
	if (result_is_refusal(&judge->theirs)) {
		if (own->in_transaction && judge->strict)
			return false;
		/* where something else in the statement keeps the actions off, what they would have mended is an orphan */
		return *own->before.text || result_is_refusal(with) || (!own->in_transaction && is_new(own, &own->with)) ||
		       (!own->in_transaction && !judge_is_plain(own->db, own->sql) && is_new(own, &own->without));
	}
	/* SET NULL met NOT NULL, or the actions went round in a circle */
	return (with->rc & 0xff) == SQLITE_CONSTRAINT || strstr(with->message, "recursion") ||
	       strstr(with->message, "nested too deep");
}

/* Only now, where it matters. By hand it is PRAGMA defer_foreign_keys. */
static void try_deferred(struct own *own)
{
	run(own->db, "ROLLBACK TO probe");
	run(own->db, "PRAGMA defer_foreign_keys=ON");
	try_way(own->db, own->sql, &own->deferred);
}

/* Does SQLite itself let this pass where violations may wait? It miscounts rows that reference themselves by two keys. */
static bool is_let_in_deferred(struct own *own)
{
	try_deferred(own);
	return own->deferred.result.rc == SQLITE_OK && !own->deferred.pending &&
	       strcmp(own->deferred.result.text, own->without.result.text) == 0;
}

/* The library let it pass as if there were no foreign keys: was there a reason? */
static void judge_unenforced(struct judge *judge, struct own *own)
{
	/* RESTRICT waits for the end of the statement: there the children may be gone as well. And SQLite itself lets in some rows
	 * that reference themselves. */
	bool would = (result_is_refusal(&own->with.result) && is_new(own, &own->without)) ||
		     (own->with.pending && is_new(own, &own->with)) ||
		     (own->with.result.rc == SQLITE_OK && strcmp(own->with.result.text, own->without.result.text) != 0);

	if (would && !own->is_left_off && !*own->before.text && judge->wants_enforcement && !judge->said[own->connection == 'b'] &&
	    !own->in_transaction && judge_is_plain(own->db, own->sql) && !is_let_in_deferred(own))
		judge_blame(judge, "unenforced", "passed as if foreign keys were off; with them %d %s", own->with.result.rc,
			    own->with.result.rc ? own->with.result.message : "and other rows");
	judge->counts.enforced += would;
}

static void judge_cascade(struct judge *judge, struct own *own)
{
	const char *lost = explain_missing(own->explanation, own->without.result.text, own->left.text);

	judge->counts.cascaded++;
	if (lost)
		judge_blame(judge, "lost", "\"%s\" is gone or changed, and no row that the statement names is its parent", lost);
}

/* What the twin should do to hold what the library's side holds: true: with foreign keys. */
static bool judge_left(struct judge *judge, struct own *own)
{
	if (judge->theirs.rc != SQLITE_OK) {
		if (judge_is_stale(judge, own->connection))
			judge_give_up(judge);
		else if (!may_fail(judge, own))
			judge_blame(judge, judge_failure(&judge->theirs), "own statement: with the library %d %s", judge->theirs.rc,
				    judge->theirs.message);
		return false;
	}
	if (own->without.result.rc == SQLITE_OK && strcmp(own->left.text, own->without.result.text) == 0) {
		judge_unenforced(judge, own);
		return false;
	}
	if (own->with.result.rc == SQLITE_OK && strcmp(own->left.text, own->with.result.text) == 0) {
		judge_cascade(judge, own);
		return true;
	}
	judge_cascade(judge, own);
	if (!judge->stop)
		judge_give_up(judge);
	return false;
}

/* The same for a statement that failed, and left its part if that was by ON CONFLICT FAIL: NULL: nothing. */
static const struct way *way_left(struct own *own)
{
	if (strcmp(own->left.text, own->rows.text) == 0)
		return NULL;
	if (strcmp(own->left.text, own->without.result.text) == 0)
		return &own->without;
	if (strcmp(own->left.text, own->with.result.text) == 0 || own->in_transaction)
		return &own->with;
	try_deferred(own);
	return strcmp(own->left.text, own->deferred.result.text) == 0 ? &own->deferred : &own->with;
}

/* Brings the twin to where the library's side is. Without keys it runs the statement again, outside of the savepoint: one that
 * fails leaves more behind inside a transaction. */
static void follow(struct judge *judge, struct own *own, const struct way *way)
{
	int deferred = 0, high;

	if (way == &own->with || way == &own->deferred)
		sqlite3_db_status(own->db, SQLITE_DBSTATUS_DEFERRED_FKS, &deferred, &high, 0);
	else
		run(own->db, "ROLLBACK TO probe");
	set_keys(own, false);
	if (deferred != 0 || run(own->db, "RELEASE probe") != SQLITE_OK)
		judge_give_up(judge);
	else if (way == &own->without)
		run(own->db, own->sql);
	if (judge->theirs.rc != SQLITE_OK)
		judge->counts.refused++;
}

static void try_both(struct judge *judge, struct own *own)
{
	const struct way *way;

	run(own->db, "SAVEPOINT probe");
	try_way(own->db, own->sql, &own->without);
	if (own->without.rolled_back) {
		/* with its actions it may succeed, but the transaction in which to try that is gone */
		judge_give_up(judge);
		return;
	}
	run(own->db, "ROLLBACK TO probe");
	set_keys(own, true);
	try_way(own->db, own->sql, &own->with);
	if (own->with.rolled_back) {
		set_keys(own, false);
		judge_give_up(judge);
		return;
	}
	way = judge_left(judge, own) ? &own->with : &own->without;
	if (judge->theirs.rc != SQLITE_OK)
		way = way_left(own);
	if (way == &own->deferred)
		judge_cascade(judge, own);
	follow(judge, own, way);
}

/* Since 3.52 SQLite refuses some UPDATEs of rows that reference themselves, and of sqlite3_prepare() they cannot be tried again:
 * the library leaves foreign keys off there. */
static bool is_left_off(struct judge *judge, const char *sql, const char *text)
{
	struct line line = line_read(text);
	const struct statement *statement = strcmp(line.verb, "step") == 0 ? world_find(&judge->twin, line.name) : NULL;
	const char *api = statement ? statement->api : line.api;

	return sqlite3_libversion_number() >= 3052000 && (strcmp(api, "v1") == 0 || strcmp(api, "16") == 0) &&
	       judge_starts(sql, "UPDATE");
}

void judge_own(struct judge *judge, char connection, const char *table, const char *sql, const char *text)
{
	static struct own own;
	char line[] = "dump a", bare[LINE_LENGTH], *returning;

	own.is_left_off = is_left_off(judge, sql, text);
	if (!settle(judge, connection, text))
		return;
	snprintf(bare, sizeof(bare), "%s", sql);
	returning = strstr(bare, " RETURNING ");
	if (returning)
		*returning = '\0';
	sql = bare;
	own.connection = connection;
	own.sql = sql;
	own.db = judge->twin.db[connection == 'b'];
	own.in_transaction = world_in_transaction(&judge->twin, connection);
	own.known = orphans_find(own.db, &own.before);
	line[5] = connection;
	peer_send(&judge->peer, line);
	if (!peer_receive(&judge->peer, &own.left)) {
		judge_give_up(judge);
		return;
	}
	own.rows.text[0] = '\0';
	world_dump(own.db, &own.rows);
	own.explanation = explain_begin(own.db, table, sql);
	try_both(judge, &own);
	explain_end(own.explanation);
	judge->ours = own.without.result;
	judge->ours.text[0] = '\0';
	if (!judge->stop)
		judge_dump(judge, connection);
}
