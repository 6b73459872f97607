# The differential fuzzer of foreign keys: made-up programs, with and without the library. See tests/fuzz/foreign_keys/main.c.

fk_fuzzer := $(BUILD)/tests/fuzz/foreign-keys
# How many programs, or for how many SECONDS; the first seed; kinds of findings to leave out; another SQLite
# than the system's, as the path of its libsqlite3.so, or "newest", which is that of an npm package; more options of the fuzzer.
PROGRAMS ?= 1000000
FIRST ?= 1
FINDINGS ?= 10
IGNORE ?=
SQLITE ?=
NEWEST_SQLITE ?= better-sqlite3@13.2.0
FK_OPTIONS ?=
fk_options = --library $(abspath $(library)) --first $(FIRST) --findings $(FINDINGS) $(if $(IGNORE),--ignore $(IGNORE)) $(FK_OPTIONS)
# Seconds that nobody asked for do not cut short so many programs that were.
fk_seconds = $(if $(filter file-file,$(origin PROGRAMS)-$(origin SECONDS)),$(SECONDS),$(if $(filter file,$(origin SECONDS)),0,$(SECONDS)))
# The loader looks for libsqlite3.so.0.
fk_path := $(BUILD)/tests/fuzz/sqlite
fk_newest := $(fk_path)/newest/libsqlite3.so
fk_file = $(if $(filter newest,$(SQLITE)),$(fk_newest),$(SQLITE))
fk_sqlite = $(if $(SQLITE),mkdir -p $(fk_path) && ln -sf $(abspath $(fk_file)) $(fk_path)/libsqlite3.so.0 && export LD_LIBRARY_PATH=$(abspath $(fk_path)) &&)

$(fk_newest):
	@mkdir -p $(@D)
	$(Q)tests/embedded/fetch-amalgamation $(@D) $(NEWEST_SQLITE)
	$(SAY) CC $@
	$(Q)$(CC) -w -O2 -g -fPIC -shared -Wl,-soname,libsqlite3.so.0 -DSQLITE_ENABLE_FTS5 -o $@ $(@D)/sqlite3.c -lpthread -ldl -lm

$(fk_fuzzer): $(wildcard tests/fuzz/foreign_keys/*.c) $(wildcard tests/fuzz/foreign_keys/*.h)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -o $@ $(filter %.c,$^) $(LDFLAGS) -lsqlite3

.PHONY: fuzz-foreign-keys
fuzz-foreign-keys: $(library) $(fk_fuzzer) $(filter $(fk_newest),$(fk_file)) ## compare made-up programs with and without foreign keys by recipe for SECONDS seconds, or PROGRAMS
	$(Q)$(fk_sqlite) $(fk_fuzzer) $(fk_options) --programs $(PROGRAMS) --seconds $(fk_seconds)

# The fuzzer itself: quiet with the library switched off, and finds what a library does that only turns foreign keys on.
.PHONY: check-fuzz-foreign-keys
check-fuzz-foreign-keys: $(library) $(fk_fuzzer) $(BUILD)/tests/fuzz/careless.so $(filter $(fk_newest),$(fk_file)) ## the fuzzer of foreign keys against a library without guard, and against none
	$(Q)$(fk_sqlite) tests/fuzz/foreign_keys/selftest $(fk_fuzzer) $(abspath $(library)) $(abspath $(BUILD))/tests/fuzz/careless.so

$(BUILD)/tests/fuzz/careless.so: tests/fuzz/foreign_keys/careless/careless.c
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -shared -o $@ $< $(LDFLAGS) -ldl
