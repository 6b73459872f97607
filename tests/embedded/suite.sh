#!/bin/bash
# suite.sh SUITE LIBRARY - runs a client's own tests in an empty folder, under LIBRARY unless that is "", and prints for each
# test "pass NAME" or "fail NAME", sorted.
set -eu
suite=$1 library=$2
programs=$(dirname "$(realpath "$0")")
clients=${BUILD:?}/clients
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# go-sqlite3's tests leave files in the system's scratch folder.
mkdir tmp
export TMPDIR=$folder/tmp

# run COMMAND... - what it prints goes to the file out; its status does not matter here.
run() {
	env ${library:+LD_PRELOAD="$library"} timeout 1200 "$@" >out 2>&1 </dev/null || true
}

# Each class in a process of its own, so that what one leaves does not disturb the next. A test that began and did not end
# took its process along.
run_apsw() {
	local python=$clients/wheels/bin/python class
	for class in $("$python" -B "$programs/suite_apsw.py"); do
		: >results
		run "$python" -B "$programs/suite_apsw.py" "$class" "$PWD/results"
		awk '$1 == "began" { if (began) print "fail", began; began = $2; next }
			{ print; began = "" }
			END { if (began) print "fail", began }' results
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
