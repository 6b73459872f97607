/* start.c - the constructor and the destructor.
 *
 * They run in every process under the preload, most of which have no SQLite: so the constructor only reads the environment. */
#include "base/log_sink.h"
#include "base/program.h"
#include "base/settings.h"
#include "connection/registry.h"
#include "locking/idle_wal.h"
#include "policy/checkpoints.h"
#include "report/report.h"

#include <stdint.h>

/* By this pthread_atfork() names the library to which what it is given belongs. gcc's start files would have it. */
extern void *const __dso_handle __attribute__((visibility("hidden")));
void *const __dso_handle = (void *)(uintptr_t)&__dso_handle;

static __attribute__((constructor)) void start(void)
{
	settings_start();
	log_sink_start();
	if (!settings_are_of_recipe() &&
	    (settings_get(SETTING_PROGRAMS)->by_operator || settings_get(SETTING_SKIP_PROGRAMS)->by_operator))
		program_note_names();
}

/* What is called lies in pages that a process without a connection has not touched. */
static __attribute__((destructor)) void stop(void)
{
	if (registry_newest() == 0)
		return;
	/* nor is anything copied while other destructors run */
	idle_wal_exclude();
	checkpoint_at_end();
	report_open_connections();
}
