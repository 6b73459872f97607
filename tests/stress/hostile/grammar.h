/* grammar.h - made-up SQL, well formed and not. */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* A number below n, which is not 0; the same seed gives the same numbers everywhere. */
unsigned dice_roll(struct dice *dice, unsigned n);

/* One buffer of statements: whole ones by a grammar, then bent here and there by comments, blanks, letters' case, marks and bytes
 * that are none. Returns the length; a NUL follows, and there may be others before. Left out is what the recipe changes by its
 * nature: the settings themselves, query_only, page_size, DETACH, foreign keys. */
size_t grammar_write(struct dice *dice, char *out, size_t size);

#endif
