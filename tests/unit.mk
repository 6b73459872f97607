# Tests of the rooms settings and storage.

unit := $(BUILD)/tests/unit
settings_room := shim/settings.c shim/settings_text.c shim/settings_table.c shim/glibc.c
storage_room := shim/storage.c shim/mountinfo.c shim/storage_types.c shim/glibc.c
room_headers := shim/settings.h shim/storage.h shim/mountinfo.h tests/unit/check.h

.PHONY: check-unit-settings
check-unit-settings: $(unit)/settings $(unit)/settings_environment ## unit tests of the settings
	$(Q)$(unit)/settings
	$(Q)$(unit)/settings_environment

.PHONY: check-unit-storage
check-unit-storage: $(unit)/storage $(unit)/storage_look ## unit tests of the storage room
	$(Q)$(unit)/storage tests/unit/mountinfo
	$(Q)$(unit)/storage_look

$(unit)/settings: tests/unit/settings.c $(settings_room)
$(unit)/settings_environment: tests/unit/settings_environment.c $(settings_room)
$(unit)/settings_environment: room_ldflags := -Wl,--wrap=malloc
$(unit)/storage: tests/unit/storage.c $(storage_room)
$(unit)/storage_look: tests/unit/storage_look.c tests/programs/fake_statfs.c $(storage_room)
$(BUILD)/programs/settings_table: tests/programs/settings_table.c shim/settings_table.c

$(addprefix $(BUILD)/,tests/unit/settings tests/unit/settings_environment tests/unit/storage tests/unit/storage_look programs/settings_table): $(room_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) -Ishim $(CFLAGS) -o $@ $(filter %.c,$^) $(room_ldflags) $(LDFLAGS) -ldl

programs: $(BUILD)/programs/fail_malloc.so $(BUILD)/programs/fake_statfs.so $(BUILD)/programs/watch_free.so $(BUILD)/programs/settings_table

$(BUILD)/programs/fail_malloc.so $(BUILD)/programs/watch_free.so: tests/programs/callers.h
$(BUILD)/programs/fail_malloc.so $(BUILD)/programs/fake_statfs.so $(BUILD)/programs/watch_free.so: $(BUILD)/programs/%.so: tests/programs/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -shared -o $@ $< $(LDFLAGS) -ldl

$(fuzz)/settings $(fuzz)/replay-settings: tests/fuzz/settings.c $(settings_room)
$(fuzz)/mountinfo $(fuzz)/replay-mountinfo: tests/fuzz/mountinfo.c $(storage_room)
$(fuzz)/json $(fuzz)/replay-json: tests/fuzz/json.c shim/json.c shim/utf8.c shim/settings_table.c shim/process.c shim/glibc.c
$(fuzz)/token $(fuzz)/replay-token: tests/fuzz/token.c shim/statement.c shim/rewrite.c shim/token.c shim/span.c

fuzzed_rooms := settings mountinfo json token
fuzz_longest_settings := 600
fuzz_longest_mountinfo := 3000
fuzz_longest_json := 600
fuzz_longest_token := 600
fuzz_dictionary_token := statement

fuzzed_headers := shim/json.h shim/utf8.h shim/token.h shim/statement.h tests/fuzz/require.h

$(addprefix $(fuzz)/,$(fuzzed_rooms)): $(room_headers) $(fuzzed_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CLANG) $(CPPFLAGS) -Ishim -std=gnu11 $(warnings) $(fuzz_flags) -fsanitize=fuzzer -o $@ $(filter %.c,$^)

$(addprefix $(fuzz)/replay-,$(fuzzed_rooms)): tests/fuzz/replay.c $(room_headers) $(fuzzed_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) -Ishim $(CFLAGS) $(fuzz_flags) -o $@ $(filter %.c,$^) $(LDFLAGS)

# What it finds stays in the build folder: new inputs under found-…, a failing one beside it.
.PHONY: $(addprefix fuzz-,$(fuzzed_rooms))
fuzz-settings fuzz-mountinfo fuzz-json fuzz-token: fuzz-%: $(fuzz)/% ## (fuzz-mountinfo, fuzz-json, fuzz-token too) feed made-up text for SECONDS seconds (clang)
	@mkdir -p $(fuzz)/found-$*
	$(Q)$< -max_total_time=$(SECONDS) -max_len=$(fuzz_longest_$*) -timeout=25 -dict=tests/fuzz/$(or $(fuzz_dictionary_$*),$*).dict \
		-print_final_stats=1 -artifact_prefix=$(fuzz)/$*- $(fuzz)/found-$* tests/fuzz/corpus/$*

.PHONY: check-fuzz-corpus-rooms
check-fuzz-corpus-rooms: $(addprefix $(fuzz)/replay-,$(fuzzed_rooms)) ## replay the kept inputs for settings, mountinfo, json and token
	$(Q)for room in $(fuzzed_rooms); do $(fuzz)/replay-$$room tests/fuzz/corpus/$$room || exit; done
