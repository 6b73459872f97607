/* input_waits.c CASE [reader] - commits a row to a.db, calls a function that reads or accepts, and prints what came of it. With a
 * reader, another connection needs the -wal meanwhile: it cannot be copied. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int ends[2];
static sigjmp_buf back;

static void count(int number)
{
	(void)number;
	if (write(STDOUT_FILENO, "handled, ", 9) < 0)
		_exit(1);
}

static void answer(int number)
{
	count(number);
	if (write(ends[1], "x", 1) < 0)
		_exit(1);
}

static void jump(int number)
{
	struct itimerval none = {.it_value = {0}};

	count(number);
	setitimer(ITIMER_REAL, &none, NULL);
	siglongjmp(back, 1);
}

/* A signal after 50 ms, before anything is copied, and another one long after that. */
static void set_timers(void (*handle)(int), int flags)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
	struct itimerval timer = {.it_value = {.tv_usec = 50000}, .it_interval = {.tv_usec = 450000}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void show(const char *what, ssize_t rc)
{
	printf("%s: %s\n", what, rc < 0 ? strerror(errno) : rc == 0 ? "0" : "some");
	fflush(stdout);
}

static void read_twice(const char *name, int domain)
{
	char byte;

	for (int i = 0; i < 2; i++)
		show(name, domain ? recv(ends[0], &byte, 1, 0) : read(ends[0], &byte, 1));
}

static int terminal;

static int raw_terminal(int least, int tenths)
{
	struct termios modes;
	int fd;

	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(terminal);
	unlockpt(terminal);
	fd = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	tcgetattr(fd, &modes);
	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	modes.c_cc[VMIN] = (cc_t)least;
	modes.c_cc[VTIME] = (cc_t)tenths;
	tcsetattr(fd, TCSANOW, &modes);
	return fd;
}

static void call_others(const char *name)
{
	struct timeval time = {.tv_usec = 200000};
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	listen(tcp, 1);
	if (strcmp(name, "nonblocking") == 0) {
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
		show(name, read(ends[0], &byte, 1));
	} else if (strcmp(name, "dontwait") == 0) {
		show(name, recv(udp, &byte, 1, MSG_DONTWAIT));
	} else if (strcmp(name, "timeout") == 0) {
		setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
		show(name, recv(udp, &byte, 1, 0));
	} else if (strcmp(name, "listening") == 0) {
		show(name, recv(tcp, &byte, 1, 0));
	} else if (strcmp(name, "datagrams") == 0) {
		show(name, accept(udp, NULL, NULL));
	} else if (strcmp(name, "pipe") == 0) {
		show(name, recv(ends[0], &byte, 1, 0));
	} else if (strcmp(name, "closed") == 0) {
		show(name, read(1000, &byte, 1));
	} else if (strcmp(name, "ended") == 0) {
		close(ends[1]);
		show(name, read(ends[0], &byte, 1));
	} else if (strcmp(name, "raw") == 0) {
		show(name, read(raw_terminal(0, 0), &byte, 1));
	} else if (strcmp(name, "raw_timed") == 0) {
		show(name, read(raw_terminal(0, 2), &byte, 1));
	}
	close(tcp);
	close(udp);
}

/* What is written goes to a child, which gives it back. */
static FILE *echo(void)
{
	char text[10];
	ssize_t length;

	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	if (fork() == 0) {
		close(ends[0]);
		while ((length = read(ends[1], text, sizeof(text))) > 0 && write(ends[1], text, (size_t)length) > 0)
			;
		_exit(0);
	}
	close(ends[1]);
	return fdopen(ends[0], "r+");
}

static int fifo_without_writer(void)
{
	int fd;

	mkfifo("fifo", 0600);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	fcntl(fd, F_SETFL, 0);
	unlink("fifo");
	return fd;
}

static int side;
static pid_t other_group;

static void leave_terminal(int number)
{
	(void)number;
	tcsetpgrp(side, other_group);
}

/* Of a process that is in the background by then, and that nobody could bring back. */
static void read_in_background(const char *name)
{
	char byte;

	setsid();
	side = raw_terminal(1, 0);
	ioctl(side, TIOCSCTTY, 0);
	other_group = fork();
	if (other_group == 0) {
		pause();
		_exit(0);
	}
	setpgid(other_group, 0);
	set_timers(leave_terminal, SA_RESTART);
	show(name, read(side, &byte, 1));
	kill(other_group, SIGKILL);
}

/* What the compiler would refuse. */
static volatile size_t too_long = SIZE_MAX;
static volatile int too_many = 100000;
static struct iovec *volatile nowhere;

static void read_at_once(const char *name)
{
	char text[10];
	struct iovec part = {.iov_base = text, .iov_len = 1};
	int fd;

	if (strcmp(name, "nothing") == 0) {
		show(name, read(ends[0], text, 0));
	} else if (strcmp(name, "no_parts") == 0) {
		show(name, readv(ends[0], &part, 0));
	} else if (strcmp(name, "too_many_parts") == 0) {
		show(name, readv(ends[0], &part, too_many));
	} else if (strcmp(name, "no_address_of_parts") == 0) {
		show(name, readv(ends[0], nowhere, 1));
	} else if (strcmp(name, "too_long") == 0) {
		show(name, read(ends[0], text, too_long));
	} else if (strcmp(name, "poll_events") == 0) {
		show(name, read(epoll_create1(0), text, 1));
	} else if (strcmp(name, "short_event") == 0) {
		show(name, read(eventfd(0, 0), text, 4));
	} else if (strcmp(name, "other_end") == 0) {
		show(name, read(ends[1], text, 1));
	} else if (strcmp(name, "fifo") == 0) {
		show(name, read(fifo_without_writer(), text, 1));
	} else if (strcmp(name, "background") == 0) {
		read_in_background(name);
	} else if (strcmp(name, "raw_more") == 0) {
		fd = raw_terminal(2, 0);
		if (write(terminal, "x", 1) == 1)
			show(name, read(fd, text, 1));
	}
}

/* Lines that need no read(2) which waits. */
static void get_at_once(const char *name)
{
	FILE *file = strcmp(name, "both_ways") == 0 ? echo() : fdopen(ends[0], "r");
	FILE *out = strcmp(name, "both_ways") == 0 ? file : fdopen(ends[1], "w");
	char text[10] = "";

	if (strcmp(name, "no_room") == 0)
		show(name, fgets(text, 1, file) ? 0 : -1);
	else if (strcmp(name, "cannot_be_read") == 0)
		show(name, fgets(text, sizeof(text), out) ? 0 : -1);
	else
		fputs("1\n2\n", out);
	if (strcmp(name, "both_ways") == 0) {
		show(name, fgets(text, sizeof(text), file) ? *text == '1' : -1);
	} else if (strcmp(name, "pushed_back") == 0) {
		fflush(out);
		if (fgets(text, sizeof(text), file) && ungetc('x', file) == 'x' && getc_unlocked(file) == 'x')
			show(name, fgets(text, sizeof(text), file) ? *text == '2' : -1);
	}
	fclose(file);
}

static volatile sig_atomic_t shown;

/* Before anything is copied the terminal shows what the program asks; then it is answered. */
static void look_at_terminal(int number)
{
	int there = 0;

	(void)number;
	ioctl(terminal, FIONREAD, &there);
	shown = there > 0;
	if (write(terminal, "x\n", 2) < 0)
		_exit(1);
}

static void ask(const char *name)
{
	int out = dup(STDOUT_FILENO);
	char line[10];

	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(terminal);
	unlockpt(terminal);
	side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	dup2(side, STDIN_FILENO);
	dup2(side, STDOUT_FILENO);
	set_timers(look_at_terminal, SA_RESTART);
	printf("name? ");
	ends[0] = fgets(line, sizeof(line), stdin) != NULL;
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	printf("%s: %s %s\n", name, shown ? "shown" : "not shown", ends[0] ? line : "none");
}

/* The first is interrupted, the second one gets its line. */
static void read_lines(const char *name)
{
	FILE *file = fdopen(ends[0], "r");
	char *line = NULL;
	size_t size = 0;

	for (int i = 0; i < 2; i++) {
		set_timers(i ? answer : count, i ? SA_RESTART : 0);
		show(name, getdelim(&line, &size, 'x', file));
		show("error", ferror(file));
		clearerr(file);
	}
	free(line);
	fclose(file);
}

static volatile sig_atomic_t rings;

static void ring(int number)
{
	(void)number;
	rings = rings + 1;
}

/* Of a read(2) that a signal is to end, one comes at each moment about the copy, and a second one much later. */
static void read_until_rung(const char *name, sqlite3 *db)
{
	struct sigaction action = {.sa_handler = ring};
	struct itimerval none = {.it_value = {0}};
	ssize_t rc = -1;
	char byte;

	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < 20 && rc < 0 && rings <= 1; i++) {
		struct itimerval timer = {.it_value = {.tv_usec = 100000 + 500 * i}, .it_interval = {.tv_sec = 5}};

		sqlite3_exec(db, "INSERT INTO t VALUES(zeroblob(4000000))", NULL, NULL, NULL);
		rings = 0;
		setitimer(ITIMER_REAL, &timer, NULL);
		rc = read(ends[0], &byte, 1);
	}
	setitimer(ITIMER_REAL, &none, NULL);
	show(name, rings <= 1 ? rc : 0);
}

