# The sqlprod command, and what is installed, packed and removed.

sqlprod_command := $(BUILD)/sqlprod
sqlprod_parts := $(shell cd scripts && find sqlprod.d -type f ! -name '*.pyc' | LC_ALL=C sort)
PARTSDIR ?= $(PREFIX)/lib/sqlprod
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
mans := $(BUILD)/man/sqlprod.1 $(BUILD)/man/libsqlprod.7

# $(call place_command,BINDIR,PARTSDIR,LIBRARY) - the command for a folder, with the paths of its other files from there.
place_command = sed -e 's|^sqlprod_parts_at=.*|sqlprod_parts_at=$(shell scripts/package/relative $(1) $(2))|' \
	-e 's|^sqlprod_library_at=.*|sqlprod_library_at=$(shell scripts/package/relative $(1) $(3))|' scripts/sqlprod

all: $(sqlprod_command)

$(sqlprod_command): scripts/sqlprod scripts/package.mk
	@mkdir -p $(@D)
	$(Q)$(call place_command,$(@D),scripts/sqlprod.d,$(library)) >$@.new
	$(Q)chmod 755 $@.new && mv $@.new $@

# Before the first object is compiled: a missing header is told by the name of its package.
$(objects): | $(BUILD)/requirements

$(BUILD)/requirements:
	@mkdir -p $(@D)
	$(Q)scripts/package/requirements '$(CC)' $(CPPFLAGS) && touch $@

.PHONY: man
man: $(mans) ## make the manual pages

# The table of settings comes from the library.
$(BUILD)/man/%: man/% man/page.awk $(library)
	@mkdir -p $(@D)
	$(SAY) MAN $@
	$(Q)env -i $(abspath $(library)) --settings | awk -F '\t' -v version=$(VERSION) -f man/page.awk - $< >$@.new
	$(Q)mv $@.new $@

.PHONY: install
install: $(library) $(mans) ## install under PREFIX (DESTDIR for staging)
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR) $(PARTSDIR)/ab $(PARTSDIR)/commands $(MANDIR)/man1 $(MANDIR)/man7 $(BASHCOMPDIR) $(ZSHCOMPDIR))
	install -m 755 $(library) $(DESTDIR)$(LIBDIR)/libsqlprod.so
	$(call place_command,$(BINDIR),$(PARTSDIR),$(LIBDIR)/libsqlprod.so) >$(DESTDIR)$(BINDIR)/sqlprod
	chmod 755 $(DESTDIR)$(BINDIR)/sqlprod
	cd scripts && for part in $(sqlprod_parts); do install -m 644 $$part $(DESTDIR)$(PARTSDIR)/$${part#*/} || exit; done
	install -m 644 $(BUILD)/man/sqlprod.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(BUILD)/man/libsqlprod.7 $(DESTDIR)$(MANDIR)/man7
	install -m 644 scripts/completions/sqlprod.bash $(DESTDIR)$(BASHCOMPDIR)/sqlprod
	install -m 644 scripts/completions/_sqlprod $(DESTDIR)$(ZSHCOMPDIR)/_sqlprod
	$(if $(DESTDIR),,$(Q)scripts/package/after-install $(LIBDIR)/libsqlprod.so $(BINDIR)/sqlprod)

# Folders that others use stay, even if empty.
.PHONY: uninstall
uninstall: ## remove what install put there
	$(if $(DESTDIR),,$(Q)scripts/package/in-use $(LIBDIR)/libsqlprod.so)
	rm -f $(DESTDIR)$(LIBDIR)/libsqlprod.so $(DESTDIR)$(BINDIR)/sqlprod $(DESTDIR)$(BASHCOMPDIR)/sqlprod \
		$(DESTDIR)$(ZSHCOMPDIR)/_sqlprod $(DESTDIR)$(MANDIR)/man1/sqlprod.1 $(DESTDIR)$(MANDIR)/man7/libsqlprod.7
	rm -rf $(DESTDIR)$(PARTSDIR)
	$(if $(DESTDIR),,$(Q)[ "$$(id -u)" -ne 0 ] || ldconfig || true)

.PHONY: deb
deb: ## build a Debian package under BUILD
	$(Q)scripts/package/deb $(VERSION) $(BUILD)

.PHONY: cross
cross: ## build the library for glibc 2.17 and musl, x86-64 and arm64, under BUILD/cross
	$(Q)scripts/install-packages build cross
	$(Q)scripts/package/cross $(BUILD)

.PHONY: dist-source
dist-source: ## make a reproducible tarball of HEAD under BUILD
	$(Q)scripts/package/dist $(VERSION) $(BUILD)

# What is made of the libraries of make cross, under BUILD/packages.
packages := $(BUILD)/packages

.PHONY: wheel npm gem dist
wheel: ## Python wheels (manylinux_2_17 and musllinux, x86-64 and arm64) under BUILD/packages
npm: ## a package for npm, with all libraries, under BUILD/packages
gem: ## the same for RubyGems
dist: ## tarballs of the source and of prebuilt libraries, with SHA256SUMS, under BUILD/packages
wheel: pack := wheel
npm: pack := npm
gem: pack := gem
dist: pack := prebuilt
wheel npm gem dist: packed-libraries
	$(Q)scripts/package/$(pack) $(VERSION) $(BUILD)/stage-packages $(BUILD)/cross $(packages)
	$(if $(filter dist,$@),$(Q)scripts/package/dist $(VERSION) $(packages))
	$(if $(filter dist,$@),$(Q)cd $(packages) && sha256sum sqlprod-$(VERSION)*.tar.gz >SHA256SUMS && realpath SHA256SUMS)

.PHONY: packed-libraries
packed-libraries: $(library) $(mans)
	$(Q)scripts/install-packages build cross
	$(Q)scripts/package/cross $(BUILD) >/dev/null
	$(Q)scripts/package/stage $(BUILD) $(BUILD)/stage-packages >/dev/null

staged_suites := $(filter-out tests/command/install.bats,$(command_suites))

.PHONY: check-sqlprod
check-sqlprod: all programs man ## the suites of the sqlprod command, in the build tree and installed into a folder
	$(Q)BUILD=$(abspath $(BUILD)) tests/harness/suites $(command_suites)
	$(Q)rm -rf $(BUILD)/stage && $(MAKE) -s --no-print-directory install DESTDIR=$(abspath $(BUILD))/stage PREFIX=/usr
	$(Q)BUILD=$(abspath $(BUILD)) COMMAND=$(abspath $(BUILD))/stage/usr/bin/sqlprod tests/harness/suites $(staged_suites)

.PHONY: check-deb
check-deb: all programs ## install the Debian package (as root), run the suites on it, remove it
	$(Q)BUILD=$(abspath $(BUILD)) scripts/package/try-deb $$(scripts/package/deb $(VERSION) $(BUILD)) tests/harness/suites $(staged_suites)

.PHONY: lint-sqlprod
lint: lint-sqlprod
lint-sqlprod:
	$(Q)scripts/install-packages build check lint
	$(Q)shellcheck $(addprefix scripts/,$(filter %.sh,$(sqlprod_parts))) scripts/completions/sqlprod.bash
	$(Q)shfmt -i 0 -ci -d $(addprefix scripts/,$(filter %.sh,$(sqlprod_parts))) scripts/completions/sqlprod.bash
