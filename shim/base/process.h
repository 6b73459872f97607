/* process.h - names the program of this process. */
#ifndef SQLPROD_BASE_PROCESS_H
#define SQLPROD_BASE_PROCESS_H

/* The path of the running executable, from /proc/self/exe, or argv[0] where there is no /proc. Cut at 4095 bytes. */
const char *process_executable(void);

#endif