static void call(const char *name, sqlite3 *db)
{
	if (strcmp(name, "interrupted") == 0) {
		set_timers(count, 0);
		read_twice(name, 0);
	} else if (strcmp(name, "interrupted_socket") == 0) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
		set_timers(count, 0);
		read_twice(name, AF_UNIX);
	} else if (strcmp(name, "restarted") == 0) {
		set_timers(answer, SA_RESTART);
		read_twice(name, 0);
	} else if (strcmp(name, "answered") == 0) {
		set_timers(answer, 0);
		read_twice(name, 0);
	} else if (strcmp(name, "jumps") == 0) {
		set_timers(jump, 0);
		if (sigsetjmp(back, 1) == 0)
			read_twice(name, 0);
		show(name, 0);
	} else if (strcmp(name, "child") == 0) {
		if (fork() == 0) {
			usleep(50000);
			_exit(0);
		}
		set_timers(answer, SA_RESTART);
		read_twice(name, 0);
		show(name, wait(NULL));
	} else if (strcmp(name, "rung") == 0) {
		read_until_rung(name, db);
	} else if (strcmp(name, "prompt") == 0) {
		ask(name);
	} else if (strcmp(name, "line") == 0) {
		read_lines(name);
	} else if (strcmp(name, "no_room") == 0 || strcmp(name, "cannot_be_read") == 0 || strcmp(name, "both_ways") == 0 ||
		   strcmp(name, "pushed_back") == 0) {
		get_at_once(name);
	} else {
		call_others(name);
		read_at_once(name);
	}
}

int main(int arguments, char **argument)
{
	sqlite3 *db, *reader = NULL;
	time_t began = time(NULL);

	if (arguments < 2 || sqlite3_open("a.db", &db) != SQLITE_OK || pipe(ends) != 0)
		return 2;
	sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t(x)", NULL, NULL, NULL);
	if (arguments > 2 && sqlite3_open("a.db", &reader) == SQLITE_OK)
		sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM t", NULL, NULL, NULL);
	sqlite3_exec(db, "INSERT INTO t VALUES(1)", NULL, NULL, NULL);
	call(argument[1], db);
	if (time(NULL) > began + 20)
		puts("late");
	sqlite3_close(reader);
	sqlite3_close(db);
	return 0;
}
