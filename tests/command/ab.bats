# sqlprod ab: which of two settings is better for this program, and is there a difference at all?
load sqlprod

# What the document says of variant B: "compared time verdict".
compared() {
	jq -r --arg measure "$1" --arg what "$2" '.variants[1].compared[$measure][$what] | tostring' result.json
}

commits() {
	cat >commits.py <<-END
		import sqlite3
		db = sqlite3.connect("a.db")
		for i in range($1):
		    db.execute("INSERT INTO t VALUES (?)", (i,))
		    db.commit()
		db.close()
	END
}

# Of six runs each the interval ends at one that a busy machine delayed; of ten, two may be.
@test "ab finds a known difference, with the right sign and an interval that contains it" {
	printf '#!/bin/sh\n[ "$SQLPROD_LOG_LEVEL" = off ] && exec sleep 0.6\nexec sleep 0.2\n' >nap
	chmod +x nap
	run_app "$sqlprod" ab -n 10 --warmup 0 -A sqlprod=off -B sqlprod=off,log_level=off --json result.json -- ./nap
	[[ $(compared time verdict) == more ]]
	jq -e '.variants[1].compared.time | .low > 1.5 and .high < 4.5 and .low <= .ratio and .ratio <= .high' result.json
	[[ $output == *slower* ]]
	run_app "$sqlprod" ab -n 10 --warmup 0 -A sqlprod=off,log_level=off -B sqlprod=off --json result.json -- ./nap
	[[ $(compared time verdict) == less ]]
}

@test "ab shows that synchronous=FULL writes more than NORMAL with many commits" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	commits 200
	run_app "$sqlprod" ab -n 6 --db a.db -A journal_mode=delete,synchronous=full -B synchronous=normal --json result.json -- \
		python3 commits.py
	[[ $(compared written verdict) == less ]] || jq -e '.variants[0].medians.written == 0' result.json
	[[ $(compared time verdict) != more ]]
	[[ $(jq -c '[.variants[].runs[].begins_rewritten] | unique' result.json) == '[200]' ]]
	[[ $(jq -c '[.variants[].runs[].connections] | unique' result.json) == '[1]' ]]
	jq -e '[.variants[1].runs[].write_transactions >= 200] | all' result.json
}

# 5% of the intervals may miss by chance, 1% of the verdicts.
@test "ab declares A against A equal" {
	equal=0
	for _ in {1..20}; do
		run_app "$sqlprod" ab -n 6 --warmup 0 -B sqlprod=off --json result.json -- true
		[[ $(compared time verdict) != same ]] || ((equal += 1))
	done
	((equal >= 18)) || fail "$equal of 20"
}

@test "ab says when there are few rounds or much noise" {
	run_app "$sqlprod" ab -n 3 --warmup 0 --json result.json -- true
	[[ $(compared time verdict) == few && $output == *'too few rounds'* && $output == *'5 or more of each variant'* ]]
	printf '#!/bin/sh\nsleep 0.$(($(od -An -N1 -tu1 /dev/urandom) %% 5))\n' >noisy
	chmod +x noisy
	run_app "$sqlprod" ab -n 5 --warmup 0 -B sqlprod=off -- ./noisy
	# or, once in twenty, a difference that chance made
	[[ $output == *'too noisy'* || $(grep '^time ' <<<"$output") != *'no difference seen'* ]]
}

@test "ab counts failed runs, and reports them first" {
	printf '#!/bin/sh\n[ "$SQLPROD" = off ] && { echo "database is locked" >&2; exit 3; }\nexit 0\n' >fails
	chmod +x fails
	run_app 3 "$sqlprod" ab -n 5 --warmup 0 --json result.json -- ./fails
	[[ ${lines[1]} =~ ^'runs that failed'\ +'5 of 5'\ +'0 of 5' ]]
	[[ ${lines[2]} =~ ^'lines "database is locked"'\ +5\ +0 ]]
	[[ $output == *'A: 5 of 5 runs failed: ended with 3'* ]]
	expect_warnings 1 'sqlprod: ab: the first run that failed said: database is locked'
	printf '#!/bin/sh\n[ -e once ] && exit 0\n: >once\nkill -KILL $$\n' >fails
	run_app 1 "$sqlprod" ab -n 5 --warmup 0 -- ./fails
	[[ $output == *'1 of 5 runs failed: ended with 137: signal 9'* ]]
}

