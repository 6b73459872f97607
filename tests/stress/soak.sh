#!/bin/bash
# soak.sh LIBRARY SECONDS - writers on one database that are killed, stopped and continued at random; then integrity and sums.
#
# Each writer is a sqlite3 command under the library that is fed transactions and answers each with its number once it is committed.
# What it answered must be there; what it did not may be. Every writer counts in a row of its own and appends to a log: the two must
# agree, and no writer that was let run may have seen an error.
set -eu

library=$(realpath "$1")
seconds=$2
writers=12
folder=$(mktemp -d "${TMPDIR:-/tmp}/sqlprod-soak.XXXXXX")
pids=()

# shellcheck disable=SC2317
cleanup() {
	local pid
	for pid in ${pids[@]+"${pids[@]}"}; do
		kill -KILL -- "-$pid" 2>/dev/null || true
	done
	rm -rf "$folder"
}
trap cleanup EXIT

# One that has no process group of its own yet is killed alone, and may get one, and children, before that.
kill_writer() {
	kill -KILL -- "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || true
	kill -KILL -- "-$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

ask() {
	sqlite3 -batch -init /dev/null -cmd '.timeout 10000' "$folder/t.db" "$1"
}

# The read keeps the shell's own number of the transaction in step with what was committed.
# shellcheck disable=SC2317
write_forever() {
	local i=0
	while :; do
		i=$((i + 1))
		printf 'BEGIN; UPDATE counters SET n=n+1 WHERE id=%d; INSERT INTO log(writer, i) VALUES(%d,%d); COMMIT; SELECT %d;\n' "$1" "$1" "$i" "$i"
		((RANDOM % 8)) || sleep 0.0$((RANDOM % 10))
	done
}

start_writer() {
	local slot=$1 id=$2
	# shellcheck disable=SC2016
	setsid bash -c 'write_forever "$1" | env LD_PRELOAD="$2" sqlite3 -batch -init /dev/null "$3/t.db" >>"$3/$1.said" 2>>"$3/$1.errors"' \
		writer "$id" "$library" "$folder" &
	pids[slot]=$!
}
export -f write_forever

ask 'PRAGMA journal_mode=wal; CREATE TABLE counters(id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
	CREATE TABLE log(id INTEGER PRIMARY KEY, writer INTEGER, i INTEGER)' >"$folder/setup"
next=0
for ((slot = 0; slot < writers; slot++)); do
	ask "INSERT INTO counters VALUES($next, 0)"
	start_writer $slot $((next++))
done

end=$((SECONDS + seconds))
killed=0 stopped=0
while ((SECONDS < end)); do
	slot=$((RANDOM % writers))
	if ((RANDOM % 3)); then
		kill -STOP -- "-${pids[slot]}" 2>/dev/null || true
		sleep 0.0$((RANDOM % 10))$((RANDOM % 10))
		kill -CONT -- "-${pids[slot]}" 2>/dev/null || true
		stopped=$((stopped + 1))
	else
		kill_writer "${pids[slot]}"
		killed=$((killed + 1))
		ask "INSERT INTO counters VALUES($next, 0)"
		start_writer $slot $((next++))
	fi
done
for ((slot = 0; slot < writers; slot++)); do
	kill_writer "${pids[slot]}"
done
pids=()

status=0
integrity=$(ask 'PRAGMA integrity_check')
[[ $integrity == ok ]] || status=1
wrong=$(ask 'SELECT count(*) FROM counters LEFT JOIN (SELECT writer, count(*) AS rows, max(i) AS last FROM log GROUP BY writer) ON writer = id
	WHERE n <> ifnull(rows, 0) OR n <> ifnull(last, 0)')
[[ $wrong == 0 ]] || status=1
lost=0
ask 'SELECT n FROM counters ORDER BY id' >"$folder/counts"
mapfile -t counts <"$folder/counts"
for ((id = 0; id < next; id++)); do
	# the last line may have been cut by the kill
	said=$(sed -n '$!p' "$folder/$id.said" 2>/dev/null | tail -n 1)
	((counts[id] >= ${said:-0})) || {
		lost=$((lost + 1))
		echo "soak: writer $id of $next was told of $said commits, ${counts[id]} are there" >&2
	}
done
[[ $lost == 0 ]] || status=1
errors=$(cat "$folder"/*.errors | wc -l)
[[ $errors == 0 ]] || {
	status=1
	sort "$folder"/*.errors | uniq -c | head >&2
}
total=$(ask 'SELECT count(*) FROM log')
most=$(ask 'SELECT max(n) FROM (SELECT count(*) AS n FROM log GROUP BY writer)')
echo "soak: $seconds s, $total transactions of $next writers (at most $most by one), $killed killed, $stopped stopped;" \
	"integrity $integrity, $wrong sums wrong, $lost committed lost, $errors errors"
exit $status
