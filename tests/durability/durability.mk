# What reaches the disk, and what is left of it when the power fails.

CUTS ?= 1000

durability := $(BUILD)/durability
programs: $(addprefix $(programs)/,disk.so writers cuts)
embedded-programs: $(embedded)/writers

$(programs)/disk.so: tests/durability/disk.c tests/durability/record.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -shared -o $@ $< $(LDFLAGS) -ldl

$(programs)/writers $(programs)/cuts: $(programs)/%: tests/durability/%.c tests/durability/record.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) -lsqlite3 -ldl

$(embedded)/writers: tests/durability/writers.c $(embedded)/sqlite_gcc_O2.o
	$(SAY) LD $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -I$(amalgamation) -o $@ $^ $(LDFLAGS) -lpthread -ldl -lm

.PHONY: check-durability check-durability-whole
check-durability: $(library) $(addprefix $(programs)/,disk.so writers cuts) $(embedded)/writers ## power failures at every point of a run of 8 writers (CUTS for each scene)
	$(Q)CUTS=$(CUTS) BUILD=$(abspath $(BUILD)) bats tests/durability/durability.bats

check-durability-whole: ## the same with 10,000 cuts for each scene
	$(Q)$(MAKE) --no-print-directory check-durability CUTS=10000

slow_targets += check-durability-whole
