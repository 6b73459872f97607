/* explore.h - visits each state that processes can reach together, by every order of their steps. One process of them may be
 * killed, or its reservation may lapse.
 *
 * For a model's single source file. It defines PROCESSES, and struct state with .process[PROCESSES], whose .step may be DONE or
 * KILLED; and below, how a process moves. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE (1u << 22)

/* Each does one thing to the state and returns true, or returns false and leaves it: the process's next step; its end by SIGKILL;
 * its reservation lapses; another thread gives back what it shares, if the model says GIVES_BACK. */
static bool advance(struct state *s, int p);
static bool kill_one(struct state *s, int p);
static bool lapse_one(struct state *s, int p);
#ifdef GIVES_BACK
static bool give_back_one(struct state *s, int p);
#endif

/* The part that the model's one argument names, of those that can be left out: "" without an argument, NULL if there is none of
 * that name. The parts end in NULL. */
static const char *explore_chosen(int argc, char **argv, const char *const *parts)
{
	if (argc < 2)
		return "";
	while (*parts && strcmp(argv[1], *parts) != 0)
		parts++;
	return *parts;
}

static const char *failed; /* what must not happen, once it has */
static struct state *table;
static bool *used;
static unsigned long states, explored; /* from the start that is explored; from all */

static uint32_t hash_of(const struct state *s)
{
	const unsigned char *bytes = (const unsigned char *)s;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*s); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

/* Is it new? */
static bool remember(const struct state *s)
{
	uint32_t at = hash_of(s) % TABLE;

	for (; used[at]; at = (at + 1) % TABLE)
		if (memcmp(&table[at], s, sizeof(*s)) == 0)
			return false;
	if (++states > TABLE / 2) {
		failed = "too many states";
		return false;
	}
	used[at] = true;
	table[at] = *s;
	return true;
}

static bool is_over(const struct state *s)
{
	for (int p = 0; p < PROCESSES; p++)
		if (s->process[p].step != DONE && s->process[p].step != KILLED)
			return false;
	return true;
}

static void explore(const struct state *s)
{
	bool moved = false;

	if (failed || !remember(s))
		return;
	for (int p = 0; p < PROCESSES && !failed; p++) {
		struct state next = *s;

		if (advance(&next, p)) {
			moved = true;
			explore(&next);
		}
		next = *s;
		if (!failed && kill_one(&next, p))
			explore(&next);
		next = *s;
		if (!failed && lapse_one(&next, p))
			explore(&next);
#ifdef GIVES_BACK
		next = *s;
		if (!failed && give_back_one(&next, p))
			explore(&next);
#endif
	}
	if (!moved && !is_over(s) && !failed)
		failed = "nobody can go on";
}

/* From a start that has no state in common with those before. */
static inline void explore_anew(const struct state *s)
{
	memset(used, 0, TABLE * sizeof(*used));
	explored += states;
	states = 0;
	explore(s);
}

/* False if memory is out. */
static bool explore_begin(void)
{
	table = calloc(TABLE, sizeof(*table));
	used = calloc(TABLE, sizeof(*used));
	return table && used;
}

/* Prints what was seen without that part of the protocol ("" for with all of it). The exit status. */
static int explore_end(const char *without)
{
	printf("%lu states%s%s: %s\n", explored + states, *without ? ", without " : "", without, failed ? failed : "all is well");
	free(table);
	free(used);
	return failed != NULL;
}
