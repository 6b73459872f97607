/* statement.c - classifies SQL statements.
 *
 * Knows just enough of SQLite's grammar to distinguish the kinds of statements. Reads the program's own text, UTF-8 or UTF-16, in
 * place, and allocates nothing. */
#include "sql/statement.h"

#include "sql/token.h"

static bool token_may_name(struct token token)
{
	return token.kind == TOKEN_WORD || token.kind == TOKEN_NAME || token.kind == TOKEN_STRING;
}

static bool token_ends_statement(struct token token)
{
	return token.kind == TOKEN_SEMICOLON || token.kind == TOKEN_END;
}

/* As token_word() has it. */
#define WORD(a, b, c, d, e, f, g)                                                                                                  \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32 |                    \
	 (uint64_t)(f) << 40 | (uint64_t)(g) << 48)

static enum statement_kind kind_of_word(const struct sql_text *text, struct token token)
{
	switch (token_word(text, token)) {
	case WORD('s', 'e', 'l', 'e', 'c', 't', 0):
	case WORD('w', 'i', 't', 'h', 0, 0, 0):
	case WORD('v', 'a', 'l', 'u', 'e', 's', 0):
		return STATEMENT_READ;
	case WORD('i', 'n', 's', 'e', 'r', 't', 0):
	case WORD('u', 'p', 'd', 'a', 't', 'e', 0):
	case WORD('d', 'e', 'l', 'e', 't', 'e', 0):
		return STATEMENT_WRITE;
	case WORD('b', 'e', 'g', 'i', 'n', 0, 0):
		return STATEMENT_BEGIN;
	case WORD('p', 'r', 'a', 'g', 'm', 'a', 0):
		return STATEMENT_PRAGMA;
	case WORD('r', 'e', 'p', 'l', 'a', 'c', 'e'):
		return STATEMENT_REPLACE;
	case WORD('c', 'r', 'e', 'a', 't', 'e', 0):
	case WORD('d', 'r', 'o', 'p', 0, 0, 0):
	case WORD('a', 'n', 'a', 'l', 'y', 'z', 'e'):
		return STATEMENT_SCHEMA;
	case WORD('a', 'l', 't', 'e', 'r', 0, 0):
		return STATEMENT_ALTER;
	case WORD('e', 'x', 'p', 'l', 'a', 'i', 'n'):
		return STATEMENT_EXPLAIN;
	case WORD('a', 't', 't', 'a', 'c', 'h', 0):
		return STATEMENT_ATTACH;
	case WORD('v', 'a', 'c', 'u', 'u', 'm', 0):
		return STATEMENT_VACUUM;
	case WORD('r', 'e', 'i', 'n', 'd', 'e', 'x'):
		return STATEMENT_INDEX;
	default:
		return STATEMENT_OTHER;
	}
}

/* Reads name or schema.name from *token on; *token becomes the token after it. False, with both spans untouched, if there is
 * none. */
static bool read_name(const struct sql_text *text, struct token *token, struct span *schema, struct span *name)
{
	struct token first = *token;

	if (!token_may_name(*token))
		return false;
	*token = token_next(text, *token);
	if (token->kind != TOKEN_DOT) {
		*name = first.span;
		return true;
	}
	*token = token_next(text, *token);
	if (!token_may_name(*token))
		return false;
	*schema = first.span;
	*name = token->span;
	*token = token_next(text, *token);
	return true;
}

static void read_begin(const struct sql_text *text, struct token token, struct statement *out)
{
	out->begin = BEGIN_PLAIN;
	out->mode = (struct span){token.span.end, token.span.end};
	token = token_next(text, token);
	if (token_ends_statement(token)) {
		out->end = token.span.end;
		return;
	}
	if (token_is(text, token, "deferred")) {
		out->begin = BEGIN_DEFERRED;
		out->mode = token.span;
		token = token_next(text, token);
	}
	if (token_is(text, token, "transaction")) {
		token = token_next(text, token);
		if (token_may_name(token))
			token = token_next(text, token);
	}
	if (token_ends_statement(token))
		out->end = token.span.end;
	else
		out->begin = BEGIN_OTHER;
}

/* Reads a name, a number, or a signed number; *token becomes the token after it. */
static bool read_value(const struct sql_text *text, struct token *token, struct span *value)
{
	size_t start = token->span.start;

	if (token->kind == TOKEN_SIGN) {
		*token = token_next(text, *token);
		if (token->kind != TOKEN_NUMBER)
			return false;
	} else if (token->kind != TOKEN_NUMBER && !token_may_name(*token)) {
		return false;
	}
	*value = (struct span){start, token->span.end};
	*token = token_next(text, *token);
	return true;
}

static bool read_pragma(const struct sql_text *text, struct token token, struct statement *out)
{
	bool open;

	token = token_next(text, token);
	if (!read_name(text, &token, &out->schema, &out->name))
		return false;
	open = token.kind == TOKEN_OPEN;
	if (open || token.kind == TOKEN_EQUAL) {
		token = token_next(text, token);
		if (!read_value(text, &token, &out->value))
			return false;
		out->has_value = true;
		if (open) {
			if (token.kind != TOKEN_CLOSE)
				return false;
			token = token_next(text, token);
		}
	}
	out->end = token.span.end;
	return token_ends_statement(token);
}

/* The verb: the token after WITH … (…). A common table may have any name, even replace, so only the token after a closing
 * parenthesis counts: AS after a list of columns, a comma before the next table, or the verb. */
