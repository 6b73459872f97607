# Copies of SQLite inside programs: the amalgamation, what it is built into, and the targets that check embedded copies.

amalgamation := $(BUILD)/amalgamation
embedded := $(BUILD)/embedded
victim_sources := $(wildcard tests/programs/victim*.c)

# Never committed: it comes from the npm registry, inside a package that is built from it.
$(amalgamation)/sqlite3.c: tests/embedded/fetch-amalgamation
	@mkdir -p $(@D)
	$(SAY) FETCH $@
	$(Q)$< $(@D)

$(amalgamation)/sqlite3.h $(amalgamation)/sqlite3ext.h: $(amalgamation)/sqlite3.c ;

# victim with the amalgamation inside, as programs are built.
build_gcc := gcc
build_clang := $(CLANG)
build_flags_O0 := -O0
build_flags_O2 := -O2
build_flags_Os := -Os
build_flags_lto := -O1 -flto
build_flags_unit := -O1
build_flags_cet := -O1 -fcf-protection=full
build_flags_nopie := -O1 -fno-pie -no-pie
build_flags_pie := -O1 -fPIE -pie
build_flags_stripped := -O2 -s
build_flags_ssp := -O0 -fstack-protector-all
build_ways := O0 O2 Os lto unit cet nopie pie stripped ssp
build_names := $(foreach compiler,gcc clang,$(addprefix $(compiler)_,$(build_ways)))
embedded_victims := $(addprefix $(embedded)/victim_,$(build_names))

way = $(lastword $(subst _, ,$(1)))
# The build that differs only in how it is linked is not compiled again.
compiled = $(if $(filter stripped,$(call way,$(1))),$(subst stripped,O2,$(1)),$(1))
compiler_of = $(build_$(firstword $(subst _, ,$(1))))

$(embedded)/sqlite_%.o: $(amalgamation)/sqlite3.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(call compiler_of,$*) -w $(build_flags_$(call way,$*)) -I$(amalgamation) -c -o $@ $<

.SECONDEXPANSION:
$(filter-out %_unit,$(embedded_victims)): $(embedded)/victim_%: $(embedded)/sqlite_$$(call compiled,$$*).o $(victim_sources)
	$(SAY) LD $@
	$(Q)$(call compiler_of,$*) -D_GNU_SOURCE -w $(build_flags_$(call way,$*)) -I$(amalgamation) -o $@ $^ -lpthread -ldl -lm

# All in one unit, so that the compiler sees who calls what.
$(filter %_unit,$(embedded_victims)): $(embedded)/victim_%: $(amalgamation)/sqlite3.c $(victim_sources)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)for file in $(abspath $^); do echo "#include \"$$file\""; done | $(call compiler_of,$*) -D_GNU_SOURCE -w \
		$(build_flags_unit) -I$(amalgamation) -Itests/programs -x c -o $@ - -lpthread -ldl -lm

# Scenes that a victim's lines cannot say; the same compiled as a plugin, with SQLite's names hidden, in three builds.
embedded_programs := $(embedded)/guest $(embedded)/deep $(addprefix $(embedded)/plugin_,O0.so O2.so Os.so) $(embedded)/opener $(embedded)/edge $(embedded)/opener_early.so \
	$(embedded)/interposer.so $(embedded)/module.so $(embedded)/old $(embedded)/two $(embedded)/doubt

$(embedded)/guest: tests/embedded/guest.c $(embedded)/sqlite_gcc_O2.o
	$(SAY) LD $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -I$(amalgamation) -o $@ $^ $(LDFLAGS) -lpthread -ldl -lm

# rename_sqlite OBJCOPY NM FROM TO - the same with other names.
rename_sqlite = $(2) -g --defined-only $(3) | awk '{ print $$3, "other_" $$3 }' >$(4).names && $(1) --redefine-syms=$(4).names $(3) $(4)

$(embedded)/two: tests/embedded/two.c $(embedded)/sqlite_gcc_nopie.o
	$(SAY) LD $@
	$(Q)$(call rename_sqlite,objcopy,nm,$(embedded)/sqlite_gcc_nopie.o,$@.other.o)
	$(Q)gcc -D_GNU_SOURCE -O1 -fno-pie -no-pie -I$(amalgamation) -o $@ $^ $@.other.o -lpthread -ldl -lm

scan_sources := $(addprefix shim/,$(addprefix elf/,apitable.c search.c code.c image.c object.c loader.c) base/process.c base/glibc.c base/library.c base/next_symbol.c base/symbol_table.c)

