# Unit tests, and fuzzers of what parses.

unit := $(BUILD)/tests/unit
settings_sources := shim/base/settings.c shim/base/settings_text.c shim/base/patterns.c shim/base/settings_table.c shim/base/glibc.c \
	shim/base/library.c shim/base/next_symbol.c shim/base/symbol_table.c
storage_sources := shim/fs/storage.c shim/fs/mountinfo.c shim/fs/storage_types.c shim/base/glibc.c
unit_headers := $(wildcard shim/*/*.h) tests/unit/check.h

.PHONY: check-unit-settings
check-unit-settings: $(unit)/base/settings $(unit)/base/settings_environment $(unit)/base/script ## unit tests of the settings
	$(Q)$(unit)/base/settings
	$(Q)$(unit)/base/settings_environment
	$(Q)$(unit)/base/script

.PHONY: check-unit-symbols
check-unit-symbols: $(unit)/base/next_symbol ## unit test of how functions of libc are found without dlsym()
	$(Q)$< $$(sed -n 's/^\t\([A-Za-z0-9_]*\);$$/\1/p' shim/exports.map)

.PHONY: check-unit-storage
check-unit-storage: $(unit)/fs/storage $(unit)/fs/storage_look ## unit tests of the filesystem look-up
	$(Q)$(unit)/fs/storage tests/unit/fs/mountinfo
	$(Q)$(unit)/fs/storage_look

.PHONY: check-unit-connection
check-unit-connection: $(unit)/connection/interest ## unit test of which statements are read
	$(Q)$(unit)/connection/interest

# the hand-over of the write lock, who holds it, open databases, commits in groups, frames written at once, the length of the WAL, readers' locks that were refused, locks that are given back, waits in parts; models of reservations, of the shared
# lock and of a -wal that starts anew
locking_units := handoff holder path_look open_databases group_commit wal_frames wait_counts wal_limit refused_locks idle_lock idle_wal read_sites site_memory reservation shared_write reservation_model shared_write_model restart_model
.PHONY: check-unit-locking
check-unit-locking: $(addprefix $(unit)/locking/,$(locking_units)) $(unit)/embedded/wait_parts ## unit tests of the locks, models of their protocols
	$(Q)$(unit)/locking/handoff
	$(Q)$(unit)/locking/holder
	$(Q)$(unit)/locking/path_look
	$(Q)$(unit)/locking/open_databases
	$(Q)$(unit)/locking/group_commit
	$(Q)$(unit)/locking/wal_frames
	$(Q)$(unit)/locking/wait_counts
	$(Q)$(unit)/locking/wal_limit
	$(Q)$(unit)/locking/refused_locks
	$(Q)$(unit)/locking/idle_lock
	$(Q)$(unit)/locking/idle_wal
	$(Q)$(unit)/embedded/wait_parts
	$(Q)$(unit)/locking/read_sites
	$(Q)$(unit)/locking/site_memory
	$(Q)$(unit)/locking/reservation
	$(Q)$(unit)/locking/shared_write
	$(Q)tests/model/races $(unit)/locking/reservation_model retry look wait owner first last lapsed written renew fork child seen force
	$(Q)tests/model/races $(unit)/locking/shared_write_model second claim share again due call own renew
	$(Q)tests/model/races $(unit)/locking/restart_model anew lost checkpoint again

$(unit)/locking/handoff: tests/unit/locking/handoff.c shim/locking/lock_handoff.c shim/locking/futex.c
$(unit)/locking/holder: tests/unit/locking/holder.c shim/locking/holder.c shim/locking/waiters.c shim/elf/go_note.c shim/base/interpreter_lock.c
$(unit)/locking/path_look: tests/unit/locking/path_look.c shim/locking/path_look.c shim/locking/futex.c
$(unit)/locking/open_databases: tests/unit/locking/open_databases.c shim/locking/open_databases.c
$(unit)/locking/group_commit: tests/unit/locking/group_commit.c $(addprefix shim/locking/,group_commit.c wal_methods.c wal_frames.c)
$(unit)/locking/wal_frames: tests/unit/locking/wal_frames.c shim/locking/wal_frames.c
$(unit)/locking/wait_counts: tests/unit/locking/wait_counts.c shim/locking/wait_counts.c
$(unit)/locking/wal_limit: tests/unit/locking/wal_limit.c $(addprefix shim/locking/,wal_limit.c refused_locks.c read_delay.c read_locks.c lock_owner.c) $(settings_sources)
$(unit)/locking/refused_locks: tests/unit/locking/refused_locks.c shim/locking/refused_locks.c
$(unit)/locking/idle_lock: tests/unit/locking/idle_lock.c shim/locking/idle_lock.c shim/locking/begin_kind.c shim/locking/futex.c shim/sql/token.c shim/sql/statement.c shim/sql/first_words.c shim/sql/span.c
$(unit)/locking/idle_wal: tests/unit/locking/idle_wal.c shim/locking/idle_wal.c shim/locking/futex.c
$(unit)/embedded/wait_parts: tests/unit/embedded/wait_parts.c shim/embedded/wait_parts.c shim/locking/futex.c
$(unit)/locking/read_sites: tests/unit/locking/read_sites.c shim/locking/read_sites.c
$(unit)/locking/site_memory: tests/unit/locking/site_memory.c shim/locking/site_memory.c
$(unit)/locking/reservation: tests/unit/locking/reservation.c $(addprefix shim/locking/,reservation.c reserve.c reservation_word.c shm_locks.c idle_wal.c lock_handoff.c futex.c reset_guard.c holder.c read_sites.c site_locks.c site_memory.c refused_locks.c lock_owner.c waiters.c) shim/elf/go_note.c shim/base/interpreter_lock.c
$(unit)/locking/shared_write: tests/unit/locking/shared_write.c $(addprefix shim/locking/,shared_write.c idle_lock.c begin_kind.c futex.c) $(addprefix shim/sql/,token.c statement.c first_words.c span.c)
$(unit)/locking/reservation_model: tests/model/reservation.c tests/model/explore.h
$(unit)/locking/shared_write_model: tests/model/shared_write.c tests/model/explore.h
$(unit)/locking/restart_model: tests/model/restart.c tests/model/explore.h
$(unit)/base/settings: tests/unit/base/settings.c $(settings_sources)
$(unit)/base/settings_environment: tests/unit/base/settings_environment.c $(settings_sources)
$(unit)/base/settings_environment: unit_ldflags := -Wl,--wrap=malloc
$(unit)/connection/interest: tests/unit/connection/interest.c shim/sql/first_words.c shim/connection/connection.c tests/unit/connection/meanwhile.h
$(unit)/connection/interest: unit_ldflags := -include tests/unit/connection/meanwhile.h
$(unit)/base/next_symbol: tests/unit/base/next_symbol.c shim/base/next_symbol.c shim/base/symbol_table.c
$(unit)/base/script: tests/unit/base/script.c shim/base/script.c
$(unit)/fs/storage: tests/unit/fs/storage.c $(storage_sources)
$(unit)/fs/storage_look: tests/unit/fs/storage_look.c tests/programs/fake_statfs.c $(storage_sources)
$(BUILD)/programs/settings_table: tests/programs/settings_table.c shim/base/settings_table.c

$(addprefix $(BUILD)/,tests/unit/connection/interest tests/unit/base/next_symbol tests/unit/base/script $(addprefix tests/unit/locking/,$(locking_units)) tests/unit/embedded/wait_parts tests/unit/base/settings tests/unit/base/settings_environment tests/unit/fs/storage tests/unit/fs/storage_look programs/settings_table): $(unit_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(unit_ldflags) $(LDFLAGS) -ldl

programs: $(BUILD)/programs/fail_malloc.so $(BUILD)/programs/fake_statfs.so $(BUILD)/programs/visit_between.so $(BUILD)/programs/watch_free.so $(BUILD)/programs/settings_table

$(BUILD)/programs/fail_malloc.so $(BUILD)/programs/watch_free.so: tests/programs/callers.h
$(BUILD)/programs/fail_malloc.so $(BUILD)/programs/fake_statfs.so $(BUILD)/programs/visit_between.so $(BUILD)/programs/watch_free.so: $(BUILD)/programs/%.so: tests/programs/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -shared -o $@ $< $(LDFLAGS) -ldl

$(fuzz)/settings $(fuzz)/replay-settings: tests/fuzz/settings.c $(settings_sources)
$(fuzz)/mountinfo $(fuzz)/replay-mountinfo: tests/fuzz/mountinfo.c $(storage_sources)
$(fuzz)/json $(fuzz)/replay-json: tests/fuzz/json.c shim/report/json.c shim/locking/wait_times.c shim/base/utf8.c shim/base/settings_table.c shim/base/process.c shim/base/glibc.c
$(fuzz)/token $(fuzz)/replay-token: tests/fuzz/token.c shim/sql/statement.c shim/sql/first_words.c shim/sql/rewrite.c shim/sql/token.c shim/sql/span.c

fuzzed := settings mountinfo json token
fuzz_longest_settings := 600
fuzz_longest_mountinfo := 3000
fuzz_longest_json := 600
fuzz_longest_token := 600
fuzz_dictionary_token := statement

fuzzed_headers := shim/report/json.h shim/base/utf8.h shim/sql/token.h shim/sql/statement.h tests/fuzz/require.h

$(addprefix $(fuzz)/,$(fuzzed)): $(unit_headers) $(fuzzed_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 $(warnings) $(fuzz_flags) -fsanitize=fuzzer -o $@ $(filter %.c,$^)

$(addprefix $(fuzz)/replay-,$(fuzzed)): tests/fuzz/replay.c $(unit_headers) $(fuzzed_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(fuzz_flags) -o $@ $(filter %.c,$^) $(LDFLAGS)

# What it finds stays in the build folder: new inputs under found-…, a failing one beside it.
.PHONY: $(addprefix fuzz-,$(fuzzed))
fuzz-settings fuzz-mountinfo fuzz-json fuzz-token: fuzz-%: $(fuzz)/% ## (fuzz-mountinfo, fuzz-json, fuzz-token too) feed made-up text for SECONDS seconds (clang)
	@mkdir -p $(fuzz)/found-$*
	$(Q)$< -max_total_time=$(SECONDS) -max_len=$(fuzz_longest_$*) -timeout=25 -dict=tests/fuzz/$(or $(fuzz_dictionary_$*),$*).dict \
		-print_final_stats=1 -artifact_prefix=$(fuzz)/$*- $(fuzz)/found-$* tests/fuzz/corpus/$*

.PHONY: check-fuzz-corpus-parsers
check-fuzz-corpus-parsers: $(addprefix $(fuzz)/replay-,$(fuzzed)) ## replay the kept inputs for settings, mountinfo, json and token
	$(Q)for parser in $(fuzzed); do $(fuzz)/replay-$$parser tests/fuzz/corpus/$$parser || exit; done
