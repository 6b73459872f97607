/* features.h - included before all else (-include): keeps new glibcs from replacing functions by ones that old glibcs lack.
 *
 * From 2.38 on, strtol, sscanf and their kind become __isoc23_strtol and so on under _GNU_SOURCE, for the sake of binary numbers.
 * The switch is glibc's own, and is called C23 instead of C2X from 2.40 on. scripts/package/check-symbols fails if it ever
 * changes again. */
#ifndef SQLPROD_BASE_FEATURES_H
#define SQLPROD_BASE_FEATURES_H

#include <features.h>

#undef __GLIBC_USE_C2X_STRTOL
#define __GLIBC_USE_C2X_STRTOL 0
#undef __GLIBC_USE_C23_STRTOL
#define __GLIBC_USE_C23_STRTOL 0

#endif
