# Many writers on one database: how fair and how wasteful are the ways to wait? And the soak.

CONTENTION_SECONDS ?= 2
CONTENTION_ROUNDS ?= 3
SOAK_SECONDS ?= 300
LOAD_SECONDS ?= 10

contention := $(programs)/contention
programs: $(contention)

$(contention): tests/bench/contention.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) -lsqlite3 -lpthread

.PHONY: bench-goals bench-contention
bench-goals: ## the ways to wait for the write lock, in four cases, against their goals
	$(Q)scripts/install-packages build check bench
	$(Q)$(MAKE) --no-print-directory $(library) $(contention)
	$(Q)tests/bench/contention.py $(contention) $(library) $(BUILD)/bench/goals --seconds $(CONTENTION_SECONDS) --rounds $(CONTENTION_ROUNDS) --quick

bench-contention: ## compare the ways to wait for the write lock; table and plot in build/bench/
	$(Q)scripts/install-packages build check bench
	$(Q)$(MAKE) --no-print-directory $(library) $(contention)
	$(Q)tests/bench/contention.py $(contention) $(library) $(BUILD)/bench --seconds $(CONTENTION_SECONDS) --rounds $(CONTENTION_ROUNDS)
	$(Q)gnuplot -e "data='$(BUILD)/bench/contention.dat';image='$(BUILD)/bench/contention.png'" tests/bench/contention.gp

connections := $(programs)/connections
programs: $(connections)

$(connections): tests/bench/connections.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) -lsqlite3

.PHONY: bench-growth
bench-growth: ## what waiting costs 2 to 512 processes, and one more connection a process of 1 to 10,000; table in build/bench/
	$(Q)scripts/install-packages build check bench
	$(Q)$(MAKE) --no-print-directory $(library) $(contention) $(connections)
	$(Q)tests/bench/growth.py $(contention) $(connections) $(library) $(BUILD)/bench --seconds $(CONTENTION_SECONDS) --rounds $(CONTENTION_ROUNDS)

COMMIT_SECONDS ?= 3
COMMIT_ROUNDS ?= 5

.PHONY: bench-commits
bench-commits: $(library) $(contention) $(programs)/disk.so ## durable commits of 1, 8 and 32 writers, on this disk and on one that needs 3 ms; table in build/bench/
	$(Q)tests/bench/commits.py $(contention) $(library) $(programs)/disk.so $(BUILD)/bench --seconds $(COMMIT_SECONDS) --rounds $(COMMIT_ROUNDS)

GROWTH_SECONDS ?= 12

.PHONY: bench-wal-growth
bench-wal-growth: $(library) ## how long the -wal gets beside readers that overlap, and what it costs to keep it short; table in build/bench/
	$(Q)tests/bench/wal_growth.py $(library) $(BUILD)/bench --seconds $(GROWTH_SECONDS) --rounds $(COMMIT_ROUNDS)

READERS_SECONDS ?= 10

.PHONY: bench-readers
bench-readers: $(library) ## transactions that only read beside those that write, by hand and with the library; table in build/bench/
	$(Q)tests/bench/readers.py $(library) $(BUILD)/bench --seconds $(READERS_SECONDS) --rounds $(COMMIT_ROUNDS)

# Real programs, without the library, with SQLite's own wait, and with ours.
.PHONY: bench-django bench-cluster
bench-django: $(library) ## a real Django behind 16 gunicorn workers, before and after (LOAD_SECONDS for each way)
	$(Q)scripts/install-packages build check bench
	$(Q)tests/bench/django.sh $(library) $(BUILD)/bench/django $(LOAD_SECONDS)

bench-cluster: $(library) $(clients)/embedded_node/installed ## a Node cluster of 16 workers with better-sqlite3 and with node:sqlite, before and after (LOAD_SECONDS for each way)
	$(Q)tests/bench/cluster.sh $(library) $(clients)/embedded_node $(BUILD)/bench/cluster $(LOAD_SECONDS)

POSTGRES_SECONDS ?= 8
POSTGRES_ROUNDS ?= 5

.PHONY: bench-postgres
bench-postgres: $(library) $(contention) ## the demo's Django and a bare transaction, on PostgreSQL and on SQLite with the library (POSTGRES_SECONDS, POSTGRES_ROUNDS); table in build/bench/
	$(Q)scripts/install-packages build check postgres
	$(Q)tests/bench/postgres.sh $(library) $(contention) $(BUILD)/bench --seconds $(POSTGRES_SECONDS) --rounds $(POSTGRES_ROUNDS)

.PHONY: soak
soak: $(library) $(contention) ## writers that are killed and stopped at random for five minutes, then integrity and sums (SOAK_SECONDS)
	$(Q)tests/stress/soak.sh $(library) $(SOAK_SECONDS) >$(BUILD)/soak.last; status=$$?; tee -a $(BUILD)/soak.log <$(BUILD)/soak.last; exit $$status

.PHONY: soak-sum
soak-sum: ## what all runs of make soak came to together, since build/ was made
	$(Q)awk '$$1 == "soak:" && $$3 == "s," { n++; s += $$2; t += $$4; k += $$14; c += $$16; bad += ($$19 != "ok,"); sums += $$20; lost += $$23; e += $$26 } \
		END { printf "%d runs, %d s: %d transactions, %d killed, %d stopped; %d damaged, %d sums wrong, %d committed lost, %d errors\n", \
		n, s, t, k, c, bad, sums, lost, e; exit bad + sums + lost + e > 0 }' $(BUILD)/soak.log

.PHONY: soak-mixed
soak-mixed: $(library) ## readers, idlers and writers in plain BEGINs, some killed and stopped, beside BEGIN IMMEDIATE by hand (SOAK_SECONDS for each)
	$(Q)tests/stress/soak_mixed.py $(library) $(SOAK_SECONDS)

STARTS ?= 1000

.PHONY: soak-starts
soak-starts: $(library) programs embedded-programs ## processes that start at once with a new database, some of them stopped meanwhile (STARTS)
	$(Q)tests/stress/soak_starts.py $(library) $(STARTS) $(BUILD)/embedded/victim_gcc_O2 $(BUILD)/programs/victim
