# The library built with musl instead of glibc, in programs built with it: linked to libsqlite3.so, and with SQLite inside.

musl := $(BUILD)/musl
musl_suites := attached begin begin_not_upgraded foreign_keys foreign_keys_replace loader settings_at_open first_use promises report settings threads waits
slow_targets += check-musl

musl_make = $(MAKE) --no-print-directory CC=musl-gcc BUILD=$(musl) CPPFLAGS=-I$(abspath $(amalgamation)) LDFLAGS= WERROR=1
musl_programs := $(addprefix $(musl)/programs/,$(patsubst tests/programs/%.c,%.o,$(victim_sources)) host settings_table fail_malloc.so thread_at_load.so visit_between.so)

# musl loads no plugin with thread-local storage of the initial model.
.PHONY: check-musl
check-musl: ## interposition and embedded copies with musl instead of glibc
	$(Q)scripts/install-packages build check musl
	$(Q)$(MAKE) --no-print-directory $(amalgamation)/sqlite3.h
	$(Q)$(musl_make) CFLAGS= all
	$(Q)$(musl_make) CFLAGS=-ftls-model=global-dynamic $(musl_programs)
	$(Q)musl-gcc -D_GNU_SOURCE -w -O1 -I$(amalgamation) -o $(musl)/victim_inside $(amalgamation)/sqlite3.c $(victim_sources)
	$(Q)CC=musl-gcc BUILD=$(musl) BUILDS=tests/versions/musl.txt tests/versions/run $(musl)/versions $(call bats_files,$(musl_suites))
	$(Q)BUILD=$(abspath $(musl)) bats tests/stress/musl.bats
