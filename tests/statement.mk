statement_objects := $(BUILD)/shim/statement.o $(BUILD)/shim/token.o $(BUILD)/shim/span.o

$(BUILD)/tests/unit/statement: tests/unit/statement.c tests/unit/statement_readings.h shim/statement.h $(statement_objects)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(statement_objects) $(LDFLAGS)

.PHONY: check-unit-statement
check-unit-statement: $(BUILD)/tests/unit/statement ## check the statement reader case by case
	$(Q)$<
