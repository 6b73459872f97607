# make check and what it is made of; the sanitizers; lint and format.

# By behaviour: all but the one with a target of its own.
suites := $(filter-out exports,$(patsubst tests/behaviour/%.bats,%,$(sort $(wildcard tests/behaviour/*.bats))))
# With a sanitizer a program needs more address space than memory.bats gives and temp_storage.bats allows, and more stack than faults.bats counts; readme does not
# run the library, wal_frames_faults preloads a library without their runtime.
sanitized_suites := $(filter-out faults memory readme temp_storage wal_frames_faults,$(suites))
bats_files = $(patsubst %,tests/behaviour/%.bats,$(1))
command_suites := $(sort $(wildcard tests/command/*.bats))
unit_targets := check-unit-statement check-unit-settings check-unit-symbols check-unit-storage check-unit-apitable check-unit-connection check-unit-locking
count := MAKE='$(MAKE)' tests/harness/count BUILD='$(BUILD)' CC='$(CC)' WERROR='$(WERROR)'

# For what needs no more than compilers: with all processors.
make_at_once = $(MAKE) --no-print-directory --jobs=$$(nproc) --output-sync=target

.PHONY: check
check: ## run every test of the library; ends in one line with the counts
	$(Q)scripts/install-packages build check
	$(Q)tests/upstream/cpython/install.sh $(BUILD)/cpython
	$(Q)$(count) all programs check-exports $(unit_targets) check-fuzz-corpus check-fuzz-corpus-parsers check-fuzz-corpus-embedded \
		check-suites check-cpython

.PHONY: check-unit
check-unit: $(unit_targets) ## unit tests

.PHONY: check-exports
check-exports: $(library) ## what the library exports and needs
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites $(call bats_files,exports)

.PHONY: check-suites
check-suites: $(library) programs man ## the suites by behaviour, and of the command
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites tests/harness/harness.bats $(call bats_files,$(suites)) $(command_suites)

.PHONY: check-cpython
check-cpython: $(library) ## CPython's own tests of sqlite3, with and without the library
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites tests/upstream/cpython.bats

# gcc's sanitizers. Their runtime precedes the library in LD_PRELOAD.
sanitizer_flags_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
sanitizer_flags_tsan := -O1 -fno-omit-frame-pointer -fsanitize=thread
sanitizer_suites_asan := $(sanitized_suites)
# The thread sanitizer writes a file that hostile_log_files' limit on files stops.
# Programs of one thread, which ask what a statement becomes, tell it nothing that the other suites do not.
one_thread_suites := attached begin cipher first_use_refused foreign_keys foreign_keys_commit foreign_keys_kept foreign_keys_replace \
	foreign_keys_schemas foreign_keys_unkeyed hostile_names hostile_secrets scope_names settings two_copies warnings wal_frames
sanitizer_suites_tsan := $(filter-out hostile_log_files readme storage scope $(one_thread_suites),$(sanitized_suites))
check-asan: export ASAN_OPTIONS := detect_leaks=1:verify_asan_link_order=0:abort_on_error=1
check-asan: export UBSAN_OPTIONS := print_stacktrace=1
check-asan: export LSAN_OPTIONS := suppressions=$(CURDIR)/tests/harness/leaks.supp:print_suppressions=0
check-tsan: export TSAN_OPTIONS := halt_on_error=1:abort_on_error=1

.PHONY: check-asan check-tsan
check-asan: ## the suites, library and victims built with the address and undefined sanitizers
check-tsan: ## the suites with threads, built with the thread sanitizer
check-asan check-tsan: check-%san:
	$(Q)scripts/install-packages build check
	$(Q)$(make_at_once) BUILD=$(BUILD)/$*san CFLAGS='$(sanitizer_flags_$*san)' all programs
	$(Q)BUILD=$(abspath $(BUILD))/$*san SANITIZER_RUNTIME=$$($(CC) -print-file-name=lib$*san.so) \
		tests/harness/suites $(call bats_files,$(sanitizer_suites_$*san))

fuzzers := statement settings mountinfo json token apitable needed

# Each wants one processor.
.PHONY: fuzz
fuzz: ## feed made-up text to what parses, SECONDS seconds each (clang)
	$(Q)scripts/install-packages build check fuzz
	$(Q)$(make_at_once) $(addprefix fuzz-,$(fuzzers))

scripts = $(shell grep -rlE '^\#! */(usr/)?bin/(env )?(ba|da)?sh' .ci findings scripts tests 2>/dev/null) $(wildcard tests/*/*.bats tests/*/*.bash)
sources = $(shell find shim tests -name '*.[ch]' ! -name statement_readings.h)

.PHONY: lint
lint: ## shellcheck, shfmt, clang-format; includes and links; every warning of gcc and clang an error, in unit tests too
	$(Q)scripts/install-packages build check lint
	$(Q)scripts/check-includes
	$(Q)scripts/check-links
	$(Q)shellcheck $(scripts)
	$(Q)shfmt -i 0 -ci -d $(scripts)
	$(Q)clang-format --dry-run -Werror $(sources)
	$(Q)$(make_at_once) BUILD=$(BUILD)/lint-gcc CC=gcc WERROR=1 all programs check-unit
	$(Q)$(make_at_once) BUILD=$(BUILD)/lint-clang CC=$(CLANG) WERROR=1 all programs check-unit

.PHONY: format
format: ## lay out scripts and sources as lint wants them
	$(Q)shfmt -i 0 -ci -w $(scripts)
	$(Q)clang-format -i $(sources)

programs := $(BUILD)/programs
program_objects := $(patsubst tests/programs/%.c,$(programs)/%.o,$(wildcard tests/programs/victim*.c))
program_names := victim victim_cipher victim.so victim_copy.so host
system_sqlite = $(realpath $(shell $(CC) -print-file-name=libsqlite3.so))

.PHONY: programs
programs: $(addprefix $(programs)/,$(program_names))

# Before the first is compiled: one wants SQLCipher.
$(program_objects): | $(programs)/packages
$(programs)/packages:
	@mkdir -p $(@D)
	$(Q)scripts/install-packages build check && touch $@

# victim.so has to export what host looks up.
$(programs)/%.o: tests/programs/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -MMD -MP -c -o $@ $<

$(programs)/victim: $(program_objects)
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) -lsqlite3 -lpthread -ldl

$(programs)/victim_cipher: $(program_objects)
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) -lsqlcipher -lpthread -ldl

$(programs)/victim.so: $(program_objects)
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) -shared -o $@ $^ $(LDFLAGS) -lsqlite3 -lpthread -ldl

# A second copy of SQLite under a name of the same length.
$(programs)/libsqlcopy.so.0: tests/check.mk
	@mkdir -p $(@D)
	$(Q)LC_ALL=C sed 's/libsqlite3\.so\.0/libsqlcopy.so.0/g' $(system_sqlite) >$@

$(programs)/victim_copy.so: $(program_objects) $(programs)/libsqlcopy.so.0
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) -shared -o $@ $^ $(LDFLAGS) -Wl,-rpath,'$$ORIGIN' -lpthread -ldl

