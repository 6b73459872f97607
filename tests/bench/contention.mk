# Many writers on one database: how fair and how wasteful are the ways to wait? And the soak.

CONTENTION_SECONDS ?= 2
CONTENTION_ROUNDS ?= 3
SOAK_SECONDS ?= $(or $(SECONDS),300)

contention := $(programs)/contention
programs: $(contention)

$(contention): tests/bench/contention.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) -lsqlite3 -lpthread

.PHONY: bench-contention
bench-contention: ## compare the ways to wait for the write lock; table and plot in build/bench/
	$(Q)scripts/install-packages build check bench
	$(Q)$(MAKE) --no-print-directory $(library) $(contention)
	$(Q)tests/bench/contention.py $(contention) $(library) $(BUILD)/bench --seconds $(CONTENTION_SECONDS) --rounds $(CONTENTION_ROUNDS)
	$(Q)gnuplot -e "data='$(BUILD)/bench/contention.dat';image='$(BUILD)/bench/contention.png'" tests/bench/contention.gp

.PHONY: soak
soak: $(library) $(contention) ## writers that are killed and stopped at random for five minutes, then integrity and sums (SECONDS)
	$(Q)tests/soak.sh $(library) $(SOAK_SECONDS)
