#!/bin/bash
# suites.sh LIBRARY SUITE... - runs the clients' own tests without the library and with it. Exits 1 unless exactly those of
# suites-expected.txt fail with it that pass without.
set -eu
library=$1
shift
programs=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

for suite; do
	"$programs/suite.sh" "$suite" "" >"$folder/alone"
	"$programs/suite.sh" "$suite" "$library" >"$folder/shim"
	sed -n 's/^pass //p' "$folder/alone" | sort >"$folder/alone.pass"
	sed -n 's/^pass //p' "$folder/shim" | sort >"$folder/shim.pass"
	comm -23 "$folder/alone.pass" "$folder/shim.pass" >"$folder/lost"
	sed -n "s/^$suite \(.*\): .*/\1/p" "$programs/suites-expected.txt" | sort >"$folder/expected"
	printf '%s: %d tests, %d pass without the shim, of these %d fail with it\n' "$suite" "$(wc -l <"$folder/alone")" \
		"$(wc -l <"$folder/alone.pass")" "$(wc -l <"$folder/lost")"
	if [[ ! -s $folder/alone.pass ]]; then
		echo "$suite: nothing was run" >&2
		status=1
	fi
	diff -U0 --label expected --label found "$folder/expected" "$folder/lost" || status=1
done
exit "$status"
