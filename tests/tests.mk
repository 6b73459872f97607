# Targets that check, measure and show.
include tests/demo.mk
