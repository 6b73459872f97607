/* wait_input.h - before a call of the program that waits for input: meanwhile, a -wal that has come to rest is copied into its
 * database (idle_checkpoint.h).
 *
 * read() and its like cannot be made in parts (wait_parts.h): so the wait for the input is, and the call itself comes when there is
 * some, or when nothing is left to be copied. A call that does not wait, or waits while nothing is to be copied, is made as it is.
 */
#ifndef SQLPROD_EMBEDDED_WAIT_INPUT_H
#define SQLPROD_EMBEDDED_WAIT_INPUT_H

#include <stdbool.h>
#include <stddef.h>

enum wait_input {
	WAIT_DATA,
	WAIT_CONNECTION, /* accept(2) */
};

/* To be called if wait_has_parts(); size: for how many bytes there is room, in one call of the kernel's. For a terminal, pipe or
 * socket, or what is none of the files of a filesystem, such as inotify(7); others never wait, or cannot be told from those that do
 * not (fifo(7)), and nor does a call that is refused at once. False with EINTR if a signal has come whose handler ends such a call
 * (one without SA_RESTART). Else errno is kept. */
bool wait_for_input(int fd, enum wait_input what, size_t size);

#endif
