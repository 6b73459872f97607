/* storage_look on filesystems that this machine does not have: tests/programs/fake_statfs.c is linked in. */
#include "fs/storage.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"

/* The scratch folder holds inside/ (the faked filesystem, with file) and outside/ (with links). */
static char scratch[64], inside[128], mountinfo[128];

static void text_write(const char *path, const char *text, size_t times)
{
	FILE *file = fopen(path, "w");

	while (file && times--)
		fputs(text, file);
	if (!file || fclose(file) != 0) {
		perror(path);
		exit(2);
	}
}

/* Fakes the number, and a mountinfo that says type for inside ("": nothing of it; NULL: there is no mountinfo). */
static void fake(const char *number, const char *type)
{
	char line[512];

	setenv("FAKE_STATFS_TYPE", number, 1);
	setenv("FAKE_MOUNTINFO", mountinfo, 1);
	unlink(mountinfo);
	if (type) {
		snprintf(line, sizeof(line), "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n%s %s rw - %s source rw\n",
			 *type ? "2 1 0:9 /" : "", inside, type);
		text_write(mountinfo, line, 1);
	}
}

static void check_look(const char *path, bool shared, const char *type, const char *mount)
{
	struct storage found;

	memset(&found, 'x', sizeof(found));
	errno = 12345;
	storage_look(path, &found);
	check(errno == 12345, "errno is kept, got %d", errno);
	check((found.kind == STORAGE_SHARED) == shared && strcmp(found.type, type) == 0 && strcmp(found.mount, mount) == 0,
	      "%.80s with %s: %s %s on %s, got %s %s on %s", path, getenv("FAKE_STATFS_TYPE"), shared ? "shared" : "local", type,
	      mount, found.kind == STORAGE_SHARED ? "shared" : "local", found.type, found.mount);
}

static void test_room(void)
{
	static const struct {
		const char *free;
		bool full;
	} cases[] = {{"0", true}, {"8384512", true}, {"8388608", false}, {"1099511627776", false}};
	struct storage found;

	fake("0xEF53", NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setenv("FAKE_STATFS_FREE", cases[i].free, 1);
		storage_look("inside/file", &found);
		check(found.full == cases[i].full, "%s bytes free: %s", cases[i].free, found.full ? "full" : "not full");
	}
	unsetenv("FAKE_STATFS_FREE");
}

static void test_ctime(void)
{
	static const struct {
		const char *number, *mountinfo_type;
		bool has;
	} cases[] = {
		{"0xEF53", "ext4", true},         {"0x9123683E", "btrfs", true},    {"0x01021994", "tmpfs", true},
		{"0x58465342", "xfs", false},     {"0x794C7630", "overlay", false}, {"0x6969", "nfs4", false},
		{"0x65735546", "fuseblk", false}, {"0x12345678", "newfs", false},
	};
	struct storage found;

	for (size_t i = 0; i < COUNT(cases); i++) {
		fake(cases[i].number, cases[i].mountinfo_type);
		storage_look("inside/file", &found);
		check(found.has_ctime == cases[i].has, "%s on %s: ctime %s", cases[i].number, cases[i].mountinfo_type,
		      cases[i].has ? "tells of moves" : "does not tell of moves");
	}
}

