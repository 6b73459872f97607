# Handles that are opened where no hook sees it, and what a program did on a handle before we saw it: nothing of it is lost.
load ../harness/harness
load ../harness/scenes

@test "a handle that was opened out of sight keeps its TEMP tables, authorizer, busy handler, cache size and journal mode" {
	export SQLPROD_EMBEDDED=off
	twin linked adopted 's/^settings \(truncate 2 -4000 0\) .*/settings \1 134217728 67108864 0 0/'
	[[ $output == *'ATTACH '*': 23 '* && $output == *'handler called yes'* ]]
}

@test "four threads use a handle that was opened out of sight for the first time at once" {
	SQLPROD_EMBEDDED=off twin linked adopted_by_threads
	twin linked adopted_by_threads
}

@test "what a program sets in an automatic extension of its own holds, by sqlite3_open, sqlite3_open_v2 and sqlite3_open16" {
	twin linked extensions
	[[ $(grep -c '^settings truncate 3 -4000 1 0 1000 40000 0$' <<<"$output") -eq 4 ]]
}

@test "in an embedded copy what a program sets in an automatic extension of its own holds" {
	twin found extensions
}

@test "the operator overrides what an automatic extension of the program sets" {
	for way in linked found; do
		rm -rf ./*
		SQLPROD_CACHE_SIZE=-5000 SQLPROD_JOURNAL_SIZE_LIMIT=4096 run_shim scenes "$way" extensions
		[[ $output == *'settings truncate 3 -5000 1 0 4096 '* ]]
	done
}

@test "TEMP tables that an automatic extension of the program makes are there afterwards" {
	twin linked extension_tables
	twin found extension_tables
	[[ $output == *'INSERT INTO kept SELECT x FROM kept: 0 '* ]]
}

@test "callbacks that an automatic extension of the program sets see what the program does, and nothing else" {
	twin linked extension_callbacks
	twin found extension_callbacks
	[[ $output == *'seen 62'* ]]
}

# It may keep them, and use them later.
@test "an automatic extension of the program is shown no handle but the program's" {
	twin linked extension_handles
	twin found extension_handles
}

@test "an automatic extension of the program is shown no handle of ours while the program rests" {
	twin linked extension_rests
	twin found extension_rests
	[[ $output == *'own'* && $output != *another* ]]
}

@test "an automatic extension of the program is shown no handle of ours where the program copies its file while it reads" {
	twin linked extension_copies
	[[ $output == *'shown 1'* && $(observer query copy.db 'SELECT count(*) FROM t') == 2 ]]
}

@test "PRAGMA collation_list, function_list and module_list, and the memory in use after the last close, show nothing of the library" {
	sqlite_has 3030000 || skip "without PRAGMA function_list"
	twin linked traces
	twin found traces
	[[ $(grep -c 'bytes 0$' <<<"$output") -eq 3 ]]
}

@test "no memory of the library's is in use after the last close where SQLite opened an attached file" {
	twin linked attached_traces
	twin found attached_traces
	[[ $(grep -c 'bytes 0$' <<<"$output") -eq 2 ]]
}

@test "no memory of the library's is in use after the last close where that was refused at first" {
	twin linked refused_traces
	twin found refused_traces
	[[ $output == *'bytes 0' ]]
}

@test "no memory of the library's is in use after the last close of a SQLite that was linked with -Bsymbolic" {
	SQLPROD_REPORT=$scratch/report.json run_shim victim 'open a :memory:' 'exec a SELECT 1' 'close a'
	mkdir "$scratch/symbolic"
	python3 "$root/tests/harness/symbolic.py" "$(report "$scratch/report.json" sqlite library)" "$scratch/symbolic/libsqlite3.so.0"
	export LD_LIBRARY_PATH=$scratch/symbolic
	twin linked attached_traces
	[[ $(grep -c 'bytes 0$' <<<"$output") -eq 2 ]]
	sqlite_has 3030000 || return 0
	twin linked traces
	[[ $(grep -c 'bytes 0$' <<<"$output") -eq 3 ]]
}
