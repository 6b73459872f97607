#!/bin/bash
# suite.sh SUITE LIBRARY - runs a client's own tests in an empty folder, under LIBRARY unless that is "", and prints for each
# test "pass NAME" or "fail NAME", sorted.
set -eu
suite=$1 library=$2
clients=${BUILD:?}/clients
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# run COMMAND... - what it prints goes to the file out; its status does not matter here.
run() {
	env ${library:+LD_PRELOAD="$library"} timeout 1200 "$@" >out 2>&1 </dev/null || true
}

# unittest's verbose lines: "NAME (CLASS) ... ok", or the outcome behind the first line of the test's text, or after what it printed.
# Each class in a process of its own, so that what one leaves behind is not in the next one's way.
run_apsw() {
	local python=$clients/wheels/bin/python class
	for class in APSW aiotest.Async carray.CArray extratest.Extra ftstests.FTS ftstests.FTS5Query ftstests.FTS5Table \
		jsonb.Conversion jsonb.Ext jsonb.JSONB sessiontests.Session shelltest.Shell; do
		run "$python" -m apsw.tests -v "${class#*.}"
		sed -nE "s/^(test[A-Za-z0-9_]+) \(.*/\1/p; s/.*(\.\.\. |^)(ok|FAIL|ERROR)$/\2/p; s/.*\.\.\. skipped.*/skipped/p" out |
			awk -v class="$class" '
				function tell() { if (name) print (outcome == "ok" || outcome == "skipped" ? "pass" : "fail"), class "." name }
				/^test/ { tell(); name = $0; outcome = "died"; next }
				outcome == "died" { outcome = $0 }
				END { tell() }'
	done
}

# Each test in a process of its own: one that is killed takes no other along.
run_mattn() {
	local test
	for test in $("$clients/mattn.test" -test.list .); do
		run "$clients/mattn.test" -test.v -test.run "^$test\$"
		if tail -n 1 out | grep -q '^PASS$'; then
			echo "pass $test"
		else
			echo "fail $test"
		fi
	done
}

# These are in no package: BETTER_SQLITE3 is a folder with the repository's lib/ and test/, with mocha, chai and the tests' other
# needs installed, and with the package's prebuilds/.
run_better_sqlite3() {
	cp -r "$BETTER_SQLITE3/." .
	run "$clients/embedded_node/node_modules/node22/bin/node" node_modules/mocha/bin/mocha.js --exit --timeout=200000 --reporter json \
		--reporter-option output=results.json
	jq -r '(.passes[] | "pass " + .fullTitle), (.failures[] | "fail " + .fullTitle)' results.json
}

"run_$suite" | sort
