/* path_look.c - unit tests: which moves of a file another look by its descriptor shows, and when a look proves nothing. */
#include "locking/path_look.h"

#include "../check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)
#define EXCHANGE 2 /* RENAME_EXCHANGE: linux/fs.h */

static struct path_look noted(bool has_ctime, struct timespec changed, struct timespec tick)
{
	struct path_look look = {.has_ctime = has_ctime};
	struct path_look_time time = path_look_time();
	struct stat status = {.st_ctim = changed, .st_nlink = 1};

	time.now = MILLISECOND;
	time.tick = tick;
	path_look_note(&look, &time, &status);
	return look;
}

static void test_ticks(void)
{
	static const struct {
		bool has_ctime;
		struct timespec changed, tick;
		bool holds;
	} cases[] = {
		{true, {5, 4000000}, {5, 8000000}, true},
		{true, {4, 8000000}, {5, 4000000}, true},
		{true, {5, 4000000}, {5, 4000000}, false}, /* a move in this tick would not show */
		{true, {5, 4000001}, {5, 4000000}, false},
		{true, {6, 0}, {5, 8000000}, false},
		{true, {5, 0}, {5, 8000000}, false}, /* a second, or the whole of one? */
		{true, {5, 0}, {6, 0}, true},
		{false, {4, 4000000}, {5, 8000000}, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct path_look look = noted(cases[i].has_ctime, cases[i].changed, cases[i].tick);

		check(path_look_may_hold(&look, MILLISECOND) == cases[i].holds, "case %zu: %s", i,
		      cases[i].holds ? "the look holds" : "the look proves nothing");
	}
}

static void test_time(void)
{
	struct path_look look = noted(true, (struct timespec){4, 4000000}, (struct timespec){5, 0}), fresh = {.has_ctime = true};

	check(!path_look_may_hold(&fresh, 0), "without a look there is nothing to hold");
	check(path_look_may_hold(&look, MILLISECOND * 2 - 1), "a look holds for a millisecond");
	check(!path_look_may_hold(&look, MILLISECOND * 2), "… and no longer");
	path_look_moved();
	check(!path_look_may_hold(&look, MILLISECOND), "nor once the process itself has moved something");
}

static void test_status(void)
{
	struct path_look look = noted(true, (struct timespec){4, 4000000}, (struct timespec){5, 0});
	struct stat same = {.st_ctim = {4, 4000000}, .st_nlink = 1}, second = same, fraction = same, links = same;

	second.st_ctim.tv_sec--;
	fraction.st_ctim.tv_nsec++;
	links.st_nlink++;
	check(path_look_holds(&look, &same), "the same status holds");
	check(!path_look_holds(&look, &second) && !path_look_holds(&look, &fraction) && !path_look_holds(&look, &links),
	      "another time of change, or number of links, does not");
}

static void by_rename(void)
{
	rename("a", "b");
}

static void to_folder(void)
{
	rename("a", "folder/a");
}

static void replaced(void)
{
	rename("other", "a");
}

static void linked(void)
{
	link("a", "b");
}

static void deleted(void)
{
	unlink("a");
}

static void exchanged(void)
{
	syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "other", EXCHANGE);
}

static void clean(void)
{
	static const char *const names[] = {"a", "b", "other", "folder/a"};

	for (size_t i = 0; i < COUNT(names); i++)
		unlink(names[i]);
}

/* Does the kernel show what the library relies on? Looks until one proves something, moves the file at once, and looks again. */
static void test_move(void (*move)(void), const char *what)
{
	int fd = open("a", O_RDWR | O_CREAT, 0600), other = open("other", O_RDWR | O_CREAT, 0600);
	struct path_look look = {.has_ctime = true};
	struct path_look_time time;
	struct stat status;

	do {
		time = path_look_time();
		if (stat("a", &status) != 0)
			break;
		path_look_note(&look, &time, &status);
	} while (!look.until);
	move();
	check(fstat(fd, &status) == 0 && !path_look_holds(&look, &status), "a file that is %s shows it", what);
	close(fd);
	close(other);
	clean();
}

static bool is_known_filesystem(void)
{
	struct statfs filesystem;

	return statfs(".", &filesystem) == 0 && (filesystem.f_type == 0xEF53 || filesystem.f_type == 0x01021994);
}

static void test_moves(const char *where)
{
	static const struct {
		void (*move)(void);
		const char *what;
	} moves[] = {{by_rename, "renamed"}, {to_folder, "moved to a folder"}, {replaced, "replaced"}, {linked, "linked"},
		     {deleted, "deleted"},   {exchanged, "exchanged"}};
	char scratch[64];

	snprintf(scratch, sizeof(scratch), "%s/sqlprod-look.XXXXXX", where);
	if (!mkdtemp(scratch) || chdir(scratch) != 0 || mkdir("folder", 0700) != 0)
		return;
	for (size_t i = 0; is_known_filesystem() && i < 20 * COUNT(moves); i++)
		test_move(moves[i % COUNT(moves)].move, moves[i % COUNT(moves)].what);
	rmdir("folder");
	check(chdir("/") == 0 && rmdir(scratch) == 0, "nothing was left in %s", scratch);
}

int main(void)
{
	test_ticks();
	test_time();
	test_status();
	test_moves("/tmp");
	test_moves("/dev/shm");
	return check_end();
}
