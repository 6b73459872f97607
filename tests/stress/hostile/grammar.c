/* grammar.c - made-up SQL, well formed and not. */
#include "grammar.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

unsigned dice_roll(struct dice *dice, unsigned n)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ z >> 31) % n);
}

/* In a rule, an upper-case letter after % names another one; other text is literal. */
struct rule {
	char name;
	const char *const *ways;
};

#define WAYS(...)                                                                                                                  \
	(const char *const[])                                                                                                      \
	{                                                                                                                          \
		__VA_ARGS__, NULL                                                                                                  \
	}

static const struct rule rules[] = {
	{'S', WAYS("%B", "%B", "%B", "%C", "%C", "%C", "%D", "%D", "%D", "%D", "%Q", "%Q", "%Q", "%L", "%P", "%O", "%X")},
	{'B',
	 WAYS("BEGIN", "BEGIN", "BEGIN TRANSACTION", "BEGIN TRANSACTION %N", "BEGIN DEFERRED", "BEGIN DEFERRED TRANSACTION",
	      "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE TRANSACTION", "EXPLAIN BEGIN", "BEGIN CONCURRENT", "BEGIN%N", "BEGIN %N",
	      "BEGIN TRANSACTION BEGIN", "\"BEGIN\"", "[BEGIN]", "(BEGIN)", "BEGIN BEGIN", "B/**/EGIN", "BEGIN'x'", "BEGIN 1")},
	{'C', WAYS("COMMIT", "COMMIT", "END", "END TRANSACTION", "COMMIT TRANSACTION %N", "ROLLBACK", "SAVEPOINT %N", "RELEASE %N",
		   "RELEASE SAVEPOINT %N", "ROLLBACK TO %N", "ROLLBACK TRANSACTION TO SAVEPOINT %N")},
	{'D', WAYS("INSERT INTO %T VALUES(%E, %E)", "INSERT INTO %T(a) VALUES(%E),(%E)", "INSERT OR REPLACE INTO %T VALUES(%E, %E)",
		   "REPLACE INTO %T(b) SELECT %E", "INSERT OR IGNORE INTO %T SELECT * FROM %T LIMIT 3",
		   "UPDATE %T SET b=%E WHERE a=%E", "UPDATE OR REPLACE %T SET a=%E", "DELETE FROM %T WHERE a=%E", "DELETE FROM %T",
		   "WITH %N AS (%Q) INSERT INTO %T SELECT %E, %E", "WITH %N(a) AS (VALUES(%E)) DELETE FROM %T WHERE a IN %N",
		   "INSERT INTO %T DEFAULT VALUES", "INSERT INTO %T VALUES(%E, %E) RETURNING a, b",
		   "INSERT INTO %T VALUES(%E, %E) ON CONFLICT DO UPDATE SET b=%E")},
	/* its recursion ends without the LIMIT too, which a bent blank may take from it */
	{'Q',
	 WAYS("SELECT %E", "SELECT %E, %E FROM %T", "SELECT count(*), max(a) FROM %T WHERE b=%E", "VALUES(%E)",
	      "SELECT * FROM %T ORDER BY 1 LIMIT 4",
	      "WITH RECURSIVE %N(x) AS (SELECT 1 UNION SELECT (x+1)&3 FROM %N LIMIT 3) SELECT x FROM %N", "EXPLAIN QUERY PLAN %Q",
	      "EXPLAIN %D", "SELECT (%Q)", "SELECT count(*) FROM sqlite_schema", "SELECT * FROM (%Q)")},
	{'L',
	 WAYS("CREATE TABLE IF NOT EXISTS %T(a INTEGER PRIMARY KEY, b)", "CREATE TABLE %T(a UNIQUE, b DEFAULT 'BEGIN;')",
	      "CREATE TEMP TABLE %N(a, b)", "CREATE TABLE %N AS %Q", "CREATE INDEX IF NOT EXISTS i%N ON t1(b)",
	      "DROP TABLE IF EXISTS %T", "DROP INDEX IF EXISTS i%N", "CREATE VIEW IF NOT EXISTS v%N AS %Q",
	      "DROP VIEW IF EXISTS v%N", "ALTER TABLE %T ADD COLUMN %N", "ALTER TABLE %T RENAME TO %N", "DROP TRIGGER IF EXISTS r",
	      "CREATE TRIGGER IF NOT EXISTS r AFTER INSERT ON t1 BEGIN UPDATE t2 SET b='END;'; DELETE FROM t3; END",
	      "CREATE TEMP TRIGGER r BEFORE DELETE ON t2 WHEN 1 BEGIN SELECT CASE WHEN 1 THEN 2 END; END")},
	{'P', WAYS("PRAGMA user_version=%I", "PRAGMA user_version", "PRAGMA table_info(t1)", "PRAGMA main.application_id=%I",
		   "PRAGMA integrity_check", "PRAGMA foreign_key_check", "PRAGMA %N", "PRAGMA %N=%E", "PRAGMA schema_version",
		   "PRAGMA encoding", "PRAGMA case_sensitive_like=%I", "PRAGMA defer_foreign_keys", "PRAGMA u.user_version(%I)")},
	{'O', WAYS("ATTACH 'u.db' AS u", "ATTACH DATABASE ':memory:' AS m", "VACUUM", "REINDEX", "ANALYZE", "", ";", ";;;", "-- x",
		   "/* x */")},
	{'X', WAYS("%E", "%N %N", "CREATE", "SELECT", "SELECT FROM", "%B %D", "'%E", "\"%N", "/* %S", "-- %S", "EXPLAIN",
		   "EXPLAIN EXPLAIN %Q", "%Q %B", "WITH %N AS (%D) %D", ")", "x'0", "0x", "$a::(;", "?9999999")},
	{'E', WAYS("%I", "%I", "NULL", "'x'", "'it''s; BEGIN'", "x'00ff'", "%I.5", "1e%I", "a", "-%I", "(%E+%E)",
		   "'\xc3\xa9\xf0\x9f\x98\x80'", "zeroblob(%I)", "abs(%E)", "%E||'%N'", "?1", ":n", "@BEGIN",
		   "CASE WHEN %E THEN %E END", "\"begin\"", "9223372036854775808")},
	{'T', WAYS("t1", "t1", "t2", "t3", "main.t1", "u.t1", "temp.t2", "\"t1\"", "[t2]", "`t3`")},
	{'N', WAYS("x", "y", "begin", "commit", "replace", "end", "\xc3\xa9", "\"a b\"", "transaction", "[;]", "deferred")},
	{'I', WAYS("0", "1", "2", "3", "7", "100", "65536", "2147483648")},
};

