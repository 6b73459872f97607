# One program with the amalgamation inside, built in many ways: embedded copies opens in each. Built by make embedded-programs.
load ../harness/harness
load ../harness/reached

# of_each_way COMPILER COMMAND… - the command for each way of building by that compiler, with the program's name after it.
of_each_way() {
	local way
	for way in O0 O2 Os lto unit cet nopie pie stripped ssp; do
		rm -f ./*.db*
		"${@:2}" "victim_$1_$way"
	done
}

locked_out() {
	reached 'embedded copy' run_plain run_shim "$build/embedded/$1"
	[[ $(report "$scratch/report.json" sqlite library) == "$build/embedded/$1" ]]
}

left_alone() {
	SQLPROD_EMBEDDED=off run_shim "$build/embedded/$1" "${script[@]}"
	expect "$defaults"
}

@test "after BEGIN a second process is locked out, and the settings are in force, however gcc built the program" {
	of_each_way gcc locked_out
}

@test "after BEGIN a second process is locked out, and the settings are in force, however clang built the program" {
	of_each_way clang locked_out
}

@test "SQLPROD_EMBEDDED=off leaves embedded copies alone" {
	of_each_way gcc left_alone
}

@test "an embedded SQLite before 3.14, whose BEGIN cannot be seen, does not get WAL, and the report says why" {
	script=('CREATE TABLE t(x)' 'BEGIN' lock 'INSERT INTO t VALUES(1)' 'COMMIT' 'PRAGMA journal_mode' 'PRAGMA busy_timeout'
		'PRAGMA temp_store')
	for name in new.db there.db; do
		[[ $name == new.db ]] || observer query "$name" 'CREATE TABLE other(x)'
		run_plain "$build/embedded/old" "plain-$name" "${script[@]}"
		expect $'free\ndelete\n0\n0\n3.8.9 0'
		SQLPROD_REPORT=$scratch/report.json run_shim "$build/embedded/old" "$name" "${script[@]}"
		expect $'free\ndelete\n30000\n2\n3.8.9 0'
		expect_quiet
	done
	[[ $(report "$scratch/report.json" begins_rewritten) == $'0\n0' ]]
	[[ $(report "$scratch/report.json" settings journal_mode reason | head -n 1) == *'no trace callback'* ]]
	[[ $(report "$scratch/report.json" settings journal_mode reason | tail -n 1) == 'BEGIN cannot be upgraded'* ]]
	[[ $(report "$scratch/report.json" begins_not_upgraded | grep -c 'no trace callback') == 2 ]]
}

@test "two copies in one large program that is not position-independent are each found near the code that opens their files" {
	run_plain "$build/embedded/two" t.db u.db
	expect $'free\nfree\nfree\nfree'
	SQLPROD_BEGIN=immediate SQLPROD_LOG_LEVEL=debug run_shim "$build/embedded/two" t.db u.db
	expect $'held\nheld\nheld\nheld'
	[[ $(grep -c 'SQLite 3.50.4 found near the code' <<<"$stderr") == 2 ]]
	[[ $stderr != *'in all that may hold it'* ]]
}

@test "a table found near the code that opens a file stays doubtful until its SQLite opens a connection" {
	run_plain "$build/embedded/doubt"
	expect right
}

@test "a file is opened as without the library at the very end of a stack, with another library interposing open() too" {
	run_plain "$build/embedded/edge"
	expect $'opened 1\nopened 1\nopened 1'
	preload="$build/embedded/interposer.so:$preload" run_shim "$build/embedded/edge"
	expect $'opened 1\nopened 1\nopened 1'
	expect_quiet
}
