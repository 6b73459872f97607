# temp_store=MEMORY by recipe, and statements that need temporary storage as large as the data.
load ../harness/harness

data='CREATE TABLE t(a INTEGER PRIMARY KEY, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) INSERT INTO t SELECT i, randomblob(1500) FROM n'

# peak VICTIM LINE… - the most memory in MiB that the victim had, on a database of 60 MB.
peak() {
	cp data.db t.db
	SQLPROD_MMAP_SIZE=${map-0} run_app 0 env LD_PRELOAD="$preload" "$1" 'open a t.db' "${@:2}" 'self VmHWM' 'close a'
	mib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' <<<"$output")
	mib=$((mib / 1024))
	echo "peak: $mib MiB"
}

large=('exec a VACUUM' 'exec a CREATE INDEX i ON t(b)' 'exec a CREATE UNIQUE INDEX i ON t(b)' 'exec a CREATE INDEX i ON t(b); REINDEX'
	'exec a BEGIN; CREATE INDEX i ON t(b); COMMIT' 'exec a /* by night */ VACUUM;' 'get_table a VACUUM')

@test "VACUUM, CREATE INDEX and REINDEX put no database into memory" {
	observer query data.db "$data" >/dev/null
	for line in "${large[@]}"; do
		peak victim "$line"
		((mib < 55)) || fail "$line: $mib MiB"
	done
	# what it would be
	SQLPROD_TEMP_STORE=memory peak victim 'exec a VACUUM'
	((mib > 70)) || fail "the operator's memory: $mib MiB"
}

@test "a VACUUM that is kept and stepped again puts no database into memory" {
	observer query data.db "$data" >/dev/null
	peak victim 'prepare a s v2 -1 VACUUM' 'step s' 'reset s' 'exec a PRAGMA temp_store' 'exec a BEGIN; COMMIT' 'prepare a q v2 -1 PRAGMA temp_store' \
		'step q' 'finalize q' 'step s' 'finalize s'
	((mib < 55)) || fail "$mib MiB"
	[[ $(grep -cx 2 <<<"$output") == 2 ]]
}

@test "VACUUM in an embedded copy puts no database into memory" {
	[[ -x $build/embedded/victim_gcc_O2 ]] || skip "make check-embedded builds it"
	observer query data.db "$data" >/dev/null
	for line in 'exec a VACUUM' 'exec a CREATE INDEX i ON t(b)'; do
		peak "$build/embedded/victim_gcc_O2" "$line"
		((mib < 55)) || fail "$line: $mib MiB"
	done
	# not seen after a statement that ran inside of another one
	peak "$build/embedded/victim_gcc_O2" 'exec a SELECT 1' 'function a' "exec a BEGIN; UPDATE t SET a=a WHERE victim('exec a SELECT 1') AND a=1" \
		'exec a CREATE INDEX i ON t(b)' 'exec a COMMIT'
	((mib < 55)) || fail "in a transaction: $mib MiB"
}

@test "TEMP tables survive a VACUUM, and PRAGMA temp_store returns the recipe's value before and after" {
	for victim in victim "$build/embedded/victim_gcc_O2"; do
		[[ $victim == victim || -x $victim ]] || continue
		rm -f t.db*
		run_shim "$victim" 'open a t.db' 'exec a CREATE TABLE t(x); CREATE TEMP TABLE kept(x); INSERT INTO kept VALUES(5)' \
			'exec a CREATE INDEX i ON t(x)' 'exec a PRAGMA temp_store' 'exec a VACUUM' 'exec a PRAGMA temp_store' \
			'exec a PRAGMA temp_store=MEMORY' 'prepare a s v2 -1 REINDEX' 'exec a PRAGMA temp_store=2' 'step s' 'finalize s' \
			'exec a SELECT x FROM kept; PRAGMA temp_store' 'close a'
		[[ $output == *$'\n2\n'*$'\n2\n'*$'\n5\n2\nexec 0\nclose 0' ]]
	done
}

# The first connection of a process shows where SQLite keeps the setting; those after it get it without a PRAGMA.
@test "each later connection of a process has temp_store=MEMORY too, makes no temporary file, and may decide otherwise" {
	fill="CREATE TEMP TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) SELECT i, zeroblob(2000) AS b FROM n"
	files="sh ls -l /proc/\$PPID/fd | grep -c etilqs"
	script=()
	for name in a b c d; do
		script+=("open $name t.db" "exec $name PRAGMA temp_store")
		[[ $name != c ]] || script+=('exec c PRAGMA temp_store=FILE' 'exec c PRAGMA temp_store')
		script+=("exec $name PRAGMA cache_size=5; PRAGMA temp.cache_size=5; $fill" "$files" "exec $name DROP TABLE temp.big" "close $name")
	done
	for victim in victim "$build/embedded/victim_gcc_O2"; do
		[[ $victim == victim || -x $victim ]] || continue
		for run in run_plain:0:1:1 run_shim:2:0:1; do
			IFS=: read -r start value made own <<<"$run"
			rm -f t.db*
			"$start" "$victim" "${script[@]}"
			got=$(grep -E '^[0-9]+$' <<<"$output" | paste -sd' ')
			[[ $got == "$value $made $value $made $value 1 $own $value $made" ]] || fail "$victim $start: $got"
		done
	done
}

@test "VACUUM leaves no map of the file in memory, and PRAGMA mmap_size returns the recipe's value before and after" {
	local map=
	observer query data.db "$data" >/dev/null
	for victim in victim "$build/embedded/victim_gcc_O2"; do
		[[ $victim == victim || -x $victim ]] || continue
		peak "$victim" 'exec a VACUUM' 'exec a PRAGMA mmap_size'
		((mib < 55)) || fail "$mib MiB"
		expect_line 134217728
		# kept; and the file is mapped again after it
		peak "$victim" 'prepare a s v2 -1 VACUUM' 'step s' 'reset s' 'exec a PRAGMA mmap_size' 'step s' 'finalize s' 'exec a PRAGMA mmap_size' \
			'exec a SELECT sum(length(b)) FROM t'
		[[ $(grep -cx 134217728 <<<"$output") == 2 ]]
		((mib > 70)) || fail "not mapped afterwards: $mib MiB"
	done
	# an operator's map stays
	map=134217728 peak victim 'exec a VACUUM'
	((mib > 70)) || fail "the operator's map: $mib MiB"
}
