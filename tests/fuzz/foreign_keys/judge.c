/* judge.c - one program, line by line. The library's side runs each line first. Where it refuses a row, the twin is asked whether
 * the row is an orphan; where it did something to children, whether the program's own DELETE or UPDATE explains it. The twin then
 * follows, so that both hold the same rows and the program can continue. */
#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void judge_blame(struct judge *judge, const char *kind, const char *text, ...)
{
	va_list arguments;

	if (judge->ignored && strstr(judge->ignored, kind)) {
		judge->stop = judge->stop || strcmp(kind, "readback") != 0;
		judge->counts.unjudged++;
		return;
	}
	judge->stop = true;
	if (judge->finding.kind)
		return;
	judge->finding.kind = kind;
	va_start(arguments, text);
	vsnprintf(judge->finding.detail, sizeof(judge->finding.detail), text, arguments);
	va_end(arguments);
}

/* The first line of one that the other lacks. */
static const char *first_missing(const char *of, const char *in, size_t *length)
{
	for (; *of; of += *length + 1) {
		const char *found = in;

		*length = strcspn(of, "\n");
		while (*found && strncmp(found, of, *length + 1) != 0)
			found += strcspn(found, "\n") + 1;
		if (!*found)
			return of;
	}
	*length = 0;
	return of;
}

void judge_blame_rows(struct judge *judge, const char *kind, const char *ours, const char *theirs)
{
	size_t lost_length, gained_length;
	const char *lost = first_missing(ours, theirs, &lost_length), *gained = first_missing(theirs, ours, &gained_length);

	judge_blame(judge, kind, "without the library \"%.*s\", with it \"%.*s\"", (int)lost_length, lost, (int)gained_length,
		    gained);
}

static bool ask_peer(struct judge *judge, const char *line, struct result *result)
{
	peer_send(&judge->peer, line);
	if (peer_receive(&judge->peer, result))
		return true;
	judge_blame(judge, "crash", "the process with the library ended, or hung");
	peer_stop(&judge->peer);
	peer_start(&judge->peer, judge->library, judge->peer.folder);
	return false;
}

void judge_dump(struct judge *judge, char connection)
{
	static struct result ours, theirs;
	char line[] = "dump a";

	line[5] = connection;
	if (!ask_peer(judge, line, &theirs))
		return;
	world_run(&judge->twin, line, &ours);
	if (strcmp(ours.text, theirs.text) != 0)
		judge_blame_rows(judge, "rows", ours.text, theirs.text);
}

static void switch_keys(sqlite3 *db, bool on)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, NULL);
}

/* Would SQLite compile this with foreign keys on? */
static bool compiles_with_keys(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	switch_keys(db, true);
	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	sqlite3_finalize(stmt);
	switch_keys(db, false);
	return rc == SQLITE_OK;
}

static bool may_ask_enforcement(struct judge *judge, char connection, const char *sql)
{
	return judge->wants_enforcement && !judge->said[connection == 'b'] && !world_in_transaction(&judge->twin, connection) &&
	       !world_cursor(&judge->twin, connection) && !world_old_statement(&judge->twin, connection) &&
	       judge_is_plain(judge->twin.db[connection == 'b'], sql);
}

void judge_give_up(struct judge *judge)
{
	judge->counts.unjudged++;
	judge->stop = true;
}

bool judge_is_stale(const struct judge *judge, char connection)
{
	int rc = (judge->theirs.rc == SQLITE_OK ? judge->ours : judge->theirs).rc & 0xff;

	return judge->stale[connection == 'b'] && (rc == SQLITE_ERROR || rc == SQLITE_SCHEMA);
}

/* Does it read the schema of main, which both connections change? Tables of the attached file are named x, or as one of main is. */
static bool reads_main(const char *sql)
{
	return (judge_starts(sql, "INSERT") || judge_starts(sql, "REPLACE") || judge_starts(sql, "SELECT")) && !strstr(sql, " x") &&
	       !strstr(sql, "fresh");
}

/* The other connection's view of the schema is an old one from now on, until it has run something. So is this one's after a DROP
 * TABLE that a cursor has stopped: by then SQLite knows the triggers no more, until it looks for something that it does not find.
 */
static void note_schema_change(struct judge *judge, char connection, const char *sql)
{
	if (judge_starts(sql, "CREATE") || judge_starts(sql, "DROP") || judge_starts(sql, "ALTER"))
		judge->stale[connection == 'a'] = true;
	if (judge_starts(sql, "DROP") && (judge->theirs.rc & 0xff) == SQLITE_LOCKED)
		judge->stale[connection == 'b'] = true;
	if (judge->theirs.rc == SQLITE_OK && reads_main(sql))
		judge->stale[connection == 'b'] = false;
}

