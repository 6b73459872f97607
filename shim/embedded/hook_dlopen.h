/* hook_dlopen.h - interposition for modules loaded with RTLD_DEEPBIND.
 *
 * PHP up to 8.4 loads its extensions with that flag: their symbols are looked up in their own libraries before ours, so they bind
 * to the original SQLite and the original open(), and neither our hooks nor the search for embedded copies see them. For a module
 * that is linked to libsqlite3 the flag is removed: its symbols are then looked up as if the program were linked to it. The rest of
 * the call is unchanged, and so is its caller: the loader finds RUNPATH, namespace and RTLD_NEXT by the return address, so our
 * dlopen() ends with a jump to the original. */
#ifndef SQLPROD_EMBEDDED_HOOK_DLOPEN_H
#define SQLPROD_EMBEDDED_HOOK_DLOPEN_H

/* The mode with which to load file. Also resolves the original dlopen(). Called by our dlopen(), in assembler; errno is kept. */
int deepbind_mode(const char *file, int mode) __attribute__((visibility("hidden")));

#endif
