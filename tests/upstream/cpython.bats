# CPython's own tests of sqlite3, all of them, with and without the library.
load ../harness/harness

results=$build/cpython/results

# Runs all tests by run_plain or run_shim and keeps the outcomes in $results.
run_all() {
	local python
	mkdir -p "$results"
	python=$("$root/tests/upstream/cpython/find-python" "$build/cpython") || fail "no Python here has its tests: tests/upstream/cpython/install.sh gets them"
	APP_TIMEOUT=900
	CPYTHON_TESTS=$build/cpython "$1" "$python" -B "$root/tests/upstream/cpython/results.py"
	printf '%s\n' "$output" >"$results/$1"
	printf '%s\n' "$stderr" >"$results/$1.log"
}

failed() {
	sed -n 's/^fail //p' "$results/$1" | sort
}

# The names in expected-failures.txt that this Python has.
expected() {
	sed -n 's/^\([a-zA-Z0-9_.]*\): .*/\1/p' "$root/tests/upstream/cpython/expected-failures.txt" | sort | comm -12 - <(cut -d' ' -f2 "$results/run_plain" | sort)
}

@test "without the library CPython's sqlite3 tests pass" {
	run_all run_plain
	[[ $(grep -c '^pass ' "$results/run_plain") -gt 250 ]]
	[[ -z $(failed run_plain) ]]
}

@test "with the library only CPython tests fail that are expected to" {
	run_all run_shim
	[[ -z $(comm -13 <(expected) <(failed run_shim)) ]] || fail "$(comm -13 <(expected) <(failed run_shim))"
}

@test "with the library the same CPython tests run, and no more are skipped" {
	diff <(cut -d' ' -f2 "$results/run_plain") <(cut -d' ' -f2 "$results/run_shim")
	diff <(grep '^skip' "$results/run_plain") <(grep '^skip' "$results/run_shim")
}

@test "every CPython test that is expected to fail fails, and its reason is given" {
	[[ -z $(comm -23 <(expected) <(failed run_shim)) ]] || fail "$(comm -23 <(expected) <(failed run_shim))"
	! grep -vE '^(#.*)?$|^test\.[a-zA-Z0-9_.]+: .{20,}$' "$root/tests/upstream/cpython/expected-failures.txt" || fail "a line without a reason"
}
