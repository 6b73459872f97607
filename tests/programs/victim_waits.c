/* victim_waits.c - the lines of a victim's script by which it waits.
 *
 *   wait HOW MILLISECONDS    by the function of that name; clock_until and wall_until: clock_nanosleep() up to a point in time
 *   alarm MILLISECONDS       SIGALRM comes after them, and has a handler that does nothing
 *   idle_thread              one more thread, which does nothing
 *
 * Prints what the function returned, and "early" if it did so before its time without an error. */
#include "victim.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct timespec now_on(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now;
}

static struct timespec time_of(long milliseconds)
{
	return (struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
}

static int sleep_until(clockid_t clock, long milliseconds)
{
	struct timespec time = now_on(clock), length = time_of(milliseconds);

	time.tv_sec += length.tv_sec + (time.tv_nsec + length.tv_nsec) / 1000000000;
	time.tv_nsec = (time.tv_nsec + length.tv_nsec) % 1000000000;
	errno = clock_nanosleep(clock, TIMER_ABSTIME, &time, NULL);
	return errno ? -1 : 0;
}

static int wait_for_files(const char *how, long milliseconds)
{
	struct timespec time = time_of(milliseconds);
	struct timeval short_time = {.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
	struct epoll_event event;
	int pipes[2], epoll = epoll_create1(0), rc = -2;
	fd_set in;

	if (pipe(pipes) != 0 || epoll < 0)
		victim_die("cannot make", "pipes");
	FD_ZERO(&in);
	FD_SET(pipes[0], &in);
	struct pollfd file = {.fd = pipes[0], .events = POLLIN};
	if (strcmp(how, "poll") == 0)
		rc = poll(&file, 1, (int)milliseconds);
	else if (strcmp(how, "ppoll") == 0)
		rc = ppoll(&file, 1, &time, NULL);
	else if (strcmp(how, "select") == 0)
		rc = select(pipes[0] + 1, &in, NULL, NULL, &short_time);
	else if (strcmp(how, "pselect") == 0)
		rc = pselect(pipes[0] + 1, &in, NULL, NULL, &time, NULL);
	else if (strcmp(how, "epoll_wait") == 0)
		rc = epoll_wait(epoll, &event, 1, (int)milliseconds);
	else if (strcmp(how, "epoll_pwait") == 0)
		rc = epoll_pwait(epoll, &event, 1, (int)milliseconds, NULL);
	if (rc == 0 && strstr(how, "select") && FD_ISSET(pipes[0], &in))
		victim_say("set", 1, "");
	close(pipes[0]);
	close(pipes[1]);
	close(epoll);
	return rc;
}

static int wait_by(const char *how, long milliseconds)
{
	struct timespec time = time_of(milliseconds);

	if (strcmp(how, "sleep") == 0)
		return (int)sleep((unsigned)((milliseconds + 999) / 1000));
	if (strcmp(how, "usleep") == 0)
		return usleep((useconds_t)milliseconds * 1000);
	if (strcmp(how, "nanosleep") == 0)
		return nanosleep(&time, NULL);
	if (strcmp(how, "clock_nanosleep") == 0)
		return (errno = clock_nanosleep(CLOCK_REALTIME, 0, &time, NULL)) ? -1 : 0;
	if (strcmp(how, "clock_until") == 0)
		return sleep_until(CLOCK_MONOTONIC, milliseconds);
	if (strcmp(how, "wall_until") == 0)
		return sleep_until(CLOCK_REALTIME, milliseconds);
	if (strcmp(how, "pause") == 0)
		return pause();
	return wait_for_files(how, milliseconds);
}

static void say_wait(char *rest)
{
	const char *how = victim_word(&rest);
	long milliseconds = atol(rest);
	struct timespec began = now_on(CLOCK_MONOTONIC), ended;
	int rc = wait_by(how, milliseconds);
	bool interrupted = rc < 0 && errno == EINTR;

	ended = now_on(CLOCK_MONOTONIC);
	long took = (ended.tv_sec - began.tv_sec) * 1000 + (ended.tv_nsec - began.tv_nsec) / 1000000;
	victim_say("wait", rc, interrupted ? "interrupted" : rc == 0 && took + 1 < milliseconds ? "early" : "");
}

static void on_alarm(int number)
{
	(void)number;
}

static void set_alarm(long milliseconds)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {.it_value = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void *do_nothing(void *unused)
{
	while (pause() < 0)
		;
	return unused;
}

bool waits_run(const char *verb, char *rest)
{
	pthread_t thread;

	if (strcmp(verb, "wait") == 0)
		say_wait(rest);
	else if (strcmp(verb, "alarm") == 0)
		set_alarm(atol(rest));
	else if (strcmp(verb, "idle_thread") == 0)
		pthread_create(&thread, NULL, do_nothing, NULL);
	else
		return false;
	return true;
}
