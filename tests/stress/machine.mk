# A whole machine with the library in /etc/ld.so.preload, and its twin without. Its files are made once, under build/machine.

slow_targets += check-machine

.PHONY: check-machine
check-machine: $(library) ## an ordinary day on a machine with the library in /etc/ld.so.preload (as root; 4 GB, the first time many minutes)
	$(Q)scripts/install-packages build check machine
	$(Q)tests/stress/machine/build-tree $(abspath $(BUILD))/machine/tree
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/stress/machine.bats

# The processor time of work that starts many programs, with the library and without, alternately.
.PHONY: bench-machine
bench-machine: $(library) $(bench_programs) ## what the library costs where programs are started all the time
	$(Q)scripts/install-packages build bench
	$(Q)tests/stress/machine/bench $(abspath $(library)) $(abspath $(bench))/empty.so