$(embedded)/doubt: tests/embedded/doubt.c $(scan_sources) $(embedded)/sqlite_gcc_nopie.o $(embedded)/two $(wildcard shim/*/*.h)
	$(SAY) LD $@
	$(Q)gcc -Ishim -D_GNU_SOURCE -O1 -fno-pie -no-pie -I$(amalgamation) -o $@ $(filter %.c %.o,$^) $(embedded)/two.other.o \
		-lpthread -ldl -lm

$(embedded)/plugin_sqlite_%.o: $(amalgamation)/sqlite3.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)gcc -w -$* -fPIC -fvisibility=hidden -I$(amalgamation) -c -o $@ $<

$(embedded)/plugin_%.so: $(embedded)/plugin_sqlite_%.o tests/embedded/plugin.c $(victim_sources)
	$(SAY) LD $@
	$(Q)gcc -D_GNU_SOURCE -w -fPIC -I$(amalgamation) -shared -Wl,-Bsymbolic -o $@ $^ -lpthread -ldl -lm

# As an npm module may be: its own SQLite, and all names exported.
$(embedded)/module.so: $(amalgamation)/sqlite3.c $(victim_sources)
	$(SAY) LD $@
	$(Q)gcc -D_GNU_SOURCE -w -O1 -fPIC -I$(amalgamation) -shared -o $@ $^ -lpthread -ldl -lm

$(embedded)/opener $(embedded)/edge: $(embedded)/%: tests/embedded/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS)

$(embedded)/opener_early.so $(embedded)/interposer.so: $(embedded)/%.so: tests/embedded/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -shared -o $@ $< $(LDFLAGS) -ldl

$(embedded)/old-sqlite/sqlite3.c: tests/embedded/fetch-amalgamation
	@mkdir -p $(@D)
	$(SAY) FETCH $@
	$(Q)$< $(@D) sqlite3@3.0.8

$(embedded)/old: tests/embedded/old.c $(embedded)/old-sqlite/sqlite3.c
	$(SAY) CC $@
	$(Q)gcc -w -O1 -I$(embedded)/old-sqlite -o $@ $^ -lpthread -ldl

.SECONDARY: $(patsubst %,$(embedded)/plugin_sqlite_%.o,O0 O2 Os)

.PHONY: embedded-programs
embedded-programs: $(embedded_victims) $(embedded_programs)

.PHONY: check-embedded check-embedded-builds
check-embedded check-embedded-builds: ## embedded copies in programs built in many ways
	$(Q)scripts/install-packages build check embedded
	$(Q)$(make_at_once) $(library) programs embedded-programs
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites $(patsubst %,tests/embedded/%.bats,builds harmless quiet attached rollback_journal deepbind wait_log interrupts starts)

# The library with a sanitizer; the programs without.
.PHONY: check-embedded-asan check-embedded-tsan
check-embedded-asan: export ASAN_OPTIONS := detect_leaks=1:verify_asan_link_order=0:abort_on_error=1
check-embedded-asan: export UBSAN_OPTIONS := print_stacktrace=1
check-embedded-asan: export LSAN_OPTIONS := suppressions=$(CURDIR)/tests/harness/leaks.supp:print_suppressions=0
check-embedded-tsan: export TSAN_OPTIONS := halt_on_error=1:abort_on_error=1
check-embedded-asan check-embedded-tsan: check-embedded-%san: ## (tsan too) the same under a sanitizer
	$(Q)scripts/install-packages build check embedded
	$(Q)$(make_at_once) embedded-programs
	$(Q)$(make_at_once) BUILD=$(BUILD)/$*san CFLAGS='$(sanitizer_flags_$*san)' all programs
	$(Q)ln -sfn $(abspath $(embedded)) $(BUILD)/$*san/embedded
	$(Q)BUILD=$(abspath $(BUILD))/$*san SANITIZER_RUNTIME=$$($(CC) -print-file-name=lib$*san.so) \
		tests/harness/suites $(patsubst %,tests/embedded/%.bats,harmless attached)

apitable_sources := $(filter-out %object.c %loader.c %process.c %glibc.c %library.c,$(scan_sources))
apitable_headers := $(apitable_sources:.c=.h)

$(unit)/apitable: tests/unit/elf/apitable.c $(apitable_sources) $(apitable_headers) tests/unit/check.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(LDFLAGS)

.PHONY: check-unit-apitable
check-unit-apitable: $(unit)/apitable ## unit tests of the search for tables of functions
	$(Q)$<

fuzzed_elsewhere := apitable needed
fuzz_longest_apitable := 4000
fuzz_longest_needed := 2000

$(fuzz)/apitable $(fuzz)/replay-apitable: tests/fuzz/require.h $(apitable_sources) $(apitable_headers)
$(fuzz)/needed $(fuzz)/replay-needed: shim/elf/needed.c shim/elf/needed.h

$(addprefix $(fuzz)/,$(fuzzed_elsewhere)): $(fuzz)/%: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 $(warnings) $(fuzz_flags) -fsanitize=fuzzer -o $@ $(filter %.c,$^)

$(addprefix $(fuzz)/replay-,$(fuzzed_elsewhere)): $(fuzz)/replay-%: tests/fuzz/%.c tests/fuzz/replay.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(fuzz_flags) -o $@ $(filter %.c,$^) $(LDFLAGS)

.PHONY: $(addprefix fuzz-,$(fuzzed_elsewhere))
fuzz-apitable fuzz-needed: fuzz-%: $(fuzz)/% ## (fuzz-needed too) feed made-up objects for SECONDS seconds (clang)
	@mkdir -p $(fuzz)/found-$*
	$(Q)$< -max_total_time=$(SECONDS) -max_len=$(fuzz_longest_$*) -timeout=25 -print_final_stats=1 -artifact_prefix=$(fuzz)/$*- \
		$(fuzz)/found-$* tests/fuzz/corpus/$*

.PHONY: check-fuzz-corpus-embedded
check-fuzz-corpus-embedded: $(addprefix $(fuzz)/replay-,$(fuzzed_elsewhere)) ## replay the kept objects
	$(Q)$(fuzz)/replay-apitable tests/fuzz/corpus/apitable
	$(Q)$(fuzz)/replay-needed tests/fuzz/corpus/needed

survey := $(BUILD)/survey

$(survey)/survey: tests/survey/survey.c $(apitable_sources) $(apitable_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(LDFLAGS)

SURVEY ?= /usr /opt /work /root

.PHONY: survey
survey: $(survey)/survey ## look for tables of functions in every object below SURVEY; no false one may come up
	$(Q)find $(SURVEY) -xdev -type f -size +1k -print0 2>/dev/null | $< -t >$(survey)/objects.txt; status=$$?; \
		grep -v '^[0-9]* [0-9]* [0-9] /' $(survey)/objects.txt; exit $$status

$(bench)/scan.so: tests/bench/scan.c $(scan_sources) $(wildcard shim/*/*.h)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -shared -Wl,-z,defs -o $@ $(filter %.c,$^) $(LDFLAGS) -ldl

