statement_objects := $(BUILD)/shim/sql/statement.o $(BUILD)/shim/sql/first_words.o $(BUILD)/shim/sql/rewrite.o $(BUILD)/shim/sql/token.o $(BUILD)/shim/sql/span.o

$(BUILD)/tests/unit/statement: tests/unit/sql/statement.c tests/unit/sql/statement_readings.h shim/sql/statement.h shim/sql/rewrite.h $(statement_objects)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(statement_objects) $(LDFLAGS)

.PHONY: check-unit-statement
check-unit-statement: $(BUILD)/tests/unit/statement ## check the statement reader case by case
	$(Q)$<

SECONDS ?= 60
# Another SQLite than the system's to compare with: the path of its sqlite3.c.
SQLITE_AMALGAMATION ?=

fuzz := $(BUILD)/tests/fuzz
fuzz_sources := tests/fuzz/statement.c tests/fuzz/oracle.c shim/sql/statement.c shim/sql/first_words.c shim/sql/rewrite.c shim/sql/token.c shim/sql/span.c
fuzz_flags := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzz_sqlite := $(if $(SQLITE_AMALGAMATION),$(fuzz)/sqlite3.o -lm -lpthread -ldl,-lsqlite3)
fuzz_include := $(if $(SQLITE_AMALGAMATION),-I$(dir $(SQLITE_AMALGAMATION)))

$(fuzz)/statement_words.h: tests/fuzz/statement.dict
	@mkdir -p $(@D)
	$(Q)sed -n 's/^".*"$$/&,/p' $< >$@

$(fuzz)/sqlite3.o: $(SQLITE_AMALGAMATION)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CLANG) -O1 -g -w -fsanitize=fuzzer-no-link,address -DSQLITE_OMIT_LOAD_EXTENSION -c -o $@ $<

$(fuzz)/statement: $(fuzz_sources) tests/fuzz/mutate.c $(fuzz)/statement_words.h tests/fuzz/oracle.h shim/sql/statement.h shim/sql/rewrite.h shim/sql/token.h \
		$(if $(SQLITE_AMALGAMATION),$(fuzz)/sqlite3.o)
	$(SAY) CC $@
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 $(warnings) $(fuzz_flags) -fsanitize=fuzzer $(fuzz_include) -I$(fuzz) -o $@ \
		$(fuzz_sources) tests/fuzz/mutate.c $(fuzz_sqlite)

# What it finds stays in the build folder: new inputs under found, a failing one beside it.
.PHONY: fuzz-statement
fuzz-statement: $(fuzz)/statement ## compare the statement reader with SQLite on made-up text for SECONDS seconds (clang)
	@mkdir -p $(fuzz)/found
	$(Q)$< -max_total_time=$(SECONDS) -max_len=1000 -timeout=25 -dict=tests/fuzz/statement.dict -print_final_stats=1 \
		-artifact_prefix=$(fuzz)/ $(fuzz)/found tests/fuzz/corpus/statement

$(fuzz)/replay-statement: $(fuzz_sources) tests/fuzz/replay.c tests/fuzz/oracle.h shim/sql/statement.h shim/sql/rewrite.h shim/sql/token.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(fuzz_flags) -o $@ $(fuzz_sources) tests/fuzz/replay.c $(LDFLAGS) -lsqlite3

.PHONY: check-fuzz-corpus
check-fuzz-corpus: $(fuzz)/replay-statement ## compare the statement reader with SQLite on the kept inputs
	$(Q)$< tests/fuzz/corpus/statement
