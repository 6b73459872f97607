# The harness itself: a suite that cannot fail shows nothing.
load ../harness/harness

@test "run_app checks the exit status, whichever is expected" {
	run_app true
	run_app 1 false
	run_app any sh -c 'exit 3'
	[[ $status -eq 3 ]]
	! (run_app false) || fail "an exit status of 1 passed for 0"
	! (run_app 1 true) || fail "an exit status of 0 passed for 1"
}

@test "run_app keeps output, errors and lines apart" {
	run_app sh -c 'echo one; echo two; echo three >&2'
	[[ $output == $'one\ntwo' && $stderr == three && ${lines[1]} == two ]]
}

@test "run_app ends a program that hangs, and fails" {
	APP_TIMEOUT=1
	! (run_app sleep 600) || fail "a hanging program passed"
}

@test "run_app shows the command it ran, its status and its output" {
	shown=$(run_app any sh -c 'echo word; echo oops >&2; exit 7')
	[[ $shown == *"sh -c"*word*"stderr: oops"*"status: 7"* ]]
}

@test "run_app passes on only the settings given before it" {
	SQLPROD_BEGIN=keep run_app sh -c 'echo "$SQLPROD_BEGIN"'
	expect keep
	run_app sh -c 'echo "${SQLPROD_BEGIN-unset} ${LD_PRELOAD-unset}"'
	expect 'unset unset'
}

@test "expect, expect_line and expect_warnings can fail" {
	run_app sh -c 'echo one; echo two; echo warned >&2'
	expect $'one\ntwo'
	expect_line two
	expect_warnings 1 'warn*'
	! (expect one) || fail "expect"
	! (expect_line three) || fail "expect_line"
	! (expect_warnings 2) || fail "expect_warnings, count"
	! (expect_warnings 1 'other*') || fail "expect_warnings, pattern"
	! (expect_quiet) || fail "expect_quiet"
}

@test "a failed check shows its line in the test and in the suite's own functions, and what the harness says" {
	printf '%s\n' "load $root/tests/harness/harness.bash" 'helper() {' '	local x=1' '	run_plain echo hi' '	[[ $x == 2 ]]' '	echo never' '}' \
		'@test "a check" {' '	run_plain echo hi' '	[[ $output == ho ]]' '	echo never' '}' '@test "a function" {' '	helper' '	echo never' '}' \
		'@test "the harness" {' '	run_plain echo hi' '	expect ho' '}' >failing.bats
	run_app 1 env -i HOME="$PWD" PATH=/usr/local/bin:/usr/bin:/bin bats failing.bats
	[[ $output == *'not ok 1 a check'*'line 10)'*'[[ $output == ho ]]'*'not ok 2 a function'*"from function \`helper' in "*'line 5,'*'line 14)'* ]]
	[[ $output == *'not ok 3 the harness'*'line 19)'*'expect ho'*'expected:'*'got:'* && $output != *never* ]]
}

@test "observer distinguishes a held write lock from a free one, in WAL and in rollback mode" {
	for mode in delete wal; do
		run_plain victim 'open a t.db' "exec a PRAGMA journal_mode=$mode" 'exec a CREATE TABLE IF NOT EXISTS t(x)' \
			'sh observer lock t.db' 'exec a BEGIN' 'sh observer lock t.db' 'exec a ROLLBACK' \
			'exec a BEGIN IMMEDIATE' 'sh observer lock t.db' 'exec a ROLLBACK' 'sh observer lock t.db'
		expect "open 0"$'\n'"$mode"$'\nexec 0\nexec 0\nfree\nexec 0\nfree\nexec 0\nexec 0\nheld\nexec 0\nfree'
	done
	[[ $(outside_pragma t.db journal_mode) == wal ]]
}

@test "observer fails if the file is no database" {
	head -c 8192 /dev/zero | tr '\0' x >t.db
	run_app 1 observer lock t.db
}

@test "two programs meet at a barrier" {
	barrier_make meeting
	start_plain first victim 'open a t.db' 'exec a CREATE TABLE t(x); BEGIN IMMEDIATE' 'barrier meeting' 'exec a COMMIT'
	barrier_meet meeting
	[[ $(outside_lock t.db) == held ]]
	barrier_leave meeting
	finish "$started" first
	[[ $(outside_lock t.db) == free ]]
}

