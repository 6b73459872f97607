/* shrink.h - makes a failing program small. */
#ifndef FUZZ_SHRINK_H
#define FUZZ_SHRINK_H

#include "judge.h"

/* Drops lines as long as a finding of the same kind stays; leaves the judge with that finding. */
void shrink(struct judge *judge, struct program *program);

#endif
