/* opener.h - whose code opens this file?
 *
 * The caller's, unless another library stands in front of our open functions (a sanitizer's, fakechroot's): then that one called
 * us, and the return address of the real opener lies a little further up the stack. */
#ifndef SQLPROD_OPENER_H
#define SQLPROD_OPENER_H

/* The code that SQLite lies around, if it is SQLite that opens: caller, or what stands for it on the stack above frame. Otherwise
 * caller. */
const void *opener_find(const void *caller, const void *frame);

#endif