struct writer {
	struct dice *dice;
	char *out;
	size_t length, size;
};

static void put(struct writer *writer, const char *text, size_t length)
{
	if (length > writer->size - writer->length)
		length = writer->size - writer->length;
	memcpy(writer->out + writer->length, text, length);
	writer->length += length;
}

static void bend_blank(struct writer *writer)
{
	static const struct {
		const char *text;
		size_t length;
	} blanks[] = {{"\n", 1},
		      {"\t", 1},
		      {"  ", 2},
		      {"\f", 1},
		      {"\r\n", 2},
		      {" \v", 2},
		      {"\v", 1},
		      {"/**/", 4},
		      {"/* BEGIN; */", 12},
		      {"--\n", 3},
		      {"-- ;\n", 5},
		      {"\xc2\xa0", 2},
		      {"\xef\xbb\xbf", 3},
		      {"/*", 2},
		      {"\xe2\x80\x83", 3},
		      {";", 1},
		      {"\0", 1},
		      {"", 0},
		      {"/", 1},
		      {"\x80", 1},
		      {"\xed\xa0\x80", 3}};
	unsigned n = dice_roll(writer->dice, sizeof(blanks) / sizeof(blanks[0]));

	put(writer, blanks[n].text, blanks[n].length);
}

static void put_letter(struct writer *writer, char letter, unsigned bent)
{
	if (letter == ' ' && dice_roll(writer->dice, 100) < bent)
		bend_blank(writer);
	else if (dice_roll(writer->dice, 100) < bent)
		put(writer, &(char){(char)(isupper((unsigned char)letter) ? tolower(letter) : toupper(letter))}, 1);
	else if (dice_roll(writer->dice, 4000) < bent)
		put(writer, &(char){(char)dice_roll(writer->dice, 256)}, 1);
	else
		put(writer, &letter, 1);
}

static void expand(struct writer *writer, char name, unsigned depth, unsigned bent)
{
	const struct rule *rule = rules;
	unsigned count = 0;
	const char *way;

	while (rule->name != name)
		rule++;
	while (rule->ways[count])
		count++;
	/* the first ways lead to an end */
	way = rule->ways[dice_roll(writer->dice, depth > 6 ? 1 : count)];
	for (; *way; way++) {
		if (way[0] == '%')
			expand(writer, *++way, depth + 1, bent);
		else
			put_letter(writer, *way, bent);
	}
}

size_t grammar_write(struct dice *dice, char *out, size_t size)
{
	static const unsigned degrees[] = {0, 0, 1, 10, 40};
	struct writer writer = {.dice = dice, .out = out, .size = size - 1};
	unsigned bent = degrees[dice_roll(dice, 5)], count = 1 + dice_roll(dice, 3) * dice_roll(dice, 2);

	if (dice_roll(dice, 20) == 0)
		bend_blank(&writer);
	for (unsigned i = 0; i < count; i++) {
		expand(&writer, 'S', 0, bent);
		if (i + 1 < count || dice_roll(dice, 3) == 0)
			put(&writer, "; ", dice_roll(dice, 2) + 1);
	}
	out[writer.length] = '\0';
	return writer.length;
}
