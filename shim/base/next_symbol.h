/* next_symbol.h - the function of another object that one of ours stands before, found without dlsym(3).
 *
 * Up to glibc 2.33 dlsym() is in libdl, and most programs of a system have not loaded that: dash, rm, mawk. */
#ifndef SQLPROD_BASE_NEXT_SYMBOL_H
#define SQLPROD_BASE_NEXT_SYMBOL_H

/* The default version of the function, as dlsym(RTLD_NEXT) finds it, in the first object after the one that `after` lies in, in the
 * order in which they were loaded; NULL if none has it, or chooses it by the processor (STT_GNU_IFUNC). Of objects that came with
 * the program only, which stay where they are. Takes the loader's lock; allocates nothing.
 * Source: elf(5), dl_iterate_phdr(3). */
void *next_symbol_find(const char *name, const void *after);

#endif
