# The slow suites: whole machines, filesystems, faults by the thousand, other people's tests. Each has a file tests/stress/NAME.mk that
# adds its target to slow_targets and installs what it needs.
slow_targets :=
include $(wildcard tests/stress/*.mk)

.PHONY: check-slow
check-slow: ## the slow suites, which CI does not run; ends in one line with the counts
	$(Q)scripts/install-packages build check
	$(Q)$(count) $(slow_targets)
