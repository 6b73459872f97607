# Real filesystems, shared and local, full and read-only: in namespaces of this machine, and in an emulated one with Debian's kernel.
slow_targets += check-filesystems check-filesystems-vm

.PHONY: check-filesystems
check-filesystems: $(library) programs ## real FUSE, SSH, overlay, full and read-only filesystems (needs root); a table in build/filesystems
	$(Q)scripts/install-packages build check filesystems
	$(Q)tests/stress/filesystems/sshd $(BUILD)/filesystems/sshd >/dev/null # there is no network in the namespace
	$(Q)rm -rf $(BUILD)/filesystems/rows
	$(Q)BUILD=$(abspath $(BUILD)) tests/stress/filesystems/in_namespace bats tests/stress/filesystems.bats \
		tests/stress/filesystem_states.bats tests/stress/filesystem_space.bats
	$(Q)mv $(BUILD)/filesystems/rows $(BUILD)/filesystems/host.md

.PHONY: check-filesystems-vm
check-filesystems-vm: $(library) programs ## real NFS, SMB, 9p, virtiofs, FAT and quotas in an emulated machine (needs root, 2 GB, half an hour)
	$(Q)scripts/install-packages build check filesystems-vm
	$(Q)tests/stress/filesystems/vm_image $(BUILD)/filesystems/image
	$(Q)tests/stress/filesystems/vm_run $(BUILD)/filesystems/image $(BUILD)
