# make demo - a real Django on its default settings, without the library and with it; make demo-litestream - the same Django, replicated.

DEMO_SECONDS ?= 15

# The library is made by a second make: on a bare machine the compiler comes with install-packages.
.PHONY: demo
demo: ## show Django without the library and with it (DEMO_SECONDS, DEMO_CHECK=1)
	$(Q)scripts/install-packages build demo
	$(Q)$(MAKE) $(if $(Q),-s) --no-print-directory all
	$(Q)scripts/demo/run compare $(BUILD)/demo $(library) --seconds $(DEMO_SECONDS) $(if $(filter 1,$(DEMO_CHECK)),--check)

ROUNDS ?= 20

.PHONY: demo-litestream
demo-litestream: ## replicate the demo's Django by Litestream; kill, restore, compare (ROUNDS, LITESTREAM)
	$(Q)scripts/install-packages build demo
	$(Q)$(MAKE) $(if $(Q),-s) --no-print-directory all
	$(Q)scripts/demo/run litestream $(BUILD)/demo $(library) --rounds $(ROUNDS)
