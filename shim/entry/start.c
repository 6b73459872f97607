/* start.c - the beginning and the end of the process.
 *
 * Every process under the preload passes here, most of them without SQLite: nothing but a look at the environment. */
#include "base/log_sink.h"
#include "base/settings.h"
#include "report/report.h"

static __attribute__((constructor)) void start(void)
{
	settings_start();
	log_sink_start();
}

static __attribute__((destructor)) void stop(void)
{
	report_open_connections();
}