@test "wait_until_waits returns when the program waits, and when it has ended" {
	barrier_make meeting
	run_plain victim 'open a t.db' 'exec a CREATE TABLE t(x)'
	start_plain holder victim 'open a t.db' 'exec a BEGIN IMMEDIATE' 'barrier meeting' 'exec a COMMIT'
	holder=$started
	barrier_meet meeting
	start_plain waiter victim 'open a t.db' 'busy_timeout a 60000' 'exec a BEGIN IMMEDIATE'
	waiter=$started
	wait_until_waits "$waiter"
	kill -0 "$waiter"
	barrier_leave meeting
	finish "$holder" holder
	finish "$waiter" waiter
	wait_until_waits "$waiter"
}

@test "a victim repeats, threads, forks, and reports what it is asked" {
	run_plain victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'repeat 2' 'exec a INSERT INTO t VALUES(1)' 'end' \
		'threads 1' 'open b%t t.db' 'exec b%t SELECT count(*) FROM t' 'close b%t' 'end' 'fork' 'exit 3' 'end' \
		'changes a' 'rowid a'
	expect $'open 0\nexec 0\nexec 0\nexec 0\nopen 0\n2\nexec 0\nclose 0\nfork 3\nchanges 1\nrowid 2'
}

@test "a victim prepares text that ends where memory ends" {
	run_plain victim 'open a t.db' 'prepare a s v2 length SELECT 1; SELECT 2' 'step s' 'sql s' 'finalize s' \
		'prepare a s 16_v3 length+NUL SELECT 3' 'step s' 'finalize s' 'prepare a s v1 5 /* */' 'finalize s'
	expect $'open 0\nprepare 0 tail 9\n1\nstep 100\nsql SELECT 1;\nfinalize 0\nprepare 0 tail 16\n3\nstep 100\nfinalize 0\nprepare 0 tail 5 empty\nfinalize 0'
}

@test "a victim refuses a line it does not know" {
	run_plain 64 victim 'opne a t.db'
}

@test "report prints one value of each line" {
	printf '%s\n' '{"a":{"b":1},"c":"x"}' '{"c":null}' >r.json
	run_app python3 "$root/tests/harness/report.py" r.json c
	expect $'x\nnull'
	run_app python3 "$root/tests/harness/report.py" r.json a b
	expect $'1\nmissing'
}

@test "suites runs tests at the same time where there is GNU parallel, or one after the other" {
	# not the PATH that bats gives its tests
	local clean=$root/tests/harness:/usr/local/bin:/usr/bin:/bin
	if parallel --version 2>/dev/null | grep -q "^GNU parallel"; then
		# each waits for the other
		printf '@test "it" {\n\t: >%s\n\tfor _ in {1..100}; do [[ ! -e %s ]] || return 0; sleep 0.1; done\n\treturn 1\n}\n' one two >one.bats
		printf '@test "it" {\n\t: >%s\n\tfor _ in {1..100}; do [[ ! -e %s ]] || return 0; sleep 0.1; done\n\treturn 1\n}\n' two one >two.bats
		run_app env -i HOME="$PWD" PATH="$clean" JOBS=2 suites one.bats two.bats
		[[ $(grep -c '^ok' <<<"$output") -eq 2 ]]
	fi
	# neither bears the other
	printf '@test "it" {\n\tmkdir %s/lock && sleep 0.3 && rmdir %s/lock\n}\n' "$PWD" "$PWD" | tee alone.bats >too.bats
	run_app env -i HOME="$PWD" PATH="$clean" JOBS=1 suites alone.bats too.bats
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/parallel
	chmod +x bin/parallel
	run_app env -i HOME="$PWD" PATH="$PWD/bin:$clean" JOBS=2 suites alone.bats too.bats
	[[ $(grep -c '^ok' <<<"$output") -eq 2 ]]
}