const char *judge_failure(const struct result *result)
{
	if (result_is_refusal(result))
		return "refused";
	if (strstr(result->message, "add a REFERENCES"))
		return "add-column";
	if (strstr(result->message, "no such table"))
		return "missing-parent";
	if (strstr(result->message, "mismatch"))
		return "mismatch";
	if ((result->rc & 0xff) == SQLITE_ABORT)
		return "aborted";
	return (result->rc & 0xff) == SQLITE_SCHEMA ? "expired" : "fails";
}

/* The peer's result and the twin's, of a line that both have run. Where triggers go too deep, SQLite leaves half of the statement
 * in a transaction, unless foreign keys make it keep a journal for it: that is no fault of the library's. */
static void compare(struct judge *judge, char connection, const char *sql)
{
	const struct result *ours = &judge->ours, *theirs = &judge->theirs;
	bool we_failed = ours->rc != SQLITE_OK && ours->rc != SQLITE_ROW,
	     they_failed = theirs->rc != SQLITE_OK && theirs->rc != SQLITE_ROW;

	if (they_failed && we_failed && (strstr(ours->message, "recursion") || strstr(ours->message, "nested too deep")))
		judge_give_up(judge);
	else if ((ours->rc != theirs->rc || strcmp(ours->message, theirs->message) != 0) && judge_is_stale(judge, connection))
		judge_give_up(judge);
	else if (they_failed && !we_failed)
		judge_blame(judge, judge_failure(theirs), "with the library %d %s", theirs->rc, theirs->message);
	else if (we_failed && !they_failed && (ours->rc & 0xff) == SQLITE_ABORT)
		judge_give_up(judge);
	else if (we_failed && !they_failed && judge_starts(sql, "ROLLBACK") && strstr(ours->message, "no transaction"))
		return; /* the library has rolled back what could not be committed */
	else if (we_failed && !they_failed)
		judge_blame(judge, "succeeds", "without the library %d %s", ours->rc, ours->message);
	else if (ours->autocommit != theirs->autocommit)
		judge_blame(judge, "transaction", "without the library autocommit %d, with it %d", ours->autocommit,
			    theirs->autocommit);
	else if (ours->rc == NOT_RUN || we_failed)
		return;
	else if (!judge_starts(sql, "PRAGMA foreign_key") && strcmp(ours->text, theirs->text) != 0)
		judge_blame_rows(judge, "reads", ours->text, theirs->text);
	else if (ours->rc != theirs->rc)
		judge_blame(judge, "reads", "without the library %d, with it %d", ours->rc, theirs->rc);
}

static bool is_sampled(const char *text)
{
	unsigned hash = 0;

	for (; *text; text++)
		hash = hash * 31 + (unsigned char)*text;
	return hash % 4 == 0;
}

/* Both run it, and should do the same. */
static void judge_same(struct judge *judge, char connection, const char *text, const char *sql)
{
	static struct result before, after;
	sqlite3 *db = judge->twin.db[connection == 'b'];
	bool asked = !judge->decided[connection == 'b'] && judge_starts(sql, "INSERT INTO") &&
		     may_ask_enforcement(judge, connection, sql);
	bool known = asked && orphans_find(db, &before) && !*before.text;

	world_run(&judge->twin, text, &judge->ours);
	compare(judge, connection, sql);
	if (judge->stop)
		return;
	if (known && judge->theirs.rc == SQLITE_OK && orphans_find(db, &after) && orphans_are_new(&before, &after) &&
	    compiles_with_keys(db, sql))
		judge_blame(judge, "unenforced", "an orphan was let in: %s", after.text);
	if (known)
		judge->counts.enforced++;
	if (judge->ours.total_changes != judge->theirs.total_changes || judge->ours.rc != judge->theirs.rc ||
	    (judge->ours.total_changes && is_sampled(text)))
		judge_dump(judge, connection);
}

/* What the program says about foreign_keys itself. */
static void judge_pragma(struct judge *judge, char connection, const char *text, const char *sql)
{
	bool *decided = &judge->decided[connection == 'b'];

	world_run(&judge->twin, text, &judge->ours);
	compare(judge, connection, sql);
	if (strchr(sql, '=')) {
		*decided = *decided || !world_in_transaction(&judge->twin, connection);
		judge->said[connection == 'b'] = true;
		return;
	}
	if (!*decided && !judge->said[connection == 'b'] && judge->wants_enforcement && strcmp(judge->theirs.text, "1\n") != 0)
		judge_blame(judge, "readback", "PRAGMA foreign_keys says %.3s by recipe", judge->theirs.text);
	if (*decided && strcmp(judge->ours.text, judge->theirs.text) != 0)
		judge_blame(judge, "readback", "PRAGMA foreign_keys says %.1s, the program set %.1s", judge->theirs.text,
			    judge->ours.text);
}

/* Outside of a transaction: who fetches one row would not hear of it. */
static bool gives_refused_row(const struct judge *judge, char connection, const char *sql)
{
	return result_is_refusal(&judge->theirs) && *judge->theirs.text && !strchr(sql, ';') &&
	       !judge->decided[connection == 'b'] && !judge->said[connection == 'b'] &&
	       !world_in_transaction(&judge->twin, connection);
}

