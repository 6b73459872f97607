/* next_symbol NAME... - what is found without dlsym(3) is what dlsym() finds. */
#include "base/next_symbol.h"

#include <dlfcn.h>

#include "../check.h"

int main(int argc, char **argv)
{
	int there = 0;

	for (int i = 1; i < argc; i++) {
		const void *wanted = dlsym(RTLD_NEXT, argv[i]), *got = next_symbol_find(argv[i], _DYNAMIC);

		check(got == wanted, "%s: %p, dlsym() says %p", argv[i], got, wanted);
		there += wanted != NULL;
	}
	check(there > argc / 4, "dlsym() finds %d of %d names", there, argc - 1);
	check(next_symbol_first("__libc_single_threaded") == dlsym(RTLD_DEFAULT, "__libc_single_threaded"), "a variable of libc");
	check(next_symbol_first("open") == dlsym(RTLD_DEFAULT, "open"), "the first definition of a function");
	check(!next_symbol_first("sqlprod_none") && !next_symbol_find("sqlprod_none", _DYNAMIC), "a name that nobody defines");
	check(!next_symbol_find("open", NULL), "a function after what is no object");
	return check_end();
}
