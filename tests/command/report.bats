# sqlprod report: the sums of report files.
load sqlprod

# write_report FILE PROGRAMS - so many processes of one connection each, with the library.
write_report() {
	local i
	for ((i = 0; i < $2; i++)); do
		SQLPROD_REPORT=$PWD/$1 run_shim victim 'open a a.db' 'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' \
			'exec a COMMIT' 'close a'
	done
}

# A line of a connection: line PID PROGRAM OPEN WAITS-JSON [SETTINGS-JSON]
line() {
	printf '{"pid":%s,"connection":1,"open":%s,"program":"%s","database":"/srv/a.db","sqlite":{"version":"3.45.0","library":"/lib/x"},"reached":"interposition","left_alone":null,"settings":{%s},"begins_rewritten":0,"begins_not_upgraded":{},"waits":%s,"transactions":{"begun":2,"immediate":1,"reserved":1,"learnt_to_read":0,"unreserved":0,"lapsed":1,"wrote":1,"locked_and_only_read":1,"longest_milliseconds":{"reserved":0,"wrote":0,"locked_and_only_read":0}}}\n' "$1" "$3" "$2" "${5-}" "$4"
}

@test "report sums up any number of files, by database and program" {
	write_report r1 2
	write_report r2 1
	SQLPROD_REPORT=$PWD/r2 run_shim sqlite3 a.db 'INSERT INTO t VALUES(1)'
	run_app "$sqlprod" report r1 r2
	[[ $(records sums 2 3 4 5) == "$PWD/a.db sqlite3 1 0"$'\n'"$PWD/a.db victim 3 0" ]]
	[[ $(records sums 3 6 | tail -n 1) == 'victim '[3-9] && -z $(records unapplied 2) ]]
	run_app "$sqlprod" report --json r1 r2
	jq -e '[.sums[] | .program] == ["sqlite3", "victim"] and .sums[1].connections == 3 and .sums[1].transactions.wrote >= 3 and .sums[1].busy == 0
		and .sums[1].waits.p50 == null' <<<"$output"
	run_app sh -c 'cat r1 | "$0" report - r2' "$sqlprod"
	[[ $(records sums 4) == $'1\n3' ]]
}

@test "without the library nothing is written that could be summed up" {
	SQLPROD_REPORT=$PWD/r run_plain victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'close a'
	: >r
	run_app 1 "$sqlprod" report r
	expect_refused 'report: no line of a report in r'
}

@test "real waits are counted by their length, and a BUSY that was returned" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' "barrier $PWD/held"
	barrier_meet held
	SQLPROD_LOG_WAIT=0 SQLPROD_BUSY_TIMEOUT=300 SQLPROD_REPORT=$PWD/r run_shim victim 'open b a.db' 'exec b INSERT INTO t VALUES(1)' 'close b'
	barrier_leave held
	finish "$started" holder
	run_app "$sqlprod" report --json r
	jq -e '.sums[0].busy == 1 and .sums[0].waits.count == 1 and .sums[0].waits.longest >= 250 and .sums[0].waits.p50 == .sums[0].waits.longest
		and .sums[0].waits.p99 <= .sums[0].waits.longest' <<<"$output"
}

@test "median and 99th percentile are the ends of their classes, and no more than the longest" {
	line 1 p false '{"count":100,"milliseconds":500,"given_up":2,"write_locks":1,"longest":900,"lasted":[60,0,0,30,0,0,0,0,0,0,10,0,0,0,0,0,0]}' >r
	run_app "$sqlprod" report r
	[[ $(records sums 14 15 16 17 18) == '100 1 900 900 2' ]]
	line 1 p false '{"count":4,"milliseconds":500,"given_up":0,"write_locks":1}' >r
	run_app "$sqlprod" report r
	[[ $(records sums 14 15 16 18) == '4 - - 0' ]]
}

@test "of several lines of a connection the last counts, and an open one is said to be open" {
	{
		line 1 p true null
		line 1 p true null
		line 2 p true null
		line 2 p false null
		printf '{"pid":3,"prog'
	} >r
	run_app "$sqlprod" report r
	[[ $(records sums 4 5 6) == '2 1 4' ]]
}

