# Programs in which things fail, and that treat SQLite roughly: for faults.bats and tests/stress/faults.bats.

programs: $(addprefix $(programs)/,fault_io.so early.so slow_wal.so stopped_clock.so thread_at_load.so thread_at_load_sqlite.so unruly jumps heap_limit filter wal_reset schema_race changeset scenes sandboxed cloned input_waits roams roams_go interpreter)

$(programs)/fault_io.so $(programs)/early.so $(programs)/slow_wal.so $(programs)/stopped_clock.so $(programs)/thread_at_load.so: $(programs)/%.so: tests/programs/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -shared -o $@ $< $(LDFLAGS) $(if $(findstring early,$@),-lsqlite3) -lpthread -ldl

$(programs)/thread_at_load_sqlite.so: tests/programs/thread_at_load.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DSQLITE -fvisibility=default -shared -o $@ $< $(LDFLAGS) -lsqlite3 -lpthread -ldl

$(programs)/input_waits $(programs)/roams $(programs)/unruly $(programs)/jumps $(programs)/heap_limit $(programs)/cloned $(programs)/wal_reset $(programs)/schema_race $(programs)/changeset: $(programs)/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) -lsqlite3 -lpthread -ldl

$(programs)/interpreter: tests/programs/interpreter.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fvisibility=default -rdynamic -o $@ $< $(LDFLAGS) -lsqlite3 -lpthread

$(programs)/roams_go: tests/programs/roams.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DGO_NOTE -o $@ $< $(LDFLAGS) -lsqlite3 -lpthread -ldl

$(programs)/scenes: $(wildcard tests/programs/scenes*.[ch])
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(LDFLAGS) -lsqlite3 -lpthread -ldl

$(programs)/filter $(programs)/sandboxed: $(programs)/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS)

embedded-programs: $(embedded)/unruly

$(embedded)/unruly: tests/programs/unruly.c $(embedded)/sqlite_gcc_O2.o
	$(SAY) LD $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -I$(amalgamation) -o $@ $^ $(LDFLAGS) -lpthread -ldl -lm
