/* first_words.h - what the first words of a text tell before it is read.
 *
 * Every statement passes here, and nearly all of them matter to nobody: what is asked must cost next to nothing, and be true in
 * doubt. Text in UTF-8, `bytes` as for sqlite3_prepare: negative up to the NUL. Pure text: no SQLite call, no state. */
#ifndef SQLPROD_SQL_FIRST_WORDS_H
#define SQLPROD_SQL_FIRST_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first letter after the blanks: 1 for A and a; 0 if there is no ASCII letter; STATEMENT_SA for SA, with which SAVEPOINT begins
 * and SELECT does not, STATEMENT_CR for CR, with which CREATE begins and COMMIT does not, STATEMENT_REI for REI, with which REINDEX
 * begins and REPLACE does not. For connections on which only a few kinds of statement matter. */
#define STATEMENT_SA 27
#define STATEMENT_CR 28
#define STATEMENT_REI 29
static inline unsigned statement_first_letter(const char *sql, int bytes)
{
	size_t left = sql == NULL ? 0 : bytes < 0 ? SIZE_MAX : (size_t)bytes;
	unsigned letter;

	for (; left > 0; left--, sql++) {
		letter = ((unsigned char)*sql | 0x20u) - 0x60u;
		if (letter == 's' - 0x60u)
			return left > 1 && (sql[1] | 0x20) == 'a' ? STATEMENT_SA : letter;
		if (letter == 'c' - 0x60u)
			return left > 1 && (sql[1] | 0x20) == 'r' ? STATEMENT_CR : letter;
		if (letter == 'r' - 0x60u)
			return left > 2 && (sql[1] | 0x20) == 'e' && (sql[2] | 0x20) == 'i' ? STATEMENT_REI : letter;
		if (letter <= 26)
			return letter;
		if (*sql != ' ' && *sql != '\t' && *sql != '\n' && *sql != '\f' && *sql != '\r')
			return 0;
	}
	return 0;
}

/* The same where it shows at once; 0 where it has to be looked for. */
static inline unsigned statement_first_letter_at_once(const char *sql, int bytes)
{
	static const unsigned at_once = 0x7fffffe & ~(1u << ('c' - 0x60) | 1u << ('r' - 0x60));
	unsigned letter;

	if (!sql || bytes == 0 || bytes == 1)
		return 0;
	letter = ((unsigned char)*sql | 0x20u) - 0x60u;
	if (letter == 's' - 0x60u)
		return (sql[1] | 0x20) == 'a' ? STATEMENT_SA : letter;
	if (letter <= 26 && at_once >> letter & 1)
		return letter;
	return letter == 'r' - 0x60u && bytes != 2 && (sql[1] | 0x20) == 'e' && (sql[2] | 0x20) == 'p' ? letter : 0;
}

/* May it be an UPDATE with OR after it? True in doubt, as after WITH. The text begins with a word, perhaps after blanks. */
bool statement_may_be_update_or(const char *sql, int bytes);

/* Is the text surely BEGIN or BEGIN TRANSACTION and nothing else? */
bool statement_is_plain_begin(const char *sql, int bytes);

/* ... COMMIT, up to the NUL? */
bool statement_is_plain_commit(const char *sql);

#endif
