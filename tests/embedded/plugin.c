/* plugin.c - beside the victim's sources in a plugin: how its host ends it. */
#include <sqlite3.h>

int plugin_end(void);

/* What SQLite holds is given back, so that the leak checker finds nothing of an unloaded plugin's. */
int plugin_end(void)
{
	return sqlite3_shutdown();
}
