/* process.h - which program is this? */
#ifndef SQLPROD_BASE_PROCESS_H
#define SQLPROD_BASE_PROCESS_H

/* The path of the running executable, from /proc/self/exe; what the program was called by where there is no /proc. Cut at 4095
 * bytes. */
const char *process_executable(void);

#endif
