/* script.h - finds the script that an interpreter runs. */
#ifndef SQLPROD_BASE_SCRIPT_H
#define SQLPROD_BASE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* Reads an interpreter's command line, as /proc/self/cmdline has it: arguments that each end in a NUL, the first of them the
 * program's own name. Returns the script's file as it is written there, or, with *module set, a module's name (python -m, java -m);
 * NULL if that is no interpreter, or one that runs no file. Pure. */
const char *script_find(const char *program, const char *arguments, size_t length, bool *module);

#endif
