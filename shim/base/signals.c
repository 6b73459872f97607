/* signals.c - what the signal mask says. System calls that a signal handler may make, and a narrow seccomp filter allows. */
#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#define LAST_STANDARD 31

/* A mask without the two that nothing can block. */
static bool blocks_all(const sigset_t *mask, int own)
{
	for (int number = 1; number <= LAST_STANDARD; number++)
		if (number != SIGKILL && number != SIGSTOP && number != own && sigismember(mask, number) != 1)
			return false;
	return true;
}

static bool blocks_nothing(const sigset_t *mask)
{
	for (int number = 1; number <= SIGRTMAX; number++)
		if (sigismember(mask, number) == 1)
			return false;
	return true;
}

static bool handler_blocks_all(void)
{
	struct sigaction action;

	for (int number = 1; number <= SIGRTMAX; number++)
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN &&
		    blocks_all(&action.sa_mask, number))
			return true;
	return false;
}

bool signals_may_be_handled(void)
{
	sigset_t mask;
	int saved = errno;
	bool may = true;

	if (sigprocmask(SIG_BLOCK, NULL, &mask) == 0)
		may = !blocks_nothing(&mask) && (!blocks_all(&mask, 0) || handler_blocks_all());
	errno = saved;
	return may;
}

/* One with SA_RESETHAND is SIG_DFL again while it runs, and has its flags still. */
static bool may_run(const struct sigaction *action, bool is_blocked)
{
	bool has_handler = action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;

	return (has_handler || (action->sa_flags & SA_RESETHAND)) && (is_blocked || (action->sa_flags & SA_NODEFER));
}

bool signals_handler_may_run(const sigset_t *mask)
{
	struct sigaction action;
	int saved = errno;
	bool may = false;

	for (int number = 1; number <= SIGRTMAX && !may; number++)
		may = sigaction(number, NULL, &action) == 0 && may_run(&action, sigismember(mask, number) == 1);
	errno = saved;
	return may;
}
