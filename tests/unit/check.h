/* check.h - counts what holds and prints what does not, for the unit tests of settings and storage. */
#ifndef SQLPROD_UNIT_CHECK_H
#define SQLPROD_UNIT_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int passed, failed;

static inline void __attribute__((format(printf, 2, 3))) check(bool ok, const char *format, ...)
{
	va_list arguments;

	if (ok) {
		passed++;
		return;
	}
	failed++;
	fputs("FAILED: ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* Prints the last line; returns the exit status. */
static inline int check_end(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

#endif
