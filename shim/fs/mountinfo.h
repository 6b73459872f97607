/* mountinfo.h - parses the text of /proc/self/mountinfo: proc(5). */
#ifndef SQLPROD_FS_MOUNTINFO_H
#define SQLPROD_FS_MOUNTINFO_H

#include "fs/storage.h"

/* Finds the mount that holds path in the text of /proc/self/mountinfo: the last one whose device is major:minor and whose mount
 * point is the longest prefix of path; if no device matches (btrfs, overlay), the last one whose mount point is the longest prefix.
 * Octal escapes are decoded. A last line without a newline was cut and is ignored. False, with *out untouched, if there is none.
 * Any text is safe. Pure. */
bool mountinfo_find(const char *mountinfo, size_t length, unsigned major, unsigned minor, const char *path, struct storage *out);

#endif