@test "settings that were not applied are listed with the reason and what mends it" {
	make_wal a.db
	export SQLPROD_REPORT=$PWD/r
	run_shim victim 'open a a.db' 'exec a PRAGMA cache_size=100' 'exec a SELECT * FROM t' 'close a'
	SQLPROD_SKIP_DATABASES='*/b.db' run_shim victim 'open a b.db' 'exec a CREATE TABLE t(x)' 'close a'
	sqlite3 c.db 'CREATE TABLE t(x)'
	run_shim victim 'open_v2 a c.db ro' 'exec a SELECT * FROM t' 'close a'
	unset SQLPROD_REPORT
	run_app "$sqlprod" report r
	[[ $(records unapplied 2 4 5 6 7) == "$PWD/a.db cache_size -20000 100 1"$'\n'"$PWD/b.db all - - 1"$'\n'"$PWD/c.db journal_mode wal delete 1"$'\n'"$PWD/c.db synchronous normal full 1" ]]
	[[ $(records unapplied 9 | head -n 1) == "by the program's own wish"* && $(records unapplied 8) == *'the database is read-only'* ]]
	run_app "$sqlprod" report --text r
	[[ $output == *PROGRAM*CONN*BUSY*'cache_size: 100 pages, not 19.5 MiB on 1 connection'*'mend: let a user'* ]]
	[[ -z $(awk -v here="$PWD" '!index($0, here) && length > 80' <<<"$output") ]]
}

@test "the Prometheus text has histograms that add up, escapes labels, and satisfies promtool" {
	line 1 p false '{"count":100,"milliseconds":500,"given_up":2,"write_locks":1,"longest":900,"lasted":[60,0,0,30,0,0,0,0,0,0,10,0,0,0,0,0,0]}' |
		sed 's|/srv/a.db|/srv/a\\"\\\\\\n.db|' >r
	run_app "$sqlprod" report --prometheus r
	expect_line 'sqlprod_lock_wait_seconds_bucket{database="/srv/a\"\\\n.db",program="p",le="0.008"} 90'
	expect_line 'sqlprod_lock_wait_seconds_bucket{database="/srv/a\"\\\n.db",program="p",le="+Inf"} 100'
	expect_line 'sqlprod_lock_wait_seconds_sum{database="/srv/a\"\\\n.db",program="p"} 0.500'
	expect_line 'sqlprod_busy_total{database="/srv/a\"\\\n.db",program="p"} 2'
	expect_line '# TYPE sqlprod_lock_wait_seconds histogram'
	write_report r 1
	promtool=$(type -P promtool || echo "$build/promtool/usr/bin/promtool")
	[[ -x $promtool ]] || skip "no promtool"
	run_app sh -c '"$0" report --prometheus r | "$1" check metrics' "$sqlprod" "$promtool"
	[[ -z $output$stderr ]]
}

@test "SQLPROD_REPORT_INTERVAL writes the sums of a connection that is never closed, at most so often" {
	export SQLPROD_REPORT=$PWD/r
	barrier_make "$PWD/used"
	SQLPROD_REPORT_INTERVAL=3600 start_shim service victim 'open a a.db' 'exec a CREATE TABLE t(x)' 'repeat 20' 'exec a INSERT INTO t VALUES(1)' 'end' "barrier $PWD/used" 'sh kill -KILL $PPID'
	barrier_meet used
	[[ $(wc -l <r) -eq 1 ]]
	run_app "$sqlprod" report r
	[[ $(records sums 3 4 5) == 'victim 1 1' ]]
	rm r
	SQLPROD_REPORT_INTERVAL=1 run_shim victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)' 'exec a INSERT INTO t VALUES(1)' 'sh sleep 1.1' 'exec a INSERT INTO t VALUES(1)' 'sh cp r before' 'close a'
	[[ $(wc -l <before) -eq 2 && $(tail -n 1 before | jq .transactions.wrote) -eq 3 && $(wc -l <r) -eq 3 ]]
	rm r
	run_shim victim 'open a a.db' 'exec a INSERT INTO t VALUES(1)' 'sh test ! -e r' 'close a'
	[[ $(wc -l <r) -eq 1 ]]
}

@test "wrong usage of report gives one line and exit status" {
	run_app 2 "$sqlprod" report
	expect_refused 'report: no file; *'
	run_app 2 "$sqlprod" report --nonsense
	expect_refused 'report: no option --nonsense; *'
	run_app 4 "$sqlprod" report nothing
	expect_refused 'nothing: no such file'
	run_app 7 "$sqlprod" report .
	expect_refused '.: is a folder'
	echo text >a=b
	run_app 1 "$sqlprod" report a=b
}

@test "report needs nothing but the shell, awk and the library" {
	write_report r 1
	mkdir bin
	for tool in sh awk cat tr sed readlink dirname; do ln -s "$(type -P $tool)" "bin/$tool"; done
	run_app env PATH="$PWD/bin" "$sqlprod" report --prometheus r
	[[ $output == *sqlprod_connections_total* ]]
}
