# Services of a machine that runs systemd: check --all, README's section about them, hardened units. Its files are made once, 450 MB.

slow_targets += check-services

.PHONY: check-services
check-services: $(library) ## services under a real systemd, as README says it, and hardened ones (as root; the first time some minutes)
	$(Q)scripts/install-packages build check machine
	$(Q)tests/stress/machine/build-tree $(abspath $(BUILD))/services/tree tests/stress/services/packages.txt
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/stress/services.bats