$(programs)/host: $(programs)/host.o
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) -ldl

-include $(program_objects:.o=.d) $(programs)/host.d

bench := $(BUILD)/bench
bench_programs := $(bench)/calls $(bench)/calls_embedded $(bench)/spawn $(bench)/empty.so

.PHONY: bench bench-cost bench-walk
bench: bench-cost bench-scan bench-goals ## what the library costs and gains: the three below

bench-cost: ## instructions by callgrind, and the start of a program; a table in build/bench/table.md
	$(Q)scripts/install-packages build check bench
	$(Q)$(MAKE) --no-print-directory $(library) $(bench_programs)
	$(Q)tests/bench/table $(library) $(bench) >$(bench)/table.md; status=$$?; cat $(bench)/table.md; exit $$status

bench-walk: ## which functions, in which files, a BEGIN passes through (CASE=exec-begin for another of tests/bench/calls.c)
	$(Q)scripts/install-packages build check bench
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/walk CFLAGS='-O0 -ffunction-sections -finstrument-functions' LDFLAGS=-Wl,-Map=$(BUILD)/walk/map all
	$(Q)$(MAKE) --no-print-directory $(bench)/calls $(bench)/trace_calls.so
	$(Q)tests/bench/walk $(BUILD)/walk $(bench) $(or $(CASE),begin)

$(bench)/trace_calls.so: tests/bench/trace_calls.c tests/bench/trace_calls.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -shared -o $@ $< $(LDFLAGS) -ldl

$(bench)/calls: tests/bench/calls.c tests/bench/trace_calls.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -o $@ $< $(LDFLAGS) -lsqlite3

$(bench)/calls_embedded: tests/bench/calls.c tests/bench/trace_calls.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -o $@ $< $(LDFLAGS) -l:libsqlite3.a -lm -lpthread -ldl

$(bench)/spawn: tests/bench/spawn.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS)

$(bench)/empty.so:
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)echo 'extern int nothing;' | $(CC) $(CFLAGS) -shared -o $@ -x c - $(LDFLAGS)
