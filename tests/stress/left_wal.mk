# Programs that are killed on a database in WAL mode, and backups that are copied over it: LEFT_WAL_SECONDS, LEFT_WAL_SEED.

LEFT_WAL_SECONDS ?= 120
slow_targets += check-left-wal

.PHONY: check-left-wal
check-left-wal: $(library) ## killed programs' -wal files: none is taken for another file's, and few restored backups are not told (LEFT_WAL_SECONDS)
	$(Q)scripts/install-packages build check
	$(Q)python3 tests/stress/left_wal.py $(abspath $(library)) $(or $(LEFT_WAL_SEED),1) $(LEFT_WAL_SECONDS)
