/* start.c - the beginning and the end of the process.
 *
 * Every process under the preload passes here, most of them without SQLite: nothing but a look at the environment. */
#include "outlet.h"
#include "report.h"
#include "settings.h"

static __attribute__((constructor)) void start(void)
{
	settings_start();
	outlet_start();
}

static __attribute__((destructor)) void stop(void)
{
	report_open_connections();
}
