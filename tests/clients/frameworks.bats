#!/usr/bin/env bats
# The page in docs/ shows what transactions.bats recorded.

load ../harness/harness

# The numbers of a race differ from run to run: what counts is whether there are any. Those of pages and requests may be none.
@test "docs/clients.md shows the races of this run" {
	local any='s/ [1-9][0-9]* →/ some →/g; s/→ [1-9][0-9]*/→ some/g'
	"$root/tests/clients/frameworks.sh" "$build/clients/runs/transactions" | grep '^|.*|' >run
	[[ $(wc -l <run) -gt 2 ]]
	sed "$any" "$root/docs/clients.md" >page
	grep -v ' requests\| pages' run | sed "$any" | while read -r line; do
		grep -qxF -- "$line" page || fail "docs/clients.md has not:" "$line"
	done
}
