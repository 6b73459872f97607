# Encrypting SQLites from PyPI.

slow_targets += check-ciphers

.PHONY: check-ciphers
check-ciphers: $(library) programs ## SQLCipher 4 and SQLite3 Multiple Ciphers, with and without the library
	$(Q)scripts/install-packages build check
	$(Q)[ -e $(BUILD)/ciphers/installed ] || { python3 -m venv $(BUILD)/ciphers && \
		$(BUILD)/ciphers/bin/pip install -q sqlcipher3-binary==0.6.0 apsw-sqlite3mc==3.54.0.0 && touch $(BUILD)/ciphers/installed; }
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/stress/ciphers.bats
