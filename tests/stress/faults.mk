slow_targets += check-faults

.PHONY: check-faults
check-faults: ## a fault at every system call of a program, kills by the thousand, thousands of connections, by interposition and in embedded copies
	$(Q)scripts/install-packages build check
	$(Q)$(MAKE) --no-print-directory $(library) programs $(embedded)/victim_gcc_O2 $(embedded)/unruly
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/stress/faults.bats
