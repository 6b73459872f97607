/* interpreter_lock.c - asks Ruby, if the program was loaded with it: what is weak is looked for once, as the library is loaded. */
#include "base/interpreter_lock.h"

#include <stddef.h>
#include <stdint.h>

/* The class Object, 0 before Ruby has started; its machine, NULL also once it has ended (Ruby 2.5); and whether this thread has its
 * lock, which a thread that is not Ruby's has not. */
extern uintptr_t rb_cObject __attribute__((weak));
extern void *ruby_current_vm_ptr __attribute__((weak));
int ruby_thread_has_gvl_p(void) __attribute__((weak));

bool interpreter_lock_is_held(void)
{
	bool runs = &rb_cObject && rb_cObject && !(&ruby_current_vm_ptr && !ruby_current_vm_ptr);

	return runs && ruby_thread_has_gvl_p && ruby_thread_has_gvl_p();
}
