# The differential fuzzer of file acts: made-up programs that move their databases about, with and without the library. See tests/fuzz/files/main.py.

# How many programs, from the seed FIRST on; more options of the fuzzer, as --kill, --jobs N.
SEEDS ?= 300
FILES_OPTIONS ?=
files_fuzzer = PYTHONDONTWRITEBYTECODE=1 python3 tests/fuzz/files/main.py --library $(abspath $(library)) --first $(FIRST) $(FILES_OPTIONS)

.PHONY: fuzz-files
fuzz-files: $(library) ## compare SEEDS made-up programs that move, copy and delete their databases, with and without the library
	$(Q)$(files_fuzzer) --seeds $(SEEDS)

# The fuzzer itself: quiet with the library switched off, and finds what WAL that is set by hand loses.
.PHONY: check-fuzz-files
check-fuzz-files: $(library) ## the fuzzer of file acts against the library switched off, and against WAL by hand
	$(Q)$(files_fuzzer) --selftest
