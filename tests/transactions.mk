# Transactions of real programs, with the library and without: tests/clients/transactions, as `make check-clients` runs them. Those that
# take long to install are in tests/stress/clients.mk.

transactions := $(clients)/transactions
transactions_programs := $(addprefix $(transactions)/,python/installed node/installed java/Hikari.class poco go)

$(transactions)/python/installed: tests/clients/transactions/requirements.txt
	@mkdir -p $(@D)
	$(SAY) PIP $(@D)
	$(Q)/usr/bin/python3 -m venv $(@D)
	$(Q)$(@D)/bin/pip install -q --cache-dir $(clients)/pip-cache -r $<
	$(Q)touch $@

# TypeORM asks for an older better-sqlite3, which no longer comes with its binary.
$(transactions)/node/installed: tests/clients/transactions/package.json
	@mkdir -p $(@D)
	$(SAY) NPM $(@D)
	$(Q)cp $< $(@D)
	$(Q)cd $(@D) && npm install --loglevel=error --no-package-lock --legacy-peer-deps --cache $(clients)/npm-cache >/dev/null
	$(Q)touch $@

$(transactions)/jars/installed: tests/clients/transactions/pom.xml
	@mkdir -p $(@D)
	$(SAY) MAVEN $(@D)
	$(Q)mvn -q -B -f $< -Dmaven.repo.local=$(clients)/maven/repository dependency:copy-dependencies \
		-DoutputDirectory=$(@D) -Dmdep.stripVersion=true
	$(Q)touch $@

$(transactions)/java/%.class: tests/clients/transactions/java/%.java tests/clients/transactions/java/Transact.java $(transactions)/jars/installed
	@mkdir -p $(@D)
	$(SAY) JAVAC $@
	$(Q)javac -d $(@D) -cp '$(transactions)/jars/*' $(filter %.java,$^)

$(transactions)/poco: tests/clients/transactions/poco.cpp
	@mkdir -p $(@D)
	$(SAY) CXX $@
	$(Q)$(CXX) -o $@ $< -lPocoDataSQLite -lPocoData -lPocoFoundation

$(transactions)/go: $(wildcard tests/clients/transactions/go/*)
	@mkdir -p $(@D)
	$(SAY) GO $@
	$(Q)cd tests/clients/transactions/go && CGO_ENABLED=1 GOMODCACHE=$(clients)/go-modules GOFLAGS='-buildvcs=false -modcacherw' \
		go build -o $@ .
