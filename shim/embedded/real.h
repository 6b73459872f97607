/* real.h - the function of libc that a hook calls. */
#ifndef SQLPROD_EMBEDDED_REAL_H
#define SQLPROD_EMBEDDED_REAL_H

#include "elf/loader.h"

#include <stdatomic.h>
#include <stdint.h>

/* The next definition of the function after ours, resolved at its first call: a process that opens files only by other functions of
 * libc pays nothing at its start. In a signal handler, and in a thread that a constructor waits for, this is as safe as the
 * loader's lazy binding: what came with the program is found without a lock (base/next_symbol.h). What is in no object after ours,
 * the kernel is asked for. */
#define REAL(function, kernel_function)                                                                                            \
	__extension__({                                                                                                            \
		static void *_Atomic found;                                                                                        \
		void *symbol = atomic_load_explicit(&found, memory_order_relaxed);                                                 \
		if (__builtin_expect(!symbol, 0)) {                                                                                \
			symbol = loader_symbol(NULL, #function);                                                                   \
			if (!symbol)                                                                                               \
				symbol = (void *)(uintptr_t)kernel_function;                                                       \
			atomic_store_explicit(&found, symbol, memory_order_relaxed);                                               \
		}                                                                                                                  \
		*(__typeof__(&function) *)&symbol;                                                                                 \
	})

#endif
