/* victim_waits.c - the lines of a victim's script by which it waits.
 *
 *   wait HOW MILLISECONDS    by the function of that name; clock_until and wall_until: clock_nanosleep() up to a point in time
 *                            read, readv, recv, recvfrom, recvmsg, accept, accept4, fgets, getline, getdelim, getc_unlocked: what
 *                            they wait for comes by a signal's handler
 *   alarm MILLISECONDS       SIGALRM comes after them, and has a handler that does nothing
 *   idle_thread              one more thread, which does nothing
 *   block_signal             SIGUSR1, for which sigwait() and its like wait
 *
 * Prints what the function returned, and "early" if it did so before its time without an error. */
#include "victim.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
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

static struct timespec time_on(clockid_t clock, long milliseconds)
{
	struct timespec time = now_on(clock), length = time_of(milliseconds);

	time.tv_sec += length.tv_sec + (time.tv_nsec + length.tv_nsec) / 1000000000;
	time.tv_nsec = (time.tv_nsec + length.tv_nsec) % 1000000000;
	return time;
}

static int sleep_until(clockid_t clock, long milliseconds)
{
	struct timespec time = time_on(clock, milliseconds);

	errno = clock_nanosleep(clock, TIMER_ABSTIME, &time, NULL);
	return errno ? -1 : 0;
}

/* musl has none. */
#pragma weak sem_clockwait
int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until);

static int wait_for_semaphore(const char *how, long milliseconds)
{
	clockid_t clock = strcmp(how, "sem_clockwait") == 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	struct timespec until = time_on(clock, milliseconds);
	sem_t semaphore;
	int rc;

	sem_init(&semaphore, 0, 0);
	rc = clock == CLOCK_MONOTONIC ? sem_clockwait(&semaphore, clock, &until) : sem_timedwait(&semaphore, &until);
	return rc < 0 && errno == ETIMEDOUT ? 0 : rc;
}

static void block_signal(sigset_t *set)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	if (set)
		*set = one;
}

/* For SIGUSR1, which comes by a timer where the call itself has no end. */
static int wait_for_signal(const char *how, long milliseconds)
{
	struct timespec time = time_of(milliseconds);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec when = {.it_value = time};
	sigset_t set;
	timer_t timer;
	int rc, number = 0;

	block_signal(&set);
	if (strcmp(how, "sigtimedwait") == 0) {
		rc = sigtimedwait(&set, NULL, &time);
		rc = rc < 0 && errno == EAGAIN ? 0 : rc;
	} else {
		timer_create(CLOCK_MONOTONIC, &event, &timer);
		timer_settime(timer, 0, &when, NULL);
		if (strcmp(how, "sigwait") == 0)
			rc = sigwait(&set, &number) != 0 ? -1 : number - SIGUSR1;
		else
			rc = (rc = sigwaitinfo(&set, NULL)) < 0 ? rc : rc - SIGUSR1;
		number = errno;
		timer_delete(timer);
		errno = number;
	}
	return rc;
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

static int input_ends[2];
static struct sockaddr_un input_address;
static socklen_t input_address_size;

/* A connection, or a byte. */
static void send_input(int number)
{
	int saved = errno;

	(void)number;
	if (input_address.sun_family)
		connect(input_ends[1], (struct sockaddr *)&input_address, input_address_size);
	else if (write(input_ends[1], "\n", 1) != 1)
		_exit(1);
	errno = saved;
}

static void make_ends(const char *how)
{
	bool connects = strncmp(how, "accept", strlen("accept")) == 0, made = true;

	input_address_size = sizeof(input_address);
	input_address = (struct sockaddr_un){.sun_family = connects ? AF_UNIX : 0};
	if (connects) {
		input_ends[0] = socket(AF_UNIX, SOCK_STREAM, 0);
		input_ends[1] = socket(AF_UNIX, SOCK_STREAM, 0);
		/* a name that the kernel gives */
		made = bind(input_ends[0], (struct sockaddr *)&input_address, sizeof(sa_family_t)) == 0 &&
		       listen(input_ends[0], 1) == 0 &&
		       getsockname(input_ends[0], (struct sockaddr *)&input_address, &input_address_size) == 0;
	} else {
		made = (strncmp(how, "recv", strlen("recv")) != 0 ? pipe(input_ends)
								  : socketpair(AF_UNIX, SOCK_STREAM, 0, input_ends)) == 0;
	}
	if (!made)
		victim_die("cannot make", how);
}

static int get_line(const char *how, int fd)
{
	FILE *file = fdopen(dup(fd), "r");
	char buffer[10], *line = NULL;
	size_t size = 0;
	bool got;

	if (strcmp(how, "fgets") == 0)
		got = fgets(buffer, sizeof(buffer), file);
	else if (strcmp(how, "getline") == 0)
		got = getline(&line, &size, file) == 1;
	else if (strcmp(how, "getdelim") == 0)
		got = getdelim(&line, &size, '\n', file) == 1;
	else
		got = getc_unlocked(file) == '\n';
	free(line);
	fclose(file);
	return got ? 0 : -1;
}

static int call_for_input(const char *how, int fd)
{
	char byte = 0;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (strstr(how, "get"))
		return get_line(how, fd);
	if (strcmp(how, "read") == 0)
		return (int)read(fd, &byte, 1) - 1;
	if (strcmp(how, "readv") == 0)
		return (int)readv(fd, &part, 1) - 1;
	if (strcmp(how, "recv") == 0)
		return (int)recv(fd, &byte, 1, 0) - 1;
	if (strcmp(how, "recvfrom") == 0)
		return (int)recvfrom(fd, &byte, 1, 0, NULL, NULL) - 1;
	if (strcmp(how, "recvmsg") == 0)
		return (int)recvmsg(fd, &message, 0) - 1;
	if (strcmp(how, "accept") == 0)
		return accept(fd, NULL, NULL) < 0 ? -1 : 0;
	return accept4(fd, NULL, NULL, 0) < 0 ? -1 : 0;
}

static bool waits_for_input(const char *how)
{
	return strstr(how, "get") || strncmp(how, "read", strlen("read")) == 0 || strncmp(how, "recv", strlen("recv")) == 0 ||
	       strncmp(how, "accept", strlen("accept")) == 0;
}

static void set_timer(long milliseconds, void (*handle)(int), int flags);

static int wait_for_input(const char *how, long milliseconds)
{
	int rc;

	make_ends(how);
	set_timer(milliseconds, send_input, SA_RESTART);
	rc = call_for_input(how, input_ends[0]);
	close(input_ends[0]);
	close(input_ends[1]);
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
	if (strcmp(how, "sigsuspend") == 0)
		return sigsuspend(&(sigset_t){0});
	if (strncmp(how, "sigw", strlen("sigw")) == 0 || strcmp(how, "sigtimedwait") == 0)
		return wait_for_signal(how, milliseconds);
	if (strncmp(how, "sem_", strlen("sem_")) == 0)
		return wait_for_semaphore(how, milliseconds);
	if (waits_for_input(how))
		return wait_for_input(how, milliseconds);
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

static void set_timer(long milliseconds, void (*handle)(int), int flags)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
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
		set_timer(atol(rest), on_alarm, 0);
	else if (strcmp(verb, "block_signal") == 0)
		block_signal(NULL);
	else if (strcmp(verb, "idle_thread") == 0)
		pthread_create(&thread, NULL, do_nothing, NULL);
	else
		return false;
	return true;
}
