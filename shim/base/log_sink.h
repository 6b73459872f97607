/* log_sink.h - where lines go: standard error, or a file that the operator named.
 *
 * Whatever is there, a line that cannot be written is lost and costs the program nothing: no signal, no wait, no descriptor. errno
 * may change. */
#ifndef SQLPROD_BASE_LOG_SINK_H
#define SQLPROD_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Remembers which file stderr is, before the program can close it and open something of its own there, and the folder that relative
 * paths of the operator start from. For the constructor. */
void log_sink_start(void);

/* Writes the line to standard error, if that is still the file it was at the start and takes it now. */
void log_sink_stderr(const char *line, size_t length);

/* Appends the line to the file of a SETTING_FILE (%p becomes the pid) in one write, so that the lines of several processes do not
 * mix. It is created with this mode, never without its owner's right to append again, whatever the umask. A link is not followed,
 * and a file of several names is refused. False, with errno, if it cannot be opened or does not take the whole line: a full disk, a
 * FIFO that nobody empties. Where half a line was left, the next one begins anew. */
bool log_sink_append(const char *setting, mode_t mode, const char *line, size_t length);

#endif
