/* site_memory.c - unit tests of what is learnt of other processes' reservations, by the kernel's own locks; whether a reservation
 * has lapsed and who has committed is made up. */
#include "locking/site_memory.h"

#include "../check.h"
#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"
#include "locking/site_locks.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct file_shim shim;
static bool has_lapsed, is_stopped;
static uint32_t changes, word_now;
static struct told_text left;
static int fd;

static int64_t clock_now(void)
{
	return 0;
}

static const struct handoff_system system_of_test = {.now = clock_now};

bool reservation_has_lapsed(uint32_t word, int64_t now)
{
	(void)word;
	(void)now;
	return has_lapsed;
}

uint32_t reservation_word(const char *shm)
{
	(void)shm;
	return word_now;
}

/* Those above a million tell of a text. */
bool reservation_word_tells(uint32_t word, int64_t now, struct told_text *told)
{
	(void)now;
	*told = (struct told_text){.text = word % 1000, .needs = word / 1000 % 10};
	return word > 1000000;
}

void reservation_word_leave(struct file_shim *of, struct told_text told)
{
	(void)of;
	left = told;
}

uint32_t handoff_changes(const struct handoff *handoff)
{
	(void)handoff;
	return changes;
}

bool lock_owner_is_stopped(pid_t pid)
{
	(void)pid;
	return is_stopped;
}

/* Another process locks that byte until it is killed. */
static pid_t start_owner(off_t byte)
{
	int ready[2];
	char had = 0;
	pid_t child;

	if (pipe(ready) != 0)
		abort();
	child = fork();
	if (child == 0) {
		had = fcntl_lock_set(fd, F_SETLK, F_RDLCK, byte, 1);
		if (write(ready[1], &had, 1) == 1)
			pause();
		_exit(0);
	}
	check(read(ready[0], &had, 1) == 1 && had, "another process shows its lock");
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void end_owner(pid_t owner)
{
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);
}

/* Has this process a lock that shows that of a reservation with this word, or any, of the text? */
static bool shows(uint32_t text, int number, uint32_t word, off_t words)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		struct flock lock = fcntl_lock(F_WRLCK, site_lock_byte(text, number, word), words);

		_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_RDLCK && lock.l_pid == getppid() ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return status == 0;
}

static bool keeps(uint32_t text, int before)
{
	return shows(text, SITE_LOCK_SEEN + before, 0, SITE_LOCK_WORDS);
}

static bool says_wrote(uint32_t text)
{
	return shows(text, SITE_LOCK_WRITES, 0, SITE_LOCK_WORDS);
}

static void start(void)
{
	site_memory_forget(&shim);
	fcntl_lock_set(fd, F_SETLK, F_UNLCK, 0, 0);
	has_lapsed = is_stopped = false;
	changes = 1;
	word_now = 0;
	left = (struct told_text){0};
}

/* The reservation lapses while it is waited for. */
static void wait_for_lapse(uint32_t text, int before, uint32_t word)
{
	pid_t owner = start_owner(site_lock_byte(text, before, word));

	has_lapsed = false;
	site_memory_waits(&shim, word);
	has_lapsed = true;
	site_memory_waited(&shim);
	end_owner(owner);
}

static void test_lapsed(void)
{
	start();
	wait_for_lapse(7, 2, 1000);
	check(keeps(7, 2) && !keeps(7, 1) && !keeps(8, 2), "one that reads on is shown when it has ended");
	check(shows(7, SITE_LOCK_SEEN + 2, 1000, 1), "with the time");
	wait_for_lapse(7, 3, 1002);
	check(keeps(7, 3) && !keeps(7, 2), "the last one is");
	site_memory_forget(&shim);
	check(!keeps(7, 3), "until the -shm goes");
	wait_for_lapse(7, 0, 1004);
	check(!keeps(7, 0), "of one that began alone nothing is shown");
	is_stopped = true;
	wait_for_lapse(7, 2, 1003);
	check(!keeps(7, 2), "of a stopped one nothing is learnt");
}

static void test_ended(void)
{
	pid_t owner;

	start();
	owner = start_owner(site_lock_byte(7, 1, 1000));
	site_memory_waits(&shim, 1000);
	site_memory_waited(&shim);
	end_owner(owner);
	check(!keeps(7, 1), "nor of one that ends, or is to write, before its reservation lapses");
}