static struct token find_verb(const struct sql_text *text, struct token token)
{
	size_t depth = 0;
	bool closed = false;

	for (;;) {
		token = token_next(text, token);
		if (token_ends_statement(token))
			return token;
		if (closed && token.kind != TOKEN_COMMA && !token_is(text, token, "as"))
			return token;
		closed = false;
		if (token.kind == TOKEN_OPEN)
			depth++;
		else if (token.kind == TOKEN_CLOSE && depth > 0)
			closed = --depth == 0;
	}
}

/* From the verb on: which is it, and does it replace rows? */
static void read_write(const struct sql_text *text, struct token token, struct statement *out)
{
	if (token_is(text, token, "delete"))
		out->verb = WRITE_DELETE;
	else
		out->verb = token_is(text, token, "update") ? WRITE_UPDATE : WRITE_INSERT;
	token = token_next(text, token);
	if (token_is(text, token, "or") && token_is(text, token_next(text, token), "replace"))
		out->kind = STATEMENT_REPLACE;
}

/* From CREATE or DROP on: is it of an index, or of a table to be dropped? */
static void read_schema(const struct sql_text *text, struct token token, struct statement *out)
{
	struct token next = token_next(text, token);

	if (token_is(text, token, "drop") && token_is(text, next, "table"))
		out->kind = STATEMENT_DROP_TABLE;
	else if (token_is(text, token, "create") && (token_is(text, next, "index") || token_is(text, next, "unique")))
		out->kind = STATEMENT_INDEX;
}

static void read_with(const struct sql_text *text, struct token token, struct statement *out)
{
	token = find_verb(text, token);
	out->kind = kind_of_word(text, token);
	if (out->kind == STATEMENT_WRITE || out->kind == STATEMENT_REPLACE)
		read_write(text, token, out);
	else if (out->kind != STATEMENT_READ)
		out->kind = STATEMENT_OTHER;
}

static void read_savepoint(const struct sql_text *text, struct token token, struct statement *out)
{
	struct token name, end;

	if (!token_is(text, token, "savepoint"))
		return;
	name = token_next(text, token);
	end = token_next(text, name);
	if (!token_may_name(name) || !token_ends_statement(end))
		return;
	out->kind = STATEMENT_SAVEPOINT;
	out->end = end.span.end;
}

void statement_read(const struct sql_text *text, size_t from, struct statement *out)
{
	struct token token = token_find(text, from);

	while (token.kind == TOKEN_SEMICOLON)
		token = token_next(text, token);
	*out = (struct statement){.kind = STATEMENT_EMPTY, .start = token.span.start};
	if (token.kind == TOKEN_END)
		return;
	out->kind = kind_of_word(text, token);
	switch (out->kind) {
	case STATEMENT_BEGIN:
		read_begin(text, token, out);
		break;
	case STATEMENT_PRAGMA:
		if (!read_pragma(text, token, out))
			*out = (struct statement){.kind = STATEMENT_OTHER, .start = out->start};
		break;
	case STATEMENT_READ:
		if (token_is(text, token, "with"))
			read_with(text, token, out);
		break;
	case STATEMENT_WRITE:
	case STATEMENT_REPLACE:
		read_write(text, token, out);
		break;
	case STATEMENT_SCHEMA:
		read_schema(text, token, out);
		break;
	case STATEMENT_OTHER:
		read_savepoint(text, token, out);
		break;
	default:
		break;
	}
}

void statement_read_utf8(const char *sql, struct statement *out)
{
	struct sql_text text = sql_text_utf8(sql, -1);

	statement_read(&text, 0, out);
}

/* Which semicolon ends the statement: the first, the one after END, or the first outside of parentheses. */
enum body { BODY_PLAIN, BODY_TRIGGER, BODY_VIRTUAL_TABLE };

static enum body find_body(const struct sql_text *text, struct token token)
{
	if (token_is(text, token, "explain")) {
		token = token_next(text, token);
		if (token_is(text, token, "query")) {
			token = token_next(text, token);
			token = token_next(text, token);
		}
	}
	if (!token_is(text, token, "create"))
		return BODY_PLAIN;
	token = token_next(text, token);
	if (token_is(text, token, "virtual"))
		return BODY_VIRTUAL_TABLE;
	if (token_is(text, token, "temp") || token_is(text, token, "temporary"))
		token = token_next(text, token);
	return token_is(text, token, "trigger") ? BODY_TRIGGER : BODY_PLAIN;
}

static size_t find_end(const struct sql_text *text, const struct statement *statement)
{
	struct token token = token_find(text, statement->start);
	enum body body = find_body(text, token);
	bool last = body != BODY_TRIGGER;
	size_t depth = 0;

	for (; token.kind != TOKEN_END; token = token_next(text, token)) {
		if (token.kind == TOKEN_SEMICOLON && last && depth == 0)
			break;
		/* no statement in a trigger's body begins with END */
		if (token.kind == TOKEN_SEMICOLON && !last)
			last = token_is(text, token_next(text, token), "end");
		/* a virtual table's arguments are any tokens between parentheses */
		if (token.kind == TOKEN_OPEN && body == BODY_VIRTUAL_TABLE)
			depth++;
		else if (token.kind == TOKEN_CLOSE && depth > 0)
			depth--;
	}
	return token.span.end;
}

size_t statement_find_end(const struct sql_text *text, const struct statement *statement)
{
	return statement->end ? statement->end : find_end(text, statement);
}
