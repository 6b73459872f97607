/* hook_stdio.c - the functions of stdio by which a program waits for a line (wait_input.h): glibc reads by a function of its own
 * then. Not those that are called for each byte, but where glibc has a buffer for them. */
#include "base/guard.h"
#include "embedded/real.h"
#include "embedded/wait_input.h"
#include "embedded/wait_parts.h"

#ifdef __GLIBC__

/* glibc's header would define getline() itself. */
#undef __USE_EXTERN_INLINES

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/* Of a file's flags; glibc's headers have no names for them any more. */
#define NOT_READ 0x4      /* it cannot be */
#define PUSHED_BACK 0x100 /* what is read is what ungetc(3) has put beside the buffer, which may hold more */
#define LINE_BUFFERED 0x200
#define IS_WRITTEN 0x800 /* what was written goes out before anything is read: perhaps a question, to be answered */
#define READS_AT_ONCE (NOT_READ | PUSHED_BACK | IS_WRITTEN | _IO_EOF_SEEN)

static int ends(void)
{
	errno = ENOSYS;
	return EOF;
}

static bool is_interactive(const FILE *file)
{
	ptrdiff_t size = file->_IO_buf_end - file->_IO_buf_base;
	struct termios modes;

	return size == 0 ? syscall(SYS_ioctl, file->_fileno, TCGETS, &modes) == 0 : size == 1 || (file->_flags & LINE_BUFFERED);
}

/* What glibc does before it reads from a file that is not buffered, or by lines, as a terminal is. */
static void show_prompt(const FILE *file)
{
	if ((stdout->_flags & LINE_BUFFERED) && is_interactive(file))
		REAL(fflush, ends)(stdout);
}

/* False if the call is to fail, as one does whose read(2) was interrupted. */
static __attribute__((noinline)) bool wait_for_file(FILE *file)
{
	int saved = errno;

	if (file->_IO_read_ptr < file->_IO_read_end || file->_fileno < 0 || (file->_flags & READS_AT_ONCE))
		return true;
	show_prompt(file);
	errno = saved;
	if (wait_for_input(file->_fileno, WAIT_DATA, BUFSIZ))
		return true;
	file->_flags |= _IO_ERR_SEEN;
	return false;
}

static inline bool may_go_on(FILE *file)
{
	return !wait_has_parts() || wait_for_file(file);
}

static void *fails(void)
{
	errno = ENOSYS;
	return NULL;
}

/* There is no room for a byte: nothing is read. */
static inline bool may_get_line(int size, FILE *file)
{
	return size <= 1 || may_go_on(file);
}

static NEXT(fgets);

static __attribute__((noinline)) char *fgets_after_wait(char *text, int size, FILE *file)
{
	NEXT_FIND(fgets, fails);
	return may_get_line(size, file) ? NEXT_CALL(fgets)(text, size, file) : NULL;
}

HOOK char *fgets(char *text, int size, FILE *file)
{
	return NEXT_IS_ALL(fgets) ? NEXT_CALL(fgets)(text, size, file) : fgets_after_wait(text, size, file);
}

HOOK ssize_t getdelim(char **text, size_t *size, int end, FILE *file)
{
	return may_go_on(file) ? REAL(getdelim, ends)(text, size, end, file) : -1;
}

static NEXT(getline);

static __attribute__((noinline)) ssize_t getline_after_wait(char **text, size_t *size, FILE *file)
{
	NEXT_FIND(getline, ends);
	return may_go_on(file) ? NEXT_CALL(getline)(text, size, file) : -1;
}

HOOK ssize_t getline(char **text, size_t *size, FILE *file)
{
	return NEXT_IS_ALL(getline) ? NEXT_CALL(getline)(text, size, file) : getline_after_wait(text, size, file);
}

/* What programs call that were compiled with optimization, or _FORTIFY_SOURCE. */
char *__fgets_chk(char *text, size_t room, int size, FILE *file);

HOOK char *__fgets_chk(char *text, size_t room, int size, FILE *file)
{
	return may_get_line(size, file) ? REAL(__fgets_chk, fails)(text, room, size, file) : NULL;
}

static NEXT(__getdelim);

static __attribute__((noinline)) ssize_t getdelim_after_wait(char **text, size_t *size, int end, FILE *file)
{
	NEXT_FIND(__getdelim, ends);
	return may_go_on(file) ? NEXT_CALL(__getdelim)(text, size, end, file) : -1;
}

HOOK ssize_t __getdelim(char **text, size_t *size, int end, FILE *file)
{
	return NEXT_IS_ALL(__getdelim) ? NEXT_CALL(__getdelim)(text, size, end, file) : getdelim_after_wait(text, size, end, file);
}

/* getc_unlocked() and its like, when the buffer has been read. */
HOOK int __uflow(FILE *file)
{
	return may_go_on(file) ? REAL(__uflow, ends)(file) : EOF;
}

#endif
