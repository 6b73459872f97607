# The libraries that are packed: glibc and musl, x86-64 and arm64, all built by this machine's compilers.

slow_targets += check-cross

cross := $(BUILD)/cross
cross_cc = CROSS_MUSL=$(abspath $(cross))/musl scripts/package/cross-cc

.PHONY: check-cross
check-cross: ## the libraries for glibc 2.17 and musl, x86-64 and arm64, in programs of each; the packages made of them
	$(Q)scripts/install-packages build check cross gem
	$(Q)command -v npm >/dev/null || scripts/install-packages npm
	$(Q)scripts/package/cross $(BUILD)
	$(Q)$(MAKE) --no-print-directory wheel npm gem dist >/dev/null
	$(Q)$(make_at_once) $(foreach target,x86_64-linux-gnu aarch64-linux-gnu x86_64-linux-musl aarch64-linux-musl,$(cross)/victim-$(target))
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites tests/stress/cross.bats tests/stress/packages.bats

# With SQLite inside: libsqlite3 of each would have to be built as well.
$(cross)/victim-%: $(amalgamation)/sqlite3.c $(victim_sources)
	$(SAY) CC $@
	$(Q)$(cross_cc) $* -D_GNU_SOURCE -w -O1 -I$(amalgamation) -o $@ $^ $(if $(findstring gnu,$*),-lpthread -ldl -lm)
