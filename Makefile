# sqlprod - build, install and check. "make help" lists the targets; V=1 shows the commands.

VERSION := 0.2.0

CC ?= cc
CLANG ?= clang
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
DESTDIR ?=
BUILD ?= build
# One spelling for one folder: what an object depends on is recorded under it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))

ifneq ($(V),1)
Q := @
SAY = @printf '  %-7s %s\n'
else
SAY = @:
endif

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -Wvla -Wcast-qual
ifeq ($(WERROR),1)
warnings += -Werror
endif
override CPPFLAGS := -Ishim -D_GNU_SOURCE -include base/features.h -DSQLPROD_VERSION='"$(VERSION)"' $(CPPFLAGS)
override CFLAGS := -std=gnu11 -O2 -g -fPIC -fvisibility=hidden -ftls-model=initial-exec -fexceptions $(warnings) $(CFLAGS)
# Every process under the preload maps the library: two segments cost some 12 us less than four. What gcc's start files would bring
# are four weak symbols, which the loader looks for in vain, and an end for atexit(3), which the library does not use.
library_ldflags := -shared -nostartfiles -Wl,--version-script=shim/exports.map -Wl,-soname,libsqlprod.so -Wl,-e,entry_start \
	-Wl,-z,relro,-z,now,-z,noseparate-code,-z,nodelete,-z,defs,--as-needed,--hash-style=gnu
override LDFLAGS := $(LDFLAGS)

library := $(BUILD)/libsqlprod.so
objects := $(patsubst shim/%.c,$(BUILD)/shim/%.o,$(wildcard shim/*/*.c))

.PHONY: all
all: $(library) ## build the library

$(library): $(objects) $(BUILD)/shim/unversioned shim/exports.map
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) $(library_ldflags) -o $@ $(objects) -Wl,--no-as-needed $(BUILD)/shim/unversioned -Wl,--as-needed $(LDFLAGS) -ldl

$(BUILD)/shim/unversioned: scripts/package/unversioned
	@mkdir -p $(@D)
	$(Q)scripts/package/unversioned $@ '$(CC)' $(filter -m% --target=% --sysroot=% -I% -isystem%,$(CPPFLAGS) $(CFLAGS))

$(BUILD)/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(objects:.o=.d)

include tests/tests.mk
include scripts/package.mk

.PHONY: clean
clean: ## remove build/
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1 - \2/p' $(MAKEFILE_LIST) | sort
