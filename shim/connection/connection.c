/* connection.c - the record of an open handle: which statements must be read. */
#include "connection/connection.h"

#include "sql/first_words.h"

#include <stdlib.h>

#define EVERY_LETTER (~(INTEREST_ATTEMPT | INTEREST_QUIET))

void connection_release(struct connection *connection)
{
	free(connection->path);
	free(connection->embedded_state);
	free(connection->unshimmed);
	free(connection->foreign_keys.attempt);
	free(connection->foreign_keys.compiled);
	free(connection->foreign_keys.harm);
	free(connection->foreign_keys.updates);
	connection->path = NULL;
	connection->embedded_state = NULL;
	connection->unshimmed = NULL;
	connection->foreign_keys.attempt = NULL;
	connection->foreign_keys.compiled = NULL;
	connection->foreign_keys.harm = NULL;
	connection->foreign_keys.updates = NULL;
}

/* Is there nothing that the next statement, or its end, brings about, whichever it is? */
static bool is_quiet(const struct connection *connection)
{
	const struct foreign_keys *keys = &connection->foreign_keys;

	return keys->left == FOREIGN_KEYS_LEFT_ON && !keys->rolled_back && connection->temp_storage == TEMP_AS_SET;
}

void connection_update_interest(struct connection *connection)
{
	const struct foreign_keys *keys = &connection->foreign_keys;
	unsigned interest;

	if (connection->passthrough)
		interest = 0;
	else if (!connection_is_set_up(connection) || atomic_load_explicit(&connection->heap_unchecked, memory_order_relaxed) ||
		 connection->wal_retry_at || connection->setup == SETUP_RECHECK || connection->first_awaited ||
		 (connection->attached == ATTACHED_UNCHECKED && !connection_is_embedded(connection)))
		interest = EVERY_LETTER;
	else
		interest = 1 | LETTER('b') | LETTER('p') | LETTER('a') | LETTER('v') | 1u << STATEMENT_SA | 1u << STATEMENT_CR |
			   1u << STATEMENT_REI;
	if (interest && interest != EVERY_LETTER && is_quiet(connection))
		interest |= keys->ours && keys->attempt ? INTEREST_QUIET | INTEREST_ATTEMPT : INTEREST_QUIET;
	/* DELETE, DROP, INSERT, REPLACE, UPDATE, WITH; ALTER is there already */
	if (keys->ours)
		interest |= LETTERS_OF_WRITES;
	/* COMMIT, END */
	if (keys->miscounts)
		interest |= LETTER('c') | LETTER('e');
	atomic_store_explicit(&connection->interest, interest, memory_order_seq_cst);
	/* set by another thread since it was looked at: either this sees that, or connection_check_heap() stores last */
	if (atomic_load(&connection->heap_unchecked) && !connection->passthrough)
		atomic_store(&connection->interest, EVERY_LETTER);
}

void connection_check_heap(struct connection *connection)
{
	atomic_store(&connection->heap_unchecked, true);
	atomic_store(&connection->interest, EVERY_LETTER);
}
