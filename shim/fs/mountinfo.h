/* mountinfo.h - reads the text of /proc/self/mountinfo: proc(5). */
#ifndef SQLPROD_FS_MOUNTINFO_H
#define SQLPROD_FS_MOUNTINFO_H

#include "fs/storage.h"

/* Finds in the text of /proc/self/mountinfo (proc(5)) the mount that holds path: the last whose device is major:minor and whose
 * mount point is the longest prefix of path; if no device matches (btrfs, overlay), the last whose mount point is the longest
 * prefix. Octal escapes are decoded; a last line without a newline was cut and does not count. False if there is none, *out
 * untouched. Any text is safe. Pure. */
bool mountinfo_find(const char *mountinfo, size_t length, unsigned major, unsigned minor, const char *path, struct storage *out);

#endif