@test "ab counts SQLITE_BUSY without the library too" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	cat >locked.py <<-'END'
		import sqlite3
		one, two = (sqlite3.connect("a.db", timeout=0, isolation_level=None) for _ in range(2))
		one.execute("BEGIN IMMEDIATE")
		two.execute("BEGIN IMMEDIATE")
	END
	run_app 3 "$sqlprod" ab -n 2 --warmup 0 --db a.db -B busy_timeout=10 --json result.json -- python3 locked.py
	[[ $(jq -c '[.variants[].locked]' result.json) == '[2,2]' ]]
	jq -e '[.variants[1].runs[] | .busy_returned == 1 and .busy_waits == 1 and .busy_time >= 0.01] | all' result.json
}

@test "ab compares each setting alone, and the recipe without each" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	run_app "$sqlprod" ab -n 1 --warmup 0 --db a.db --each --json result.json -- sqlite3 a.db 'PRAGMA journal_mode; PRAGMA cache_size'
	jq -e '[.variants[].label] | index("without journal_mode") and index("only busy_wait") and length == 24' result.json
	jq -e '.variants[] | select(.label == "only begin") | .settings | .SQLPROD_JOURNAL_MODE == "keep" and has("SQLPROD_BEGIN") == false' result.json
}

@test "ab takes further variants, with commas in values" {
	run_app "$sqlprod" ab -n 1 --warmup 0 --variant 'some:databases=*/a.db,*/b.db,begin=keep' --json result.json -- true
	[[ $(jq -c '.variants[2].settings' result.json) == '{"SQLPROD_DATABASES":"*/a.db,*/b.db","SQLPROD_BEGIN":"keep"}' ]]
	[[ ${lines[3]} == some* ]]
}

@test "ab passes environment and arguments to the program unchanged" {
	cat >shows <<-'END'
		#!/bin/sh
		printf '[%s]' "$@" >>shown
		env | grep -E '^(LD_PRELOAD|SQLPROD)' | sed 's/=.*report$/=report/' | LC_ALL=C sort | tr '\n' ' ' >>shown
		echo >>shown
	END
	chmod +x shows
	run_app "$sqlprod" ab -n 1 --warmup 0 -- ./shows "it's" 'a "b" \$c {x}' ''
	LC_ALL=C sort -o shown shown
	[[ $(sed -n 1p shown) == "[it's][a \"b\" \\\$c {x}][]LD_PRELOAD=$library SQLPROD=on SQLPROD_REPORT=report " ]]
	[[ $(sed -n 2p shown) == "[it's][a \"b\" \\\$c {x}][]SQLPROD=off " ]]
}

@test "ab writes Markdown and a plot" {
	run_app "$sqlprod" ab -n 2 --warmup 0 --markdown result.md --plot result.png -- true
	[[ $(sed -n 2p result.md) == '|---|---|---|---|---|' ]]
	[[ $(od -An -tx1 -N4 result.png) == ' 89 50 4e 47' ]]
	run_app "$sqlprod" ab -n 1 --warmup 0 --plot result.svg -- true
	grep -q '<svg' result.svg
}

@test "ab shows its progress on a terminal" {
	run_on_terminal 0 "$sqlprod" ab -n 2 --warmup 1 -- true
	[[ $output == *'warming up'* && $output == *'round 2 of 2'* ]]
}

@test "ab refuses wrong usage" {
	run_app 2 "$sqlprod" ab
	expect_refused 'ab: no command; see sqlprod ab --help'
	run_app 2 "$sqlprod" ab -n 0 -- true
	run_app 2 "$sqlprod" ab -n x -- true
	run_app 2 "$sqlprod" ab -A -- true
	run_app 2 "$sqlprod" ab -A journal_mode=sideways -- true
	expect_refused 'SQLPROD_JOURNAL_MODE="sideways" is not understood *'
	run_app 2 "$sqlprod" ab --variant x -- true
	run_app 2 "$sqlprod" ab --variant A:begin=keep -- true
	run_app 2 "$sqlprod" ab --load true -- true
	run_app 2 "$sqlprod" ab --ready true -- true
	run_app 2 "$sqlprod" ab --plot x.gif -- true
	run_app 2 "$sqlprod" ab --recover
	run_app 2 "$sqlprod" ab -A report=x -- true
	run_app 127 "$sqlprod" ab -- no-such-command-at-all
	run_app 4 "$sqlprod" ab --db none.db -- true
	echo text >text.db
	run_app 6 "$sqlprod" ab --db text.db -- true
	run_app "$sqlprod" ab --help
	[[ ${lines[0]} == 'usage: sqlprod ab '* ]]
}

@test "ab names missing tools" {
	mkdir bin
	for tool in sh readlink dirname python3 sed awk cat od stat id tr env; do ln -s "$(command -v "$tool")" bin/; done
	run_app 12 env PATH="$PWD/bin" "$sqlprod" ab -- true
	expect_refused 'hyperfine is required for this and is not installed'
}
