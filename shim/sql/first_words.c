/* first_words.c - what the first words of a text tell before it is read. */
#include "sql/first_words.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* Up to end; NULL: up to the NUL. */
static const char *skip_blanks(const char *sql, const char *end)
{
	while (sql != end && is_blank(*sql))
		sql++;
	return sql;
}

/* What follows the word (in lower case) at the start of the text; NULL if it begins otherwise. */
static const char *skip_letters(const char *sql, const char *end, const char *word)
{
	for (; *word; sql++, word++)
		if (sql == end || (*sql | 0x20) != *word)
			return NULL;
	return sql;
}

bool statement_is_plain_begin(const char *sql, int bytes)
{
	const char *end = bytes < 0 ? NULL : sql + bytes, *rest, *begin;

	begin = sql ? skip_letters(skip_blanks(sql, end), end, "begin") : NULL;
	if (!begin)
		return false;
	rest = skip_blanks(begin, end);
	if (rest != begin && skip_letters(rest, end, "transaction"))
		rest = skip_blanks(skip_letters(rest, end, "transaction"), end);
	if (rest != end && *rest == ';')
		rest = skip_blanks(rest + 1, end);
	return rest == end || *rest == '\0';
}

bool statement_is_plain_commit(const char *sql)
{
	const char *rest = sql ? skip_letters(skip_blanks(sql, NULL), NULL, "commit") : NULL;

	if (rest && *rest == ';')
		rest++;
	return rest && *rest == '\0';
}

bool statement_may_be_update_or(const char *sql, int bytes)
{
	size_t length = bytes < 0 ? strlen(sql) : strnlen(sql, (size_t)bytes), at = 0;

	while (at < length && is_blank(sql[at]))
		at++;
	if (at == length || (sql[at] | 0x20) == 'w')
		return true;
	if ((sql[at] | 0x20) != 'u')
		return false;
	at += strlen("update");
	if (at >= length || !is_blank(sql[at]))
		return true;
	while (at < length && is_blank(sql[at]))
		at++;
	return at + 2 >= length || sql[at] == '-' || sql[at] == '/' ||
	       ((sql[at] | 0x20) == 'o' && (sql[at + 1] | 0x20) == 'r' &&
		(is_blank(sql[at + 2]) || sql[at + 2] == '-' || sql[at + 2] == '/'));
}
