/* sandboxed.c - a program without SQLite that opens a lock file in each way there is, in a sandbox that kills it for any system
 * call but the few that it needs: openat, close, write, exit_group. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int main(void)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_open
		ALLOW(SYS_open),
#endif
		ALLOW(SYS_openat),
		ALLOW(SYS_close),
		ALLOW(SYS_write),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 77;
	for (int i = 0; i < 2; i++) {
		if (close(open("one", flags, 0600)) != 0 || close(open64("two", flags, 0600)) != 0 ||
		    close(openat(AT_FDCWD, "three", flags, 0600)) != 0 || close(openat64(AT_FDCWD, "four", flags, 0600)) != 0 ||
		    close(open("five", flags | O_NOFOLLOW, 0600)) != 0 || open("none/there", flags, 0600) >= 0)
			_exit(1);
	}
	if (write(STDOUT_FILENO, "opened\n", 7) != 7)
		_exit(1);
	_exit(0);
}