@test "suites of many tests run file by file: tests of one file never at the same time, those of two files are" {
	local clean=$root/tests/harness:/usr/local/bin:/usr/bin:/bin name other
	bats --help | grep -q -e --no-parallelize-within-files || skip "this bats knows no such option"
	parallel --version 2>/dev/null | grep -q "^GNU parallel" || skip "needs GNU parallel"
	for name in one two; do
		other=two
		[[ $name == one ]] || other=one
		# the first waits for the other file's, and neither bears one of its own file beside it
		printf '@test "it" {\n\tcd %s && mkdir lock.%s && : >%s\n\tfor _ in {1..100}; do [[ ! -e %s ]] || break; sleep 0.1; done\n\trmdir lock.%s && [[ -e %s ]]\n}\n' \
			"$PWD" $name $name $other $name $other >$name.bats
		printf '@test "again" {\n\tmkdir %s/lock.%s && sleep 0.3 && rmdir %s/lock.%s\n}\n' "$PWD" $name "$PWD" $name >>$name.bats
	done
	run_app env -i HOME="$PWD" PATH="$clean" JOBS=2 suites --by-file one.bats two.bats
	[[ $(grep -c '^ok' <<<"$output") -eq 4 ]]
	run_app any env -i HOME="$PWD" PATH="$clean" JOBS=2 suites --by-file one.bats missing.bats
	[[ $status -ne 0 ]]
}

# meeting NAME OTHER - a target that waits for the other one, and fails if that does not come.
meeting() {
	printf '%s:\n\t@echo %s begins; : >%s; for i in $$(seq 300); do [ ! -e %s ] || break; sleep 0.1; done; echo "2 passed, 0 failed"; [ -e %s ]\n' \
		"$1" "$1" "$1.here" "$2.here" "$2.here"
}

@test "count makes targets beside each other, shows each in one piece, and the last when both have ended" {
	{
		meeting left right
		meeting right left
		printf '%s\n' 'broken:' '	@sleep 0.3; echo no compiler; false' 'last:' '	@echo "1 passed, 0 failed"; [ -e left.here ] && [ -e right.here ] && [ ! -e running ]' \
			'slow:' '	@: >running; sleep 1; rm running; echo "ok 1 it"'
	} >Makefile
	run_app 1 count left broken --beside right slow --then last
	[[ ${lines[-1]} == '6 passed, 1 failed' ]]
	[[ ${lines[-2]} == 'failed: broken' ]]
	[[ ${lines[-3]} == 'took: left '*' s, broken '*' s, right '*' s, slow '*' s, last '*' s' ]]
	[[ $output == *$'== left\nleft begins\n2 passed, 0 failed\n== '* && $output == *$'== right\nright begins\n2 passed, 0 failed\n== '* ]]
	[[ $output == *$'== last\n1 passed, 0 failed\nin broken:\n  no compiler\n'* ]]
}

@test "count ends what it makes when it is ended, and leaves SIGINT to what it makes" {
	printf '%s\n' 'left:' '	@grep SigIgn /proc/self/status >ignored; echo $$$$ >pid; exec sleep 600' 'right:' '	@exec sleep 600' >Makefile
	start_plain count count left --beside right
	until [[ -s pid ]]; do sleep 0.05; done
	[[ $((16#$(awk '{ print $2 }' ignored) & 2)) -eq 0 ]]
	kill -TERM "$(pgrep -g "$started" -x count | head -n 1)"
	finish "$started" count 1
	while kill -0 "$(<pid)" 2>/dev/null; do sleep 0.05; done
}

@test "count adds up the results of the targets, and fails if one fails" {
	printf '%s\n' 'unit:' '	@echo "3 passed, 0 failed"; echo "4 passed, 1 failed, 2 skipped"; false' 'suite:' \
		'	@printf "ok 1 a\nnot ok 2 b\n\043 why\nok 3 c # skip not here\n"; false' 'silent:' '	@true' 'broken:' '	@echo no compiler; false' \
		'nested:' '	@$(root)/tests/harness/count unit silent' >Makefile
	run_app count silent
	[[ ${lines[-1]} == '1 passed, 0 failed' ]]
	run_app 1 count unit
	[[ ${lines[-1]} == '7 passed, 1 failed, 2 skipped' ]]
	run_app 1 count "root=$root" unit suite silent broken nested
	[[ ${lines[-1]} == '17 passed, 4 failed, 5 skipped' ]]
	[[ ${lines[-2]} == 'failed: unit suite broken nested' ]]
	[[ ${lines[-3]} == 'took: unit '*' s, suite '*' s, silent '*' s, broken '*' s, nested '*' s' ]]
	[[ $output == *$'\nin suite:\n  not ok 2 b\n  # why\nin broken:\n  no compiler\n'* ]]
}
