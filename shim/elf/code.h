/* code.h - reads the constants and addresses that machine code uses. x86-64 and arm64; no code is run.
 *
 * Compilers wrap code differently (frames, CET, stack protectors, jumps of -fsanitize=cfi), so instructions are not decoded one
 * after the other: at each position, the bytes are tried as an instruction that loads a constant. The caller must be able to reject
 * wrong values. */
#ifndef SQLPROD_ELF_CODE_H
#define SQLPROD_ELF_CODE_H

#include "elf/image.h"

/* Receives one value; true ends the reading. */
typedef bool (*code_taker)(const struct image *image, uintptr_t value, void *argument);

/* Calls take for each constant that a short function could return, its own or one loaded from the GOT. True if take accepted
 * one. */
bool code_returns(const struct image *image, uintptr_t function, code_taker take, void *argument);

/* Calls take for each address that the code from start to stop could refer to, and for many values that are no addresses. */
void code_refers(const struct image *image, uintptr_t start, uintptr_t stop, code_taker take, void *argument);

#endif
