/* loaded_symbol.h - symbols of objects that the program has loaded since, found without the loader's lock.
 *
 * dlopen() and dlclose() hold it while they run constructors and destructors, which may wait for a thread that opens its first
 * database: dlsym() would have that thread wait in turn. What is found here is what dlsym() would find, or nothing is. */
#ifndef SQLPROD_ELF_LOADED_SYMBOL_H
#define SQLPROD_ELF_LOADED_SYMBOL_H

#include "elf/loader.h"

/* Is what dlsym() would find in the scope of this object known? *symbol is it then, NULL if that is nothing. The program keeps the
 * object loaded meanwhile. */
bool loaded_symbol_of(const struct loaded *loaded, const char *name, void **symbol);

/* The same for whichever object, where one at the most defines the name besides us; false where several do. */
bool loaded_symbol_only(const char *name, void **symbol);

#endif
