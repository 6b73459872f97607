/* meanwhile.h - included before all else: another thread runs right before the set of statements that must be read is stored. */
#include <stdatomic.h>

void meanwhile(void);

#undef atomic_store_explicit
#define atomic_store_explicit(place, value, order) (meanwhile(), (void)(order), (void)(*(place) = (value)))
