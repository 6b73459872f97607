/* caller.h - whose code opens this file?
 *
 * The caller's, unless another library stands in front of our open functions (a sanitizer's, fakechroot's): then that one called
 * us, and the return address of the real opener lies a little further up the stack. */
#ifndef SQLPROD_EMBEDDED_CALLER_H
#define SQLPROD_EMBEDDED_CALLER_H

/* The code that SQLite lies around, if it is SQLite that opens: caller, or what stands for it on the stack above frame. Otherwise
 * caller. */
const void *caller_find(const void *caller, const void *frame);

#endif