# Where node and others with SQLite inside are, if make check-clients was run: what is not there is left out.
SCAN_CLIENTS ?= $(BUILD)/clients

.PHONY: bench-scan
bench-scan: $(bench)/scan.so $(programs)/host $(embedded)/plugin_O2.so $(embedded)/victim_gcc_nopie ## what the search for tables costs real programs
	$(Q)tests/bench/scan $(bench)/scan.so $(BUILD) $(SCAN_CLIENTS)

$(embedded)/deep: tests/embedded/deep.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) -ldl

# The same on arm64, under qemu: the library, a program with SQLite inside, one that is linked to it, and a plugin that is.
arm64 := $(BUILD)/arm64
arm64_cc := aarch64-linux-gnu-gcc
arm64_compile = $(arm64_cc) -D_GNU_SOURCE -w -fPIC -I$(amalgamation)

$(arm64)/libsqlprod.so: $(wildcard shim/*/*.[ch]) shim/exports.map $(amalgamation)/sqlite3.h
	$(Q)$(MAKE) --no-print-directory CC=$(arm64_cc) BUILD=$(arm64) CPPFLAGS=-I$(abspath $(amalgamation)) CFLAGS= LDFLAGS= all

$(arm64)/sqlite.o: $(amalgamation)/sqlite3.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(arm64_compile) -O2 -c -o $@ $<

$(arm64)/two: tests/embedded/two.c $(arm64)/sqlite.o
	$(SAY) LD $@
	$(Q)$(call rename_sqlite,aarch64-linux-gnu-objcopy,aarch64-linux-gnu-nm,$(arm64)/sqlite.o,$@.other.o)
	$(Q)$(arm64_cc) -D_GNU_SOURCE -O1 -fno-pie -no-pie -I$(amalgamation) -o $@ $^ $@.other.o -lpthread -ldl -lm

$(arm64)/victim_inside: $(arm64)/sqlite.o $(victim_sources)
	$(SAY) LD $@
	$(Q)$(arm64_compile) -o $@ $^ -lpthread -ldl -lm

$(arm64)/libsqlite3.so.0: $(arm64)/sqlite.o
	$(SAY) LD $@
	$(Q)$(arm64_cc) -shared -Wl,-soname,libsqlite3.so.0 -o $@ $< -lpthread -ldl -lm

$(arm64)/victim_linked: $(victim_sources) $(arm64)/libsqlite3.so.0
	$(SAY) LD $@
	$(Q)$(arm64_compile) -o $@ $^ -Wl,-rpath,'$$ORIGIN' -lpthread -ldl

$(arm64)/victim.so: $(victim_sources) $(arm64)/libsqlite3.so.0
	$(SAY) LD $@
	$(Q)$(arm64_compile) -shared -o $@ $^ -Wl,-rpath,'$$ORIGIN' -lpthread -ldl

$(arm64)/host $(arm64)/deep: $(arm64)/%: tests/programs/host.c tests/embedded/deep.c
	$(SAY) CC $@
	$(Q)$(arm64_compile) -o $@ $(filter %/$*.c,$^) -ldl

.PHONY: check-arm64
check-arm64: ## interposition and embedded copies on arm64, under qemu
	$(Q)scripts/install-packages build check arm64
	$(Q)$(make_at_once) $(addprefix $(arm64)/,libsqlprod.so victim_inside two victim_linked victim.so host deep)
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites tests/embedded/arm64.bats
