# Debian 12 and 13 and Ubuntu 22.04, 24.04 and 26.04, each from an empty root: what a new user's machine is.

suite_debian12 := bookworm
suite_debian13 := trixie
suite_ubuntu22 := jammy
suite_ubuntu := noble
suite_ubuntu26 := resolute
this_debian := $(shell . /etc/os-release 2>/dev/null && echo $$VERSION_ID)
other_debian := $(if $(filter 13,$(this_debian)),12,13)

.PHONY: check-debian12 check-debian13 check-ubuntu check-ubuntu22 check-ubuntu26 check-other-debian
check-debian12: ## build, check and demo in a bare Debian 12 (as root)
check-debian13: ## build, check and demo in a bare Debian 13 (as root)
check-ubuntu: ## build, check and demo in a bare Ubuntu 24.04 (as root)
check-ubuntu22 check-ubuntu26: ## the same in the one before, and in the one after
check-debian12 check-debian13 check-ubuntu check-ubuntu22 check-ubuntu26: check-%:
	$(Q)scripts/install-packages roots
	$(Q)tests/roots/can-enter
	$(Q)tests/roots/check-debian $(suite_$*) $(BUILD) WERROR=$(WERROR) DEMO_CHECK=1 DEMO_SECONDS=5 check demo

# Where no root can be made that is said, and counted as skipped: a container often has no right to mount.
check-other-debian: ## the same in the one that this machine is not (as root)
	$(Q)scripts/install-packages roots
	$(Q)if reason=$$(tests/roots/can-enter); then $(MAKE) --no-print-directory check-debian$(other_debian); \
		else echo "NOT CHECKED on Debian $(other_debian): $$reason"; echo '0 passed, 0 failed, 1 skipped'; fi

slow_targets += check-roots

.PHONY: check-roots
check-roots: $(library) ## the oldest Debian that can be had, and a new user's first half hour on bare ones (as root; 20 minutes)
	$(Q)scripts/install-packages build check roots cross
	$(Q)$(MAKE) --no-print-directory wheel npm gem deb >/dev/null
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites tests/roots/roots.bats
