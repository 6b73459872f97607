# Targets that check, measure and show.
include tests/check.mk
include tests/demo.mk
include tests/clients.mk
include tests/transactions.mk
include tests/statement.mk
include tests/unit.mk
include tests/embedded.mk
include tests/faults.mk
include tests/foreign_keys.mk
include tests/files.mk
include tests/stress.mk
include tests/durability/durability.mk
include tests/bench/contention.mk