static void test_decisions(void)
{
	static const struct {
		const char *number, *mountinfo_type;
		bool shared;
		const char *type;
		bool mount; /* is known */
	} cases[] = {
		{"0xEF53", "ext4", false, "", false},
		{"0x9123683E", "btrfs", false, "", false},
		{"0x6969", "nfs4", true, "nfs4", true},
		{"0x6969", "", true, "nfs", false},
		{"0x6969", NULL, true, "nfs", false},
		{"0x6969", "xfs", true, "nfs", false},
		{"0x6969", "fuseblk", true, "nfs", false},
		{"0xFF534D42", "smb3", true, "smb3", true},
		{"0xFFFFFFFFFF534D42", "cifs", true, "cifs", true},
		{"0x01021997", "9p", true, "9p", true},
		{"0x65735546", "fuse.sshfs", true, "fuse.sshfs", true},
		{"0x65735546", "virtiofs", true, "virtiofs", true},
		{"0x65735546", "fuseblk", false, "fuseblk", true},
		{"0x65735546", "ext4", true, "fuse", false},
		{"0x65735546", "", true, "fuse", false},
		{"0x65735546", NULL, true, "fuse", false},
		{"0x12345678", "fakeowner", true, "fakeowner", true}, /* a number that is in no table */
		{"0x12345678", "newfs", false, "newfs", true},
		{"0x12345678", NULL, false, "", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[160];

		fake(cases[i].number, cases[i].mountinfo_type);
		snprintf(path, sizeof(path), "%s/file", inside);
		check_look(path, cases[i].shared, cases[i].type, cases[i].mount ? inside : "");
	}
}

static void test_paths(void)
{
	static const char *const shared[] = {
		"inside",
		"inside/",
		"inside/file",
		"inside/missing",
		"inside/../inside/missing",
		"outside/file",
		"outside/new",
		"outside/relative",
		"outside/chain",
		"inside/sub/../file",
		"outside/folder/missing",
	};
	static const char *const untold[] = {"inside/no-folder/missing", "outside/loop", "inside/file/below",
					     "inside/sub/no/../file"};
	char path[256], long_path[PATH_MAX + 10];

	fake("0x6969", "nfs4");
	for (size_t i = 0; i < COUNT(shared); i++) {
		snprintf(path, sizeof(path), "%s/%s", scratch, shared[i]);
		check_look(path, true, "nfs4", inside);
		check_look(shared[i], true, "nfs4", inside);
	}
	for (size_t i = 0; i < COUNT(untold); i++)
		check_look(untold[i], false, "", "");
	memset(long_path, 'p', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	check_look(long_path, false, "", "");
	memcpy(long_path, "inside/", 7);
	check_look(long_path, false, "", "");

	check(chdir("inside") == 0, "chdir");
	check_look("file", true, "nfs4", inside);
	check_look("missing", true, "nfs4", inside);
	check_look(".", true, "nfs4", inside);
	check(chdir("..") == 0, "chdir");
}

static void test_big_mountinfo(void)
{
	char line[512];
	FILE *file;

	fake("0x6969", "nfs4");
	snprintf(line, sizeof(line), "5 1 0:9 / %s rw - nfs4 server:/ rw\n", inside);
	for (int first = 0; first <= 1; first++) {
		text_write(mountinfo, first ? line : "", 1);
		file = fopen(mountinfo, "a");
		for (int i = 0; i < 40000; i++)
			fprintf(file, "%d 1 0:%d / /var/lib/containers/%d rw - overlay overlay rw\n", i + 10, i + 10, i);
		fputs(first ? "" : line, file);
		fclose(file);
		check_look("inside/file", true, first ? "nfs4" : "nfs", first ? inside : "");
	}
	text_write(mountinfo, "9 1 0:2 / /elsewhere rw - tmpfs none rw\n", 20000);
	file = fopen(mountinfo, "a");
	fputs(line, file);
	fclose(file);
	check_look("inside/file", true, "nfs4", inside);
}

static size_t descriptors_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

static void scratch_make(void)
{
	char target[160];

	snprintf(scratch, sizeof(scratch), "/tmp/sqlprod-storage.XXXXXX");
	if (!mkdtemp(scratch) || chdir(scratch) != 0 || mkdir("inside", 0700) != 0 || mkdir("inside/sub", 0700) != 0 ||
	    mkdir("outside", 0700) != 0 || symlink("../inside/file", "outside/file") != 0 ||
	    symlink("../inside/not-yet", "outside/relative") != 0 || symlink("relative", "outside/chain") != 0 ||
	    symlink("loop", "outside/loop") != 0 || symlink("../inside", "outside/folder") != 0) {
		perror(scratch);
		exit(2);
	}
	snprintf(inside, sizeof(inside), "%s/inside", scratch);
	snprintf(mountinfo, sizeof(mountinfo), "%s/mountinfo", scratch);
	text_write("inside/file", "", 0);
	snprintf(target, sizeof(target), "%s/not-yet", inside);
	if (symlink(target, "outside/new") != 0)
		exit(2);
	setenv("FAKE_STATFS_FOLDER", inside, 1);
}

static void scratch_remove(void)
{
	static const char *const files[] = {"inside/file",  "outside/file",   "outside/relative", "outside/chain",
					    "outside/loop", "outside/folder", "outside/new",      "mountinfo"};

	for (size_t i = 0; i < COUNT(files); i++)
		unlink(files[i]);
	rmdir("inside/sub");
	rmdir("inside");
	rmdir("outside");
	check(chdir("/") == 0 && rmdir(scratch) == 0, "nothing was left in %s", scratch);
}

int main(void)
{
	size_t descriptors;

	scratch_make();
	descriptors = descriptors_open();
	test_decisions();
	test_ctime();
	test_room();
	test_paths();
	test_big_mountinfo();
	check(descriptors_open() == descriptors, "every descriptor was closed");

	setenv("FAKE_STATFS_FOLDER", "/", 1);
	setenv("FAKE_MOUNTINFO", "missing", 1);
	check_look("/sqlprod-missing", true, "nfs", "");
	unsetenv("FAKE_STATFS_FOLDER");
	unsetenv("FAKE_MOUNTINFO");
	check_look("/proc", false, "proc", "/proc");
	check_look("/proc/self/missing", false, "proc", "/proc");
	scratch_remove();
	return check_end();
}
