# Hostile input, at length: environments, statements and files that no user intends.

hostile := $(BUILD)/hostile
# How many are tried: environments; programs of some fifty statements each, on the system's SQLite; database files.
HOSTILE_ENVIRONMENTS ?= 2000
HOSTILE_PROGRAMS ?= 20000
HOSTILE_DATABASES ?= 300

$(hostile)/launch: tests/stress/hostile/launch.c
$(hostile)/huge: tests/stress/hostile/huge.c
$(hostile)/differential: tests/stress/hostile/differential.c tests/stress/hostile/grammar.c

$(hostile)/launch $(hostile)/huge $(hostile)/differential: tests/stress/hostile/grammar.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -o $@ $(filter %.c,$^) $(LDFLAGS) -lsqlite3

.PHONY: check-hostile
check-hostile: ## environments, statements and SQL of hundreds of megabytes that no user intends; HOSTILE_PROGRAMS and HOSTILE_ENVIRONMENTS choose how many
	$(Q)scripts/install-packages build check hostile
	$(Q)$(MAKE) --no-print-directory all programs $(hostile)/launch $(hostile)/huge $(hostile)/differential
	$(Q)BUILD=$(abspath $(BUILD)) HOSTILE_ENVIRONMENTS=$(HOSTILE_ENVIRONMENTS) HOSTILE_PROGRAMS=$(HOSTILE_PROGRAMS) \
		HOSTILE_DATABASES=$(HOSTILE_DATABASES) bats tests/stress/hostile.bats

slow_targets += check-hostile
