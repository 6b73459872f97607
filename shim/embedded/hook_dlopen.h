/* hook_dlopen.h - the front door for modules loaded with RTLD_DEEPBIND.
 *
 * PHP up to 8.4 loads its extensions so: they look symbols up in their own libraries before ours, and find the real SQLite and the
 * real open(), past both doors. For a module that is linked to libsqlite3 the flag is left out: its symbols are then looked up as
 * if its host were linked to it. Nothing else of the call changes, nor who made it: the RUNPATH, the namespace and RTLD_NEXT that
 * apply are found by the return address, so dlopen() is left by a jump. */
#ifndef SQLPROD_EMBEDDED_HOOK_DLOPEN_H
#define SQLPROD_EMBEDDED_HOOK_DLOPEN_H

/* The mode with which file is to be loaded; the address of the real dlopen() is known afterwards. Called by dlopen() itself; errno
 * is kept. */
int deepbind_mode(const char *file, int mode) __attribute__((visibility("hidden")));

#endif
