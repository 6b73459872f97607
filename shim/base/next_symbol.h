/* next_symbol.h - the function of another object that one of ours stands before, found without dlsym(3).
 *
 * dlsym() waits for the loader's lock, which dlopen() holds while constructors run: where one of these waits for a thread that
 * calls the function for the first time, none of them would go on. And up to glibc 2.33 it is in libdl, which most programs of a
 * system have not loaded: dash, rm, mawk. */
#ifndef SQLPROD_BASE_NEXT_SYMBOL_H
#define SQLPROD_BASE_NEXT_SYMBOL_H

#include <link.h>

/* The default version of the function, as dlsym(RTLD_NEXT) finds it, in the first object after the one with that dynamic section,
 * in the order in which they were loaded; NULL if none has it, or one chooses it by the processor (STT_GNU_IFUNC). Of objects that
 * came with the program only, which stay where they are: none if that section is not of one that comes before libc. For glibc.
 * Takes no lock, allocates nothing. Source: elf(5), link.h, ld.so(8). */
void *next_symbol_find(const char *name, const ElfW(Dyn) * after);

/* The same of a function or variable, in the first object that defines it, as dlsym(RTLD_DEFAULT) finds it. */
void *next_symbol_first(const char *name);

#endif
