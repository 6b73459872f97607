/* caller.h - finds the code that opens a file, or asks for its size.
 *
 * That is the caller of our hook, unless another library interposes open() before us (a sanitizer's, fakechroot's): then that
 * library called the hook, and the return address into the code that opens lies a little further up the stack. */
#ifndef SQLPROD_EMBEDDED_CALLER_H
#define SQLPROD_EMBEDDED_CALLER_H

/* An address in SQLite's code, if SQLite opens the file: caller itself, or a return address on the stack above frame. Otherwise
 * caller. */
const void *caller_find(const void *caller, const void *frame);

/* The same for who asks for a file's size: SQLite does with mutexes of its own held. */
const void *caller_find_stat(const void *caller, const void *frame);

#endif