static void test_among_others(void)
{
	pid_t others[6];

	start();
	for (unsigned i = 0; i < 6; i++)
		others[i] = start_owner(site_lock_byte(100 * i, 1, 500 + i));
	wait_for_lapse(250, 1, 1000);
	check(keeps(250, 1), "the owner is found among others");
	check(!keeps(200, 1) && !keeps(300, 1), "of which nothing is noted");
	for (unsigned i = 0; i < 6; i++)
		end_owner(others[i]);
}

static void test_commits(void)
{
	pid_t owner, writer;

	start();
	owner = start_owner(site_lock_byte(7, 2, 1000));
	site_memory_waits(&shim, 1000);
	changes++;
	has_lapsed = true;
	site_memory_waited(&shim);
	check(!keeps(7, 2), "where somebody has committed meanwhile nothing is known");
	writer = start_owner(site_lock_byte(7, SITE_LOCK_WRITES, 0));
	has_lapsed = false;
	site_memory_waits(&shim, 1000);
	changes++;
	has_lapsed = true;
	site_memory_waited(&shim);
	end_owner(writer);
	end_owner(owner);
	check(says_wrote(7), "unless one like it says that it wrote");
	wait_for_lapse(7, 3, 1001);
	check(says_wrote(7) && !keeps(7, 3), "that is known for good");
}

static void test_writer_that_ends(void)
{
	pid_t writer;

	start();
	wait_for_lapse(7, 2, 1000);
	writer = start_owner(site_lock_byte(7, SITE_LOCK_WRITES, 0));
	site_memory_waited(&shim);
	check(!says_wrote(7), "it is not looked for all the time");
	shim.handoff.tried_at += 2000000;
	site_memory_waited(&shim);
	end_owner(writer);
	check(says_wrote(7), "one that writes is seen by whoever goes on to write, and shown when it has ended");
}

static void test_next_reserves(void)
{
	pid_t owner;

	start();
	owner = start_owner(site_lock_byte(7, 1, 1000));
	site_memory_waits(&shim, 1000);
	has_lapsed = true;
	site_memory_waits(&shim, 1001);
	end_owner(owner);
	check(keeps(7, 1), "another's reservation tells as well that nobody writes");
}

static void test_few_texts(void)
{
	start();
	for (uint32_t text = 1; text <= 5; text++)
		wait_for_lapse(text, 1, 1000);
	check(!keeps(1, 1) && keeps(2, 1) && keeps(5, 1), "a fifth text takes the place of the first");
}

/* Does this process show that such ones need a reservation of so long? */
static bool says_needs(uint32_t text, uint32_t needs)
{
	return shows(text, SITE_LOCK_WRITES, needs, 1);
}

static void test_word_is_left(void)
{
	struct told_text told = {.text = 9};

	start();
	site_memory_read(&shim, 5009);
	check(!says_wrote(9) && !site_memory_tells(&shim, &told), "a reservation tells of no text");
	site_memory_forget(&shim);
	check(left.text == 0, "who knows of none leaves no word");
	site_memory_read(&shim, 1005009);
	check(says_needs(9, 5) && site_memory_tells(&shim, &told) && told.needs == 5, "a word that was left is shown from then on");
	site_memory_read(&shim, 1003009);
	check(says_needs(9, 5) && !says_needs(9, 3), "one that needs less tells nothing new");
	word_now = 1007009;
	site_memory_waited(&shim);
	check(says_needs(9, 7) && !says_needs(9, 5), "a writer sees one that needs more");
	site_memory_forget(&shim);
	check(left.text == 9 && left.needs == 7, "who lets the -shm go leaves word");
	check(says_wrote(9), "what it shows stays as long as the process has the -shm open");
}

int main(void)
{
	FILE *file = tmpfile();

	if (!file)
		return 2;
	fd = fileno(file);
	shim.files.shm_fd = fd;
	shim.handoff.system = &system_of_test;
	test_lapsed();
	test_ended();
	test_among_others();
	test_commits();
	test_writer_that_ends();
	test_next_reserves();
	test_few_texts();
	test_word_is_left();
	return check_end();
}
