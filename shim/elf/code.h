/* code.h - reads machine code for the constants and addresses that it uses. x86-64 and arm64; nothing is ever run.
 *
 * Compilers wrap code differently (frames, CET, stack protectors, jumps of -fsanitize=cfi), so instructions are not followed one by
 * one: everything is looked at that could be one which loads a constant. Who asks has to know a right answer from a wrong one. */
#ifndef SQLPROD_ELF_CODE_H
#define SQLPROD_ELF_CODE_H

#include "elf/image.h"

/* Gets a value; true ends the reading. */
typedef bool (*code_taker)(const struct image *image, uintptr_t value, void *argument);

/* Hands over what a short function could return as a constant, its own or one it loads from the GOT. True if one was taken. */
bool code_returns(const struct image *image, uintptr_t function, code_taker take, void *argument);

/* Hands over every address that the code from start to stop could refer to: the object's own, and much that is none. */
void code_refers(const struct image *image, uintptr_t start, uintptr_t stop, code_taker take, void *argument);

#endif