static void judge_ran(struct judge *judge, char connection, const char *text, const char *sql)
{
	char table[40];
	sqlite3 *db = judge->twin.db[connection == 'b'];

	if (judge->theirs.rc == NOT_RUN)
		judge_same(judge, connection, text, sql);
	else if (gives_refused_row(judge, connection, sql))
		judge_blame(judge, "row", "given, and then refused: %s", judge->theirs.text);
	else if (judge_starts(sql, "PRAGMA foreign_keys") && !strchr(sql, ';'))
		judge_pragma(judge, connection, text, sql);
	else if (judge->decided[connection == 'b'])
		judge_same(judge, connection, text, sql);
	else if (judge_own_table(sql, table, sizeof(table)) && judge_is_parent(db, table) &&
		 (judge->theirs.rc & 0xff) != SQLITE_SCHEMA)
		judge_own(judge, connection, table, sql, text);
	else if (result_is_refusal(&judge->theirs))
		judge_refusal(judge, connection, text);
	else
		judge_same(judge, connection, text, sql);
}

/* What sqlite3_prepare() makes fails if the schema that this connection knows is an old one; and a name may mean another database's
 * table there. The twin's questions have read it: so the other side reads it too. */
static bool refresh(struct judge *judge, char connection, const struct line *line)
{
	static struct result answer;
	char read[] = "exec a SELECT 1 FROM sqlite_master";

	if (strcmp(line->api, "v1") != 0 && strcmp(line->api, "16") != 0 &&
	    (!judge->stale[connection == 'b'] || !judge_has_same_names(judge->twin.db[connection == 'b'])))
		return true;
	read[5] = connection;
	world_run(&judge->twin, read, &answer);
	return ask_peer(judge, read, &answer);
}

static void judge_line(struct judge *judge, const char *text)
{
	struct line line = line_read(text);
	char connection = world_connection(&judge->twin, &line), other = connection == 'a' ? 'b' : 'a';
	char sql[LINE_LENGTH];
	bool in_transaction;

	/* one thread with two connections would wait for itself */
	if (!connection || world_in_transaction(&judge->twin, other) || world_has_cursor(&judge->twin, other))
		return;
	judge->counts.lines++;
	if (strcmp(line.verb, "open") == 0 && !judge->twin.db[connection == 'b'])
		judge->decided[connection == 'b'] = judge->said[connection == 'b'] = false;
	in_transaction = world_in_transaction(&judge->twin, connection);
	judge_sql(judge, text, sql, sizeof(sql));
	/* the twin has been asked questions since, which hold the attached file */
	if ((in_transaction || world_has_cursor(&judge->twin, connection)) && judge_starts(sql, "DETACH"))
		return;
	/* A script may begin a transaction and do more. Questions end what PRAGMA defer_foreign_keys began, so they are asked only
	 * where the twin has no foreign keys. */
	if (!in_transaction && !judge->decided[connection == 'b'] &&
	    (judge_starts(sql, "BEGIN;") || judge_starts(sql, "SAVEPOINT")))
		orphans_find(judge->twin.db[connection == 'b'], &judge->orphans_at_begin[connection == 'b']);
	if (!refresh(judge, connection, &line) || !ask_peer(judge, text, &judge->theirs))
		return;
	judge_ran(judge, connection, text, sql);
	note_schema_change(judge, connection, sql);
	if (judge->verbose)
		printf("  %-60s %d %s / %d %s\n", text, judge->ours.rc, judge->ours.message, judge->theirs.rc,
		       judge->theirs.message);
	if (!in_transaction && !judge->decided[connection == 'b'] && !judge_starts(sql, "BEGIN;") &&
	    world_in_transaction(&judge->twin, connection))
		orphans_find(judge->twin.db[connection == 'b'], &judge->orphans_at_begin[connection == 'b']);
}

void judge_program(struct judge *judge, const struct program *program)
{
	judge->stop = judge->decided[0] = judge->decided[1] = judge->stale[0] = judge->stale[1] = false;
	judge->said[0] = judge->said[1] = false;
	judge->finding.kind = NULL;
	for (size_t i = 0; i < program->count && !judge->stop; i++) {
		judge->finding.line = i;
		judge_line(judge, program->lines[i]);
	}
	for (char connection = 'a'; connection <= 'b' && !judge->stop; connection++) {
		if (!world_in_transaction(&judge->twin, connection == 'a' ? 'b' : 'a') && judge->twin.db[connection == 'b'])
			judge_dump(judge, connection);
	}
	world_end(&judge->twin);
	judge->counts.programs++;
	if (!ask_peer(judge, "over", &judge->theirs) && !judge->finding.kind)
		judge_blame(judge, "crash", "the process with the library ended at close");
}
