# make check and what it is made of.

suites := harness loader phases settings begin foreign_keys waits storage report threads promises
programs := $(BUILD)/programs
program_objects := $(patsubst tests/programs/%.c,$(programs)/%.o,$(wildcard tests/programs/victim*.c))
program_names := victim victim_cipher victim.so victim_copy.so host
system_sqlite = $(realpath $(shell $(CC) -print-file-name=libsqlite3.so))

.PHONY: programs
programs: $(addprefix $(programs)/,$(program_names))

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
