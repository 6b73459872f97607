#!/bin/bash
# cluster.sh LIBRARY PACKAGES OUTPUT [SECONDS] - a Node cluster of 16 workers on one database: without the library, with SQLite's own wait,
# with ours.
#
# By better-sqlite3 and by node:sqlite, all from PACKAGES, a folder with node_modules. Prints a Markdown table and writes it to
# OUTPUT/cluster.md.
set -eu

library=$(realpath "$1")
seconds=${4:-10}
node=$(realpath "$2/node_modules/node26/bin/node")
mkdir -p "$3"
cp "$(dirname "$0")/cluster.js" "$2"
script=$(realpath "$2")/cluster.js
cd "$3"
unset LD_PRELOAD "${!SQLPROD@}"

folder=$(mktemp -d "${TMPDIR:-/tmp}/sqlprod-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# row DRIVER NAME [VARIABLE=VALUE]...
row() {
	local driver=$1 name=$2
	shift 2
	rm -f "$folder"/t.db*
	env "$@" "$node" --no-warnings "$script" "$driver" "$folder/t.db" 16 "$seconds" |
		awk -v name="$driver, $name" '{ printf "| %s | %s | %s | %s | %s | %s | %s |\n", name, $1, $2, $3, $4, $5, $6 }'
}

{
	echo '| 16 workers | transactions/s | SQLITE_BUSY | p50 ms | p99 ms | longest ms | lost updates |'
	echo '|---|---|---|---|---|---|---|'
	for driver in better-sqlite3 node:sqlite; do
		row "$driver" 'without'
		row "$driver" 'shim, stock wait' LD_PRELOAD="$library" SQLPROD_BUSY_WAIT=sqlite
		row "$driver" 'shim, fair wait' LD_PRELOAD="$library"
	done
} | tee cluster.md
