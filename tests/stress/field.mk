# Programs of the field, each at an ordinary piece of work without and with the library. Those that come with a daemon are installed
# where packages may start none (a container's policy-rc.d).

slow_targets += check-field
field_requirements := tests/stress/field/requirements.txt

.PHONY: check-field
check-field: $(library) $(BUILD)/field/installed ## certutil, rpm, GDAL, Subversion, IPython, Datasette and others: the same files and rows with and without (as root)
	$(Q)scripts/install-packages build check field $(if $(wildcard /usr/sbin/policy-rc.d),field-daemons)
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/stress/field.bats

$(BUILD)/field/installed: $(field_requirements)
	$(Q)scripts/install-packages check
	$(SAY) PIP $(@D)/venv
	$(Q)python3 -m venv $(@D)/venv && $(@D)/venv/bin/pip install -q -r $<
	$(Q)touch $@
