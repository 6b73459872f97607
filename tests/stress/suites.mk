# Other people's tests. What they are of is fetched into $(BUILD)/others; RUBY_SQLITE3 is a folder with ruby-sqlite3's test/.

suites_of_others := cpython dbd_sqlite django go_sqlite3 node_sqlite3 php rails rusqlite sqlalchemy sqlite $(if $(RUBY_SQLITE3),ruby_sqlite3)
slow_targets += check-suites-others

.PHONY: check-suites-others
check-suites-others: ## other people's test suites with and without the library, compared by name; SUITE=NAME for one, ONLY=REGEX for some files of SQLite's own
	$(Q)scripts/install-packages build check
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/upstream/run.sh $(library) $(BUILD)/others $(or $(SUITE),$(suites_of_others))
