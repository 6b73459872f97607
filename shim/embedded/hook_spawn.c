/* hook_spawn.c - the functions by which a program ends, or starts another one: that may copy databases which this one has open
 * (checkpoints.h). fork() and exit() call what has been registered with them.
 *
 * A process that has none open pays for one look at memory. */
#include "base/guard.h"
#include "embedded/real.h"
#include "policy/checkpoints.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Noreturn void kernel_exit(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

/* A child that shares its parent's memory, by clone(2) with CLONE_VM and CLONE_SETTLS, may have zeros where a thread's own
 * variables are: Chromium's, which enters a chroot and ends. libc's _exit() touches none of them; errno and dlsym() would. */
static bool is_a_thread(void)
{
#if defined(__x86_64__)
	const void *self;

	__asm__ volatile("mov %%fs:0,%0" : "=r"(self));
	return self != NULL;
#else
	return true;
#endif
}

HOOK _Noreturn void _exit(int status)
{
	if (!is_a_thread())
		kernel_exit(status);
	checkpoint_at_end();
	REAL(_exit, kernel_exit)(status);
	kernel_exit(status);
}

HOOK _Noreturn void _Exit(int status)
{
	if (!is_a_thread())
		kernel_exit(status);
	checkpoint_at_end();
	REAL(_Exit, kernel_exit)(status);
	kernel_exit(status);
}

static int no_system(const char *command)
{
	errno = ENOSYS;
	return command ? -1 : 0;
}

HOOK int system(const char *command)
{
	checkpoint_all();
	return REAL(system, no_system)(command);
}

static FILE *no_popen(const char *command, const char *mode)
{
	(void)command;
	(void)mode;
	errno = ENOSYS;
	return NULL;
}

HOOK FILE *popen(const char *command, const char *mode)
{
	checkpoint_all();
	return REAL(popen, no_popen)(command, mode);
}

static int no_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		    char *const arguments[], char *const environment[])
{
	(void)pid;
	(void)path;
	(void)actions;
	(void)attributes;
	(void)arguments;
	(void)environment;
	return ENOSYS;
}

HOOK int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		     char *const arguments[], char *const environment[])
{
	checkpoint_all();
	return REAL(posix_spawn, no_spawn)(pid, path, actions, attributes, arguments, environment);
}

HOOK int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		      char *const arguments[], char *const environment[])
{
	checkpoint_all();
	return REAL(posix_spawnp, no_spawn)(pid, file, actions, attributes, arguments, environment);
}

/* The original vfork(), or else fork(): where the hook goes on, with the stack as the program called it, as vfork() returns twice.
 */
__attribute__((visibility("hidden"))) void *spawn_before_vfork(void);
void *spawn_before_vfork(void)
{
	__typeof__(&vfork) original;

	checkpoint_all();
	original = REAL(vfork, fork);
	return *(void **)&original;
}

#if defined(__x86_64__)
__asm__(".text\n"
	".globl vfork\n"
	".type vfork,@function\n"
	"vfork:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	sub $8,%rsp\n" /* aligned to 16 bytes for the call */
	"	.cfi_adjust_cfa_offset 8\n"
	"	call spawn_before_vfork\n"
	"	add $8,%rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	jmp *%rax\n"
	"	.cfi_endproc\n"
	".size vfork,.-vfork\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".globl vfork\n"
	".type vfork,%function\n"
	"vfork:\n"
	"	.cfi_startproc\n"
	"	stp x29,x30,[sp,-16]!\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset 29,-16\n"
	"	.cfi_offset 30,-8\n"
	"	bl spawn_before_vfork\n"
	"	mov x16,x0\n"
	"	ldp x29,x30,[sp],16\n"
	"	.cfi_restore 29\n"
	"	.cfi_restore 30\n"
	"	.cfi_def_cfa_offset 0\n"
	"	br x16\n"
	"	.cfi_endproc\n"
	".size vfork,.-vfork\n");
#else
#error "vfork() needs a jump written for this architecture"
#endif
