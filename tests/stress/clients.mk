# Transactions of the programs that take long to install; those of tests/transactions.mk are run along with them.

slow_targets += check-clients-all
transactions_all := $(addprefix $(transactions)/,java/Hibernate.class litestream free_pascal hdbc rusqlite sqlx)

.PHONY: check-clients-all
check-clients-all: ## transactions of the programs that take long to install: Hibernate, gunicorn, Litestream, Pascal, Haskell, Rust
	$(Q)tests/clients/install.sh packages.txt packages_all.txt
	$(Q)$(MAKE) --no-print-directory all $(transactions_programs) $(transactions_all)
	$(Q)rm -rf $(clients)/runs/transactions
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites tests/clients/transactions.bats tests/clients/transactions_all.bats
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/clients/frameworks.bats
	$(Q)tests/clients/frameworks.sh $(clients)/runs/transactions >$(clients)/frameworks.md
	$(SAY) TABLE $(clients)/frameworks.md

$(transactions)/litestream:
	@mkdir -p $(@D)
	$(SAY) GO $@
	$(Q)CGO_ENABLED=1 GOBIN=$(@D) GOMODCACHE=$(clients)/go-modules GOFLAGS='-buildvcs=false -modcacherw' \
		go install github.com/benbjohnson/litestream/cmd/litestream@v0.3.13

$(transactions)/free_pascal: tests/clients/transactions/free_pascal.pas
	@mkdir -p $(@D)
	$(SAY) FPC $@
	$(Q)fpc -v0 -l- -FU$(@D) -o$@ $<

$(transactions)/hdbc: tests/clients/transactions/hdbc.hs
	@mkdir -p $(@D)
	$(SAY) GHC $@
	$(Q)ghc -v0 -outputdir $(@D)/haskell -o $@ $<

$(transactions)/rusqlite $(transactions)/sqlx: $(transactions)/%: $(wildcard $(addprefix tests/clients/transactions/,rusqlite/* sqlx/*))
	@mkdir -p $(@D)
	$(SAY) CARGO $@
	$(Q)cd tests/clients/transactions/$* && CARGO_HOME=$(clients)/cargo cargo build -q --locked --release --target-dir $(clients)/cargo-target
	$(Q)cp $(clients)/cargo-target/release/$*-transactions $@
