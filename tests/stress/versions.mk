# The suites by behaviour against other SQLites than the system's: releases since 2013, and builds that leave things out or check
# themselves (tests/versions/builds.txt). VERSIONS='3.7.17 debug' chooses some, VERSIONS_SUITES='begin waits' some of the suites.

VERSIONS ?=
VERSIONS_SUITES ?= attached begin begin_not_upgraded foreign_keys foreign_keys_kept foreign_keys_replace settings_at_open first_use promises settings warnings
slow_targets += check-versions

.PHONY: check-versions
check-versions: $(library) programs ## the suites by behaviour against SQLite 3.7.17 to 3.54, and builds of many kinds; a table
	$(Q)scripts/install-packages build check
	$(Q)BUILD=$(BUILD) tests/versions/run $(BUILD)/versions $(call bats_files,$(VERSIONS_SUITES)) -- $(VERSIONS)
