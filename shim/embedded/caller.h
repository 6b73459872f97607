/* caller.h - finds the code that opens a file.
 *
 * That is the caller of our hook, unless another library interposes open() before us (a sanitizer's, fakechroot's): then that
 * library called the hook, and the return address into the code that opens lies a little further up the stack. */
#ifndef SQLPROD_EMBEDDED_CALLER_H
#define SQLPROD_EMBEDDED_CALLER_H

/* An address in SQLite's code, if SQLite opens the file: caller itself, or a return address on the stack above frame. Otherwise
 * caller. */
const void *caller_find(const void *caller, const void *frame);

#endif
