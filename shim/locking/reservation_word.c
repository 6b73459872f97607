/* reservation_word.c - reads and writes the word. */
#include "locking/reservation_word.h"

#include "base/settings.h"
#include "locking/file_shim.h"

#define RESERVATION 124
#define FORMAT 3007000 /* of the -shm: at its start */

#define MILLISECOND INT64_C(1000000)
#define LONGEST 60000 /* milliseconds: as SQLPROD_RESERVE allows */

/* How far away a word is that tells of a text, and how much that may be off. */
#define AWAY (UINT32_C(1) << 31)
#define TEXTS (UINT32_C(1) << RESERVATION_TEXT_BITS)
#define TOLD (TEXTS << RESERVATION_NEEDS_BITS)

static atomic_uint forks;
static atomic_bool has_met_partner; /* has a connection ever found one of its own thread's reservations? */

void reservation_forked(void)
{
	atomic_fetch_add(&forks, 1);
}

int64_t reservation_length(void)
{
	return settings_get(SETTING_RESERVE)->number * MILLISECOND;
}

static _Atomic uint32_t *place_of(const char *shm)
{
	return (_Atomic uint32_t *)(uintptr_t)(shm + RESERVATION);
}

bool reservation_word_is_known(const char *shm)
{
	return shm && *(const volatile uint32_t *)(const volatile void *)shm == FORMAT;
}

uint32_t reservation_word(const char *shm)
{
	return reservation_word_is_known(shm) ? atomic_load(place_of(shm)) : 0;
}

int64_t reservation_lapses_at(uint32_t word, int64_t now)
{
	uint32_t left = word - (uint32_t)(now / MILLISECOND);

	return word && left > 0 && left <= LONGEST ? now - now % MILLISECOND + left * MILLISECOND : 0;
}

bool reservation_has_lapsed(uint32_t word, int64_t now)
{
	return word && (uint32_t)(now / MILLISECOND) - word <= LONGEST;
}

bool reservation_word_blocks(const struct file_shim *shim, uint32_t word)
{
	if (!word || !reservation_lapses_at(word, shim->handoff.system->now()))
		return false;
	if (shim->reservation.state == RESERVATION_HELD && word == shim->reservation.word)
		return false;
	if (holder_find(&shim->holder, shim->handoff.shm, word) != HOLDER_OF_THREAD)
		return true;
	atomic_store_explicit(&has_met_partner, true, memory_order_relaxed);
	return false;
}

bool reservation_blocks(struct file_shim *shim)
{
	return reservation_word_blocks(shim, reservation_word(shim->handoff.shm));
}

bool reservation_word_tells(uint32_t word, int64_t now, struct told_text *told)
{
	uint32_t off = word - (uint32_t)(now / MILLISECOND) - AWAY + 2 * TOLD;

	*told = (struct told_text){.text = word % TEXTS, .needs = word % TOLD / TEXTS};
	return word && off < 4 * TOLD;
}

/* Whoever reads by a word that has lapsed may still write: it looks for its word then, and goes on as where others have reserved.
 */
void reservation_word_leave(struct file_shim *shim, struct told_text told)
{
	int64_t now = shim->handoff.system->now();
	uint32_t seen = reservation_word(shim->handoff.shm), away = (uint32_t)(now / MILLISECOND) + AWAY;

	if (reservation_word_is_known(shim->handoff.shm) && !reservation_lapses_at(seen, now))
		atomic_compare_exchange_strong(place_of(shim->handoff.shm), &seen,
					       away - away % TOLD + (told.needs * TEXTS + told.text % TEXTS) % TOLD);
}

static uint32_t word_until(int64_t time)
{
	uint32_t word = (uint32_t)(time / MILLISECOND);

	return word ? word : 1;
}

/* No partner is to take the next one's word for its own: `partners` is theirs. */
static bool exchange(const struct file_shim *shim, uint32_t seen, uint32_t word, uint32_t partners)
{
	if (seen && atomic_load_explicit(&has_met_partner, memory_order_relaxed))
		holder_replace_word(&shim->holder, shim->handoff.shm, seen, partners);
	return atomic_compare_exchange_strong(place_of(shim->handoff.shm), &seen, word);
}

void reservation_word_join(struct file_shim *shim, uint32_t word, int64_t now)
{
	struct reservation *reservation = &shim->reservation;

	reservation->word = word;
	reservation->since = now;
	reservation->forks = atomic_load_explicit(&forks, memory_order_relaxed);
}

bool reservation_word_set(struct file_shim *shim, uint32_t seen, int64_t now, int64_t until)
{
	uint32_t word = word_until(until);

	if (!exchange(shim, seen, word, 0))
		return false;
	reservation_word_join(shim, word, now);
	return true;
}

bool reservation_word_is_joint(const struct file_shim *shim)
{
	uint32_t word = shim->reservation.word;

	return word && atomic_load_explicit(&has_met_partner, memory_order_relaxed) && shim->handoff.shm &&
	       holder_find(&shim->holder, shim->handoff.shm, word) != HOLDER_ELSEWHERE;
}

uint32_t reservation_word_own(const struct file_shim *shim)
{
	return atomic_load_explicit(&shim->holder.word, memory_order_relaxed);
}

bool reservation_word_renew(struct file_shim *shim, int64_t until)
{
	uint32_t word = word_until(until);

	if (!exchange(shim, shim->reservation.word, word, word))
		return false;
	shim->reservation.word = word;
	return true;
}

/* A forked child that closes what it inherited must leave its parent's alone. */
static bool is_own(const struct file_shim *shim, unsigned written_after)
{
	return shim->handoff.shm && written_after == atomic_load_explicit(&forks, memory_order_relaxed);
}

bool reservation_word_clear(struct file_shim *shim)
{
	uint32_t word = shim->reservation.word;

	return word && is_own(shim, shim->reservation.forks) && exchange(shim, word, 0, 0);
}

void reservation_word_committed(struct file_shim *shim)
{
	uint32_t word = reservation_word(shim->handoff.shm);

	if (reservation_lapses_at(word, shim->handoff.system->now()) &&
	    holder_find(&shim->holder, shim->handoff.shm, word) == HOLDER_OF_THREAD)
		exchange(shim, word, 0, 0);
}

bool reservation_claim(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t seen, word;

	if (shim->shared_write.hold != WRITE_SHARED || !reservation_word_is_known(shim->handoff.shm))
		return !reservation_blocks(shim);
	word = word_until(shim->handoff.system->now() + reservation_length());
	do {
		seen = reservation_word(shim->handoff.shm);
		if (reservation_word_blocks(shim, seen))
			return false;
	} while (!exchange(shim, seen, word, 0));
	site_memory_read(shim, seen);
	reservation->claim = word;
	reservation->claim_forks = atomic_load_explicit(&forks, memory_order_relaxed);
	return true;
}

void reservation_unclaim(struct file_shim *shim)
{
	uint32_t word = shim->reservation.claim;

	shim->reservation.claim = 0;
	if (word && is_own(shim, shim->reservation.claim_forks))
		exchange(shim, word, 0, 0);
}
