/* read_sites.c - unit tests of what is learnt about transactions by their first statement. */
#include "locking/read_sites.h"

#include "../check.h"

#include <sys/wait.h>
#include <unistd.h>

static void only_read(struct read_site *site, unsigned times)
{
	while (times-- > 0)
		read_site_only_read(site, 0, false);
}

static void test_without_table(void)
{
	check(!read_site_find("SELECT 0"), "there is no table yet");
	read_sites_prepare();
	read_sites_prepare();
	check(read_site_find("SELECT 0") && read_site_find("SELECT 0") == read_site_find("SELECT 0"), "a text has a place");
}

static void test_only_read(void)
{
	struct read_site *site = read_site_find("SELECT 1");

	only_read(site, 4);
	check(!read_site_is_learnt(site), "four are not enough");
	check(read_site_halvings(site) == 8, "each makes the next one wait less");
	only_read(site, 1);
	check(read_site_is_learnt(site), "five are");
}

static void test_outlasted(void)
{
	struct read_site *site = read_site_find("SELECT 2");

	read_site_reserved(site, 1234);
	check(read_site_reads(site) == 1234, "the reservation is seen");
	read_site_failed(site, 99);
	check(read_site_reads(site) == 1234, "another one's end changes nothing");
	read_site_only_read(site, 1234, true);
	check(read_site_reads(site) == 0 && read_site_is_learnt(site), "one that has outlasted its reservation is enough");
}

static void test_wrote(void)
{
	struct read_site *site = read_site_find("SELECT 3"), *other = read_site_find("SELECT 4");

	only_read(site, 5);
	read_site_reserved(site, 77);
	read_site_wrote(site);
	check(!read_site_is_learnt(site) && read_site_reads(site) == 0 && read_site_writes(site), "it was a mistake");
	read_site_reserved(site, 78);
	check(read_site_reads(site) == 0, "where one has written the others reserve, whatever lapses");
	only_read(site, 100);
	check(!read_site_is_learnt(site) && !read_site_writes(site) && read_site_halvings(site) == 0, "and wait as long, for good");
	read_site_only_read(other, 0, true);
	check(!read_site_is_learnt(other), "of other texts it is believed later");
	read_site_only_read(other, 0, true);
	check(read_site_is_learnt(other), "as of one that has outlasted its reservation");
}

static void test_stretch(void)
{
	struct read_site *site = read_site_find("SELECT 5");

	for (unsigned times = 1; times < 8; times *= 2) {
		check(read_site_stretch(site) == times, "it doubles");
		read_site_lapsed(site);
	}
	site->doublings = 255;
	check(read_site_stretch(site) == 8, "within bounds, whatever stands there");
}

static void test_forked(void)
{
	struct read_site *site = read_site_find("SELECT 6");
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		read_site_wrote(site);
		_exit(0);
	}
	check(waitpid(child, &status, 0) == child && status == 0, "the child ends");
	check(read_site_writes(site), "the parent knows what its child has learnt");
}

int main(void)
{
	test_without_table();
	test_only_read();
	test_outlasted();
	test_wrote();
	test_stretch();
	test_forked();
	return check_end();
}
