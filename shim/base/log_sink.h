/* log_sink.h - writes lines to standard error or to a file that the operator named.
 *
 * A line that cannot be written is dropped. Whatever the target is, writing raises no signal in the program, does not block it and
 * leaves no descriptor open. errno may change. */
#ifndef SQLPROD_BASE_LOG_SINK_H
#define SQLPROD_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Records which file stderr is, before the program can close descriptor 2 and open a file of its own as 2, and the working folder,
 * to which relative paths of the operator refer. For the constructor. */
void log_sink_start(void);

/* Writes the line to standard error if that is still the same file as at the start and is ready for output. */
void log_sink_stderr(const char *line, size_t length);

/* Appends the line to the file of a SETTING_FILE (%p becomes the pid) in one write, so that the lines of several processes do not
 * mix. The file is created with this mode; the owner can always append again, whatever the umask. A symbolic link is not followed,
 * and a file with several hard links is refused. False, with errno, if the file cannot be opened or does not take the whole line: a
 * full disk, a FIFO without a reader. After a partial line the next one starts on a new line. */
bool log_sink_append(const char *setting, mode_t mode, const char *line, size_t length);

#endif
