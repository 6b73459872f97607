/* interest.c - another thread sets a limit on SQLite's heap while this one sets what statements must be read. */
#include "../check.h"
#include "connection/connection.h"
#include "meanwhile.h"

static struct connection connection = {.setup = SETUP_DONE};
static bool limits;

void meanwhile(void)
{
	bool now = limits;

	limits = false;
	if (now)
		connection_check_heap(&connection);
}

static bool reads_select(void)
{
	return connection_reads(&connection, LETTER_NUMBER('s'));
}

int main(void)
{
	connection_update_interest(&connection);
	check(!reads_select(), "a SELECT is read for nothing");
	limits = true;
	connection_update_interest(&connection);
	check(reads_select(), "the next SELECT is not read, though a limit was set");
	atomic_store(&connection.heap_unchecked, false);
	connection_update_interest(&connection);
	check(!reads_select(), "a SELECT is read though the limit was looked at");
	return check_end();
}
