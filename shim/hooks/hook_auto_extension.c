/* hook_auto_extension.c - the hook of the function by which a program registers automatic extensions. */
#include "base/guard.h"
#include "sqlite/probe.h"

HOOK int sqlite3_auto_extension(void (*extension)(void))
{
	const struct sqlite *sqlite = sqlite_of_caller("sqlite3_auto_extension", HOOK_CALLER);

	if (!sqlite || !sqlite->auto_extension)
		return SQLITE_MISUSE;
	probe_goes_first(sqlite);
	return sqlite->auto_extension(extension);
}
