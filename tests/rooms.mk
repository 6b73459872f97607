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

programs: $(BUILD)/programs/fail_malloc.so $(BUILD)/programs/fake_statfs.so $(BUILD)/programs/settings_table

$(BUILD)/programs/fail_malloc.so $(BUILD)/programs/fake_statfs.so: $(BUILD)/programs/%.so: tests/programs/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -shared -o $@ $< $(LDFLAGS) -ldl

$(fuzz)/settings $(fuzz)/replay-settings: tests/fuzz/settings.c $(settings_room)
$(fuzz)/mountinfo $(fuzz)/replay-mountinfo: tests/fuzz/mountinfo.c $(storage_room)
$(fuzz)/replay-settings $(fuzz)/replay-mountinfo: tests/fuzz/replay.c

$(fuzz)/settings $(fuzz)/mountinfo: $(room_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CLANG) $(CPPFLAGS) -Ishim -std=gnu11 $(warnings) $(fuzz_flags) -fsanitize=fuzzer -o $@ $(filter %.c,$^)

$(fuzz)/replay-settings $(fuzz)/replay-mountinfo: $(room_headers)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) -Ishim $(CFLAGS) $(fuzz_flags) -o $@ $(filter %.c,$^) $(LDFLAGS)

# What it finds stays in the build folder: new inputs under found-…, a failing one beside it.
.PHONY: fuzz-settings fuzz-mountinfo
fuzz-settings fuzz-mountinfo: fuzz-%: $(fuzz)/% ## (fuzz-mountinfo too) feed made-up text for SECONDS seconds (clang)
	@mkdir -p $(fuzz)/found-$*
	$(Q)$< -max_total_time=$(SECONDS) -max_len=$(fuzz_longest_$*) -timeout=25 -dict=tests/fuzz/$*.dict -print_final_stats=1 \
		-artifact_prefix=$(fuzz)/$*- $(fuzz)/found-$* tests/fuzz/corpus/$*

fuzz_longest_settings := 600
fuzz_longest_mountinfo := 3000

.PHONY: check-fuzz-corpus-rooms
check-fuzz-corpus-rooms: $(fuzz)/replay-settings $(fuzz)/replay-mountinfo ## replay the kept inputs for settings and mountinfo
	$(Q)$(fuzz)/replay-settings tests/fuzz/corpus/settings
	$(Q)$(fuzz)/replay-mountinfo tests/fuzz/corpus/mountinfo
