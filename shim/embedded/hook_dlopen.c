/* hook_dlopen.c - the hook of dlopen(): removes RTLD_DEEPBIND if it would hide the module's SQLite from our hooks. */
#include "embedded/hook_dlopen.h"

#include "base/glibc.h"
#include "base/log.h"
#include "base/settings.h"
#include "elf/loader.h"
#include "elf/needed.h"
#include "sqlite/sqlite.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* musl has no such flag. */
#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

/* The original dlopen(), for the jump below. */
void *deepbind_dlopen __attribute__((visibility("hidden")));

#if defined(__x86_64__)
__asm__(".text\n"
	".globl dlopen\n"
	".type dlopen,@function\n"
	"dlopen:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	push %rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	sub $16,%rsp\n" /* aligned to 16 bytes for the call */
	"	.cfi_adjust_cfa_offset 16\n"
	"	call deepbind_mode\n"
	"	mov %eax,%esi\n"
	"	add $16,%rsp\n"
	"	.cfi_adjust_cfa_offset -16\n"
	"	pop %rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	jmp *deepbind_dlopen(%rip)\n"
	"	.cfi_endproc\n"
	".size dlopen,.-dlopen\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".globl dlopen\n"
	".type dlopen,%function\n"
	"dlopen:\n"
	"	.cfi_startproc\n"
	"	stp x29,x30,[sp,-32]!\n"
	"	.cfi_def_cfa_offset 32\n"
	"	.cfi_offset 29,-32\n"
	"	.cfi_offset 30,-24\n"
	"	str x0,[sp,16]\n"
	"	bl deepbind_mode\n"
	"	mov w1,w0\n"
	"	ldr x0,[sp,16]\n"
	"	ldp x29,x30,[sp],32\n"
	"	.cfi_restore 29\n"
	"	.cfi_restore 30\n"
	"	.cfi_def_cfa_offset 0\n"
	"	adrp x16,deepbind_dlopen\n"
	"	ldr x16,[x16,:lo12:deepbind_dlopen]\n"
	"	br x16\n"
	"	.cfi_endproc\n"
	".size dlopen,.-dlopen\n");
#else
#error "dlopen() needs a jump written for this architecture"
#endif

enum use { USE_NONE, USE_LINKED, USE_INSIDE };

static enum use use_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum use use = USE_NONE;
	struct stat status;
	void *bytes;

	if (fd < 0)
		return USE_NONE;
	bytes = glibc_fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0
			? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
			: MAP_FAILED;
	close(fd);
	if (bytes == MAP_FAILED)
		return USE_NONE;
	if (needed_has_sqlite(bytes, (size_t)status.st_size))
		use = USE_LINKED;
	else if (needed_carries_sqlite(bytes, (size_t)status.st_size))
		use = USE_INSIDE;
	munmap(bytes, (size_t)status.st_size);
	return use;
}

/* The mode to load the file with. A module with an embedded SQLite keeps the flag: without it, it could bind to another copy than
 * its own, or to other libraries. */
static int mode_for(const char *file, int mode)
{
	switch (use_of(file)) {
	case USE_LINKED:
		log_write(LOG_INFO, "%s is loaded without RTLD_DEEPBIND, which would hide its SQLite", file);
		return mode & ~RTLD_DEEPBIND;
	case USE_INSIDE:
		sqlite_found_unreachable();
		log_warn_once(WARNING_UNREACHED, file,
			      "%s carries a SQLite that cannot be reached (it is loaded with RTLD_DEEPBIND): its databases keep"
			      " their own settings",
			      file);
		return mode;
	default:
		return mode;
	}
}

/* Before glibc 2.34 a program may have no dlopen() but ours, and call it because a weak symbol is no longer NULL. */
static void *no_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

static void find_dlopen(void)
{
	void *found = loader_symbol(NULL, "dlopen");

	__atomic_store_n(&deepbind_dlopen, found ? found : (void *)(uintptr_t)no_dlopen, __ATOMIC_RELAXED);
}

int deepbind_mode(const char *file, int mode)
{
	int saved = errno;

	if (!__atomic_load_n(&deepbind_dlopen, __ATOMIC_RELAXED))
		find_dlopen();
	/* only the loader can search for a name without a slash, by the caller's RUNPATH */
	if ((mode & RTLD_DEEPBIND) && file && strchr(file, '/') && settings_get(SETTING_ENABLED)->number == SWITCH_ON)
		mode = mode_for(file, mode);
	errno = saved;
	return mode;
}
