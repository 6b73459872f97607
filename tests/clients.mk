# Real clients under the library. What they need comes from the package managers; downloads and programs go under build/clients.

clients := $(abspath $(BUILD)/clients)

.PHONY: clients-ready
clients-ready: ## install and build what check-clients runs
	$(Q)tests/clients/install.sh
	$(Q)$(MAKE) --no-print-directory clients-programs $(transactions_programs)

.PHONY: check-clients
check-clients: clients-ready ## run real programs of many languages with and without the library
	$(Q)$(MAKE) --no-print-directory all
	$(Q)rm -rf $(clients)/runs
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/clients/clients.bats tests/clients/embedded_clients.bats tests/clients/embedded_unreached.bats
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites tests/clients/transactions.bats
	$(Q)BUILD=$(abspath $(BUILD)) bats tests/clients/frameworks.bats
	$(Q)tests/clients/table.sh $(clients)/runs >$(clients)/table.md
	$(Q)tests/clients/frameworks.sh $(clients)/runs/transactions >$(clients)/frameworks.md
	$(SAY) TABLE $(clients)/table.md $(clients)/frameworks.md

.PHONY: clients-programs
clients-programs: $(clients)/mattn $(clients)/rusqlite $(clients)/qt_sql $(clients)/java/Jdbc.class \
	$(clients)/venv/installed $(clients)/node/installed \
	$(clients)/mattn_bundled $(clients)/rusqlite_bundled $(clients)/modernc $(clients)/Mono.exe \
	$(clients)/embedded_node/installed $(clients)/wheels/installed $(clients)/maven/sqlite-jdbc.jar

$(clients)/mattn: $(wildcard tests/clients/mattn/*)
	@mkdir -p $(@D)
	$(SAY) GO $@
	$(Q)cd tests/clients/mattn && GOMODCACHE=$(clients)/go-modules GOFLAGS='-buildvcs=false -modcacherw' \
		go build -tags libsqlite3 -o $@ .

$(clients)/rusqlite: $(wildcard tests/clients/rusqlite/*)
	@mkdir -p $(@D)
	$(SAY) CARGO $@
	$(Q)cd tests/clients/rusqlite && CARGO_HOME=$(clients)/cargo cargo build -q --locked --target-dir $(clients)/cargo-target
	$(Q)cp $(clients)/cargo-target/debug/rusqlite-client $@

# With SQLite inside: mattn's default, and rusqlite's feature.
$(clients)/mattn_bundled: $(wildcard tests/clients/mattn/*)
	@mkdir -p $(@D)
	$(SAY) GO $@
	$(Q)cd tests/clients/mattn && CGO_ENABLED=1 GOMODCACHE=$(clients)/go-modules GOFLAGS='-buildvcs=false -modcacherw' \
		go build -buildmode=pie -ldflags '-s -w' -o $@ .

$(clients)/rusqlite_bundled: $(wildcard tests/clients/rusqlite/*)
	@mkdir -p $(@D)
	$(SAY) CARGO $@
	$(Q)cd tests/clients/rusqlite && CARGO_HOME=$(clients)/cargo CARGO_PROFILE_RELEASE_STRIP=true \
		cargo build -q --locked --release --features bundled --target-dir $(clients)/cargo-target
	$(Q)cp $(clients)/cargo-target/release/rusqlite-client $@

$(clients)/modernc: $(wildcard tests/clients/modernc/*)
	@mkdir -p $(@D)
	$(SAY) GO $@
	$(Q)cd tests/clients/modernc && CGO_ENABLED=1 GOMODCACHE=$(clients)/go-modules GOFLAGS='-buildvcs=false -modcacherw' \
		go build -o $@ .

$(clients)/Mono.exe: tests/clients/Mono.cs
	@mkdir -p $(@D)
	$(SAY) MCS $@
	$(Q)mcs -out:$@ -r:Mono.Data.Sqlite,System.Data $<

$(clients)/qt_sql: tests/clients/qt_sql.cpp
	@mkdir -p $(@D)
	$(SAY) CXX $@
	$(Q)$(CXX) -fPIC $$(pkg-config --cflags Qt5Sql) -o $@ $< $$(pkg-config --libs Qt5Sql)

$(clients)/java/Jdbc.class: tests/clients/Jdbc.java
	@mkdir -p $(@D)
	$(SAY) JAVAC $@
	$(Q)javac -d $(@D) $<

# Of Debian's own Python, which is linked to the system's SQLite; another one on the PATH may carry its own.
$(clients)/venv/installed: tests/clients/requirements.txt
	@mkdir -p $(@D)
	$(SAY) PIP $(@D)
	$(Q)/usr/bin/python3 -m venv $(@D)
	$(Q)$(@D)/bin/pip install -q --cache-dir $(clients)/pip-cache --upgrade -r $<
	$(Q)touch $@

$(clients)/node/installed: tests/clients/package.json
	@mkdir -p $(@D)
	$(SAY) NPM $(@D)
	$(Q)cp $< $(@D)
	$(Q)cd $(@D) && npm install --loglevel=error --no-package-lock --cache $(clients)/npm-cache >/dev/null
	$(Q)touch $@

# Those that carry SQLite, or are what carries it: Node.js, Deno and Bun themselves, modules of Node.js, wheels, a jar.
$(clients)/embedded_node/installed: tests/clients/embedded/package.json
	@mkdir -p $(@D)
	$(SAY) NPM $(@D)
	$(Q)cp $< $(@D)
	$(Q)cd $(@D) && npm install --loglevel=error --no-package-lock --cache $(clients)/npm-cache >/dev/null
	$(Q)touch $@

$(clients)/wheels/installed: tests/clients/embedded/requirements.txt
	@mkdir -p $(@D)
	$(SAY) PIP $(@D)
	$(Q)/usr/bin/python3 -m venv $(@D)
	$(Q)$(@D)/bin/pip install -q --cache-dir $(clients)/pip-cache --upgrade -r $<
	$(Q)touch $@

$(clients)/maven/sqlite-jdbc.jar: tests/clients/embedded/pom.xml
	@mkdir -p $(@D)
	$(SAY) MAVEN $@
	$(Q)mvn -q -B -f $< -Dmaven.repo.local=$(@D)/repository dependency:copy-dependencies \
		-DoutputDirectory=$(@D) -Dmdep.stripVersion=true
	$(Q)touch $@

# The clients' own tests, if their packages contain them; better-sqlite3's only if BETTER_SQLITE3 names their folder.
.PHONY: check-embedded-suites
check-embedded-suites: ## the clients' own test suites, with and without the library
	$(Q)scripts/install-packages build check
	$(Q)tests/clients/install.sh
	$(Q)$(MAKE) --no-print-directory all $(clients)/mattn.test $(clients)/wheels/installed $(clients)/embedded_node/installed
	$(Q)BUILD=$(abspath $(BUILD)) tests/embedded/suites.sh $(abspath $(library)) apsw mattn $(if $(BETTER_SQLITE3),better_sqlite3)

$(clients)/mattn.test: $(wildcard tests/clients/mattn/*)
	@mkdir -p $(@D)
	$(SAY) GO $@
	$(Q)cd tests/clients/mattn && CGO_ENABLED=1 GOMODCACHE=$(clients)/go-modules GOFLAGS='-buildvcs=false -modcacherw' \
		go test -c -o $@ github.com/mattn/go-sqlite3
