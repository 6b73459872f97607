/* versions.h - which versions of other libraries' functions an object was linked with. */
#ifndef SQLPROD_ELF_VERSIONS_H
#define SQLPROD_ELF_VERSIONS_H

#include <stdbool.h>

/* Does the loaded object that this code lies in need a function of that version, as "GLIBC_2.27"? False if the code lies in none.
 * Takes no lock but loader_find()'s. */
bool versions_has(const void *code, const char *version);

#endif
