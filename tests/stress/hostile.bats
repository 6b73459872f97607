# Hostile input, at length. HOSTILE_ENVIRONMENTS, HOSTILE_PROGRAMS and HOSTILE_DATABASES choose how many, HOSTILE_SEED which.
load ../harness/harness

seed=${HOSTILE_SEED:-1}
hostile=$build/hostile
script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN; INSERT INTO t VALUES(1); COMMIT' 'exec a SELECT x FROM t' 'close a')

@test "random environments do not change the program, and each bad value gives one harmless line" {
	APP_TIMEOUT=3600 run_app python3 "$BATS_TEST_DIRNAME/hostile/environment.py" "$seed" "${HOSTILE_ENVIRONMENTS:-2000}" "$hostile/launch" \
		"$build/programs/victim" "$shim"
	echo "# $output" >&3
}

# expect_same_programs FIRST COUNT - without and with the library, all that the calls return and all that the databases hold is the same.
expect_same_programs() {
	mkdir plain shim
	(cd plain && timeout 3600 "$hostile/differential" "$1" "$2" >../plain.sums)
	(cd shim && LD_PRELOAD=$preload timeout 3600 "$hostile/differential" "$1" "$2" >../shim.sums 2>../shim.errors)
	! grep -v 'foreign_keys left off' shim.errors || fail "warned"
	diff plain.sums shim.sums >differing || fail "$(head -n 20 differing)" "differential SEED 1 v shows one"
	rm -r plain shim
}

@test "random programs get the same codes, messages, rows, tails and databases" {
	in_memory
	expect_same_programs "$seed" "${HOSTILE_PROGRAMS:-20000}"
	echo "# $(awk '{ n += $3 } END { print NR " programs, " n " statements" }' plain.sums)" >&3
}

@test "statements of hundreds of megabytes, and a million in one text, work" {
	for kind in comment:300 blanks:300 line:300 string:300 open:300 tail:300 semicolons:100 statements:9; do
		for call in exec table prepare prepare16; do
			# a table of a million rows; and UTF-16 is twice as large
			[[ $call:$kind != table:statements* && $call:$kind != prepare16:[!c]* ]] || continue
			rm -f t.db*
			APP_TIMEOUT=600 run_plain "$hostile/huge" "${kind%:*}" "${kind#*:}" $call
			wanted=$output
			rm -f t.db*
			APP_TIMEOUT=600 run_shim "$hostile/huge" "${kind%:*}" "${kind#*:}" $call
			expect "$wanted"
		done
	done
}

@test "a program without standard streams gets no file of the library in their place" {
	SQLPROD_REPORT=r SQLPROD_LOG=l SQLPROD_LOG_LEVEL=debug run_shim strace -f -qq -e trace=open,openat,write,fcntl,dup,dup2 -o calls \
		sh -c 'exec victim "open a :memory:" "close a" 0<&- 1>&- 2>&-'
	[[ -s r && -s l ]]
	! grep -E '^[0-9]+ +write\([0-2], "(sqlprod|\{)' calls || fail "written to a standard stream"
}

@test "no descriptor of the library reaches a child process" {
	SQLPROD_REPORT=r SQLPROD_LOG=l SQLPROD_LOG_LEVEL=debug run_shim strace -f -qq -e trace=open,openat -o calls victim "${script[@]}"
	grep -E 'openat?\(.*/[rl]"' calls >ours
	[[ $(wc -l <ours) -ge 2 ]]
	! grep -v O_CLOEXEC ours || fail "without O_CLOEXEC"
}

@test "sqlprod describes random databases, and does not change them" {
	APP_TIMEOUT=3600 run_app python3 "$BATS_TEST_DIRNAME/hostile/headers.py" "$seed" "${HOSTILE_DATABASES:-300}" "$build/sqlprod"
	echo "# $output" >&3
}
