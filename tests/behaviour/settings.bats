# Which value holds: the operator's, the program's, or the recipe's.
load ../harness/harness

# Asks everything that a connection can be asked; asking is use, so the recipe is on.
asked=('journal_mode' 'synchronous' 'busy_timeout' 'foreign_keys' 'temp_store' 'mmap_size' 'journal_size_limit' 'cache_size' 'wal_autocheckpoint')
ask=()
for name in "${asked[@]}"; do ask+=("exec a PRAGMA $name"); done
stock='delete 2 0 0 0 0 -1 -2000 1000'
sqlite_has 3012000 || stock='delete 2 0 0 0 0 -1 2000 1000'
recipe='wal 1 30000 1 2 134217728 67108864 -20000 1000'

# The answers among the output, in one line: what is no "verb rc".
answers() {
	grep -vE '^[a-z_0-9]+ [0-9]+$' <<<"$output" | xargs
}

@test "a program that decides nothing gets the whole recipe" {
	run_plain victim 'open a t.db' "${ask[@]}"
	[[ $(answers) == "$stock" ]]
	rm -f t.db*
	run_shim victim 'open a t.db' "${ask[@]}"
	[[ $(answers) == "$recipe" ]]
	expect_quiet
}

@test "every way to open a connection gets the recipe" {
	for open in 'open a t.db' 'open16 a t.db' 'open_v2 a t.db rw,create' 'open_v2 a file:t.db rw,create,uri' 'open_v2 a t.db rw,create,nomutex'; do
		rm -f t.db*
		run_shim victim "$open" "${ask[@]}"
		[[ $(answers) == "$recipe" ]]
	done
}

@test "every way to query a setting shows the recipe" {
	for api in v1 v2 v3 16 16_v2 16_v3; do
		rm -f t.db*
		run_shim victim 'open a t.db' "prepare a s $api -1 PRAGMA journal_mode" 'step s' 'finalize s' \
			"prepare a s $api -1 PRAGMA cache_size" 'step s' 'finalize s'
		expect_line wal
		expect_line -20000
	done
	rm -f t.db*
	run_shim victim 'open a t.db' 'get_table a PRAGMA journal_mode'
	expect_line wal
}

@test "the operator's value is applied instead of the recipe's" {
	while read -r variable value pragma answer; do
		rm -f t.db*
		export "SQLPROD_$variable=$value"
		run_shim victim 'open a t.db' 'exec a SELECT 1' "exec a PRAGMA $pragma"
		expect_line "$answer"
		expect_quiet
		unset "SQLPROD_$variable"
	done <<-'END'
		JOURNAL_MODE truncate journal_mode truncate
		JOURNAL_MODE PERSIST journal_mode persist
		JOURNAL_MODE memory journal_mode memory
		JOURNAL_MODE off journal_mode off
		JOURNAL_MODE delete journal_mode delete
		SYNCHRONOUS off synchronous 0
		SYNCHRONOUS full synchronous 2
		SYNCHRONOUS extra synchronous 3
		BUSY_TIMEOUT 123 busy_timeout 123
		BUSY_TIMEOUT 0 busy_timeout 0
		FOREIGN_KEYS off foreign_keys 0
		TEMP_STORE file temp_store 1
		TEMP_STORE default temp_store 0
		MMAP_SIZE 0 mmap_size 0
		MMAP_SIZE 64K mmap_size 65536
		MMAP_SIZE 3m mmap_size 3145728
		MMAP_SIZE 1G mmap_size 1073741824
		JOURNAL_SIZE_LIMIT -1 journal_size_limit -1
		JOURNAL_SIZE_LIMIT 2M journal_size_limit 2097152
		CACHE_SIZE -500 cache_size -500
		CACHE_SIZE 700 cache_size 700
		WAL_AUTOCHECKPOINT 10 wal_autocheckpoint 10
		WAL_AUTOCHECKPOINT 0 wal_autocheckpoint 0
	END
}

@test "keep leaves a setting to the program" {
	i=0
	read -r -a stock_values <<<"$stock"
	for name in "${asked[@]}"; do
		rm -f t.db*
		export "SQLPROD_${name^^}=keep"
		run_shim victim 'open a t.db' 'exec a SELECT 1' "exec a PRAGMA $name"
		expect_line "${stock_values[i]}"
		unset "SQLPROD_${name^^}"
		i=$((i + 1))
	done
}

# What programs send, and what is asked afterwards with its answer.
decided='PRAGMA journal_mode=truncate:journal_mode:truncate
PRAGMA synchronous=0:synchronous:0
PRAGMA synchronous=EXTRA:synchronous:3
PRAGMA foreign_keys=off:foreign_keys:0
PRAGMA temp_store=1:temp_store:1
PRAGMA mmap_size=4096:mmap_size:4096
PRAGMA journal_size_limit=77:journal_size_limit:77
PRAGMA cache_size=-333:cache_size:-333
PRAGMA wal_autocheckpoint=5:wal_autocheckpoint:5
PRAGMA busy_timeout=60000:busy_timeout:60000'

@test "a setting made by the program overrides the recipe, before and after the first use" {
	while IFS=: read -r pragma name answer; do
		[[ $answer != 3 ]] || sqlite_has 3012000 || answer=1 # EXTRA was no word then
		for before in 'exec a ' 'exec a SELECT 1' 'exec a CREATE TABLE IF NOT EXISTS t(x)'; do
			rm -f t.db*
			run_shim victim 'open a t.db' "$before" "exec a $pragma" 'exec a CREATE TABLE IF NOT EXISTS u(x)' \
				'exec a BEGIN' 'exec a COMMIT' "exec a PRAGMA $name"
			[[ ${lines[-2]} == "$answer" ]]
		done
	done <<<"$decided"
}

@test "the operator's value overrides the program's, and the PRAGMA returns a result of the same kind" {
	while IFS=: read -r pragma name answer operator wanted; do
		rm -f t.db*
		run_plain victim 'open a t.db' "exec a $pragma"
		plain=${#lines[@]}
		rm -f t.db*
		export "SQLPROD_${name^^}=$operator"
		run_shim victim 'open a t.db' "exec a $pragma" "exec a PRAGMA $name"
		[[ ${lines[-2]} == "$wanted" ]]
		((${#lines[@]} == plain + 2))
		[[ $plain -eq 2 || ${lines[1]} == "$wanted" ]]
		unset "SQLPROD_${name^^}"
	done <<-'END'
		PRAGMA journal_mode=delete:journal_mode::wal:wal
		PRAGMA journal_mode=wal:journal_mode::persist:persist
		PRAGMA synchronous=OFF:synchronous::full:2
		PRAGMA temp_store=1:temp_store::memory:2
		PRAGMA mmap_size=4096:mmap_size::1M:1048576
		PRAGMA journal_size_limit=77:journal_size_limit::5K:5120
		PRAGMA cache_size=-333:cache_size::-4444:-4444
		PRAGMA wal_autocheckpoint=5:wal_autocheckpoint::9:9
		PRAGMA busy_timeout=60000:busy_timeout::250:250
		PRAGMA foreign_keys=on:foreign_keys::off:0
	END
}

@test "a PRAGMA is recognized however it is written" {
	for text in 'pragma JOURNAL_MODE ( delete )' 'PRAGMA main.journal_mode=delete' 'PRAGMA "main" . [journal_mode] = "delete"' "PRAGMA\`journal_mode\`='delete';" \
		'/* a */ PRAGMA -- b\n journal_mode/* c */=/**/DELETE -- d' ';;PRAGMA journal_mode=delete' \
		'SELECT 1; PRAGMA journal_mode=Delete; SELECT 2'; do
		for call in 'exec a' 'get_table a'; do
			rm -f t.db*
			run_shim victim 'open a t.db' "$call $text" 'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode'
			[[ ${lines[-2]} == delete ]]
		done
		[[ $text != SELECT* ]] || continue
		for api in v1 v2 16 16_v3; do
			rm -f t.db*
			run_shim victim 'open a t.db' "prepare a s $api length $text" 'step s' 'finalize s' \
				'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode'
			[[ ${lines[-2]} == delete ]]
		done
	done
}

@test "an odd value of a PRAGMA means what SQLite takes it for" {
	while read -r name values; do
		for value in $values; do
			[[ $value != 0x10 ]] || sqlite_has 3008006 || continue # it is no number there
			for run in run_plain run_shim; do
				rm -f t.db*
				$run victim 'open a t.db' "exec a PRAGMA $name=${value//_/ }" 'exec a CREATE TABLE t(x)' "exec a PRAGMA $name"
				[[ $run != run_plain ]] || wanted=$output
			done
			expect "$wanted"
		done
	done <<-'END'
		cache_size -333 -_333 +444 '555' "-66" 1e3 0 -0 0x10 x
		synchronous off 0 FULL "full" 3 4 on true no banana
		journal_mode "truncate" PERSIST Memory off wal
		foreign_keys off 0 no false "off" on 2
		temp_store file 1 default 0 3
		mmap_size 0 4096 1e6 99999999999999
		journal_size_limit 0 -1 -2 77
		wal_autocheckpoint 0 5 -1
		busy_timeout 60000
	END
}

@test "a PRAGMA for another database, or another PRAGMA, does not count as the program's setting" {
	for text in "ATTACH 'u.db' AS u; PRAGMA u.journal_mode=delete" 'PRAGMA user_version=3' "SELECT 'PRAGMA journal_mode=delete'" '-- PRAGMA journal_mode=delete' 'EXPLAIN PRAGMA journal_mode=delete'; do
		rm -f t.db*
		run_shim victim 'open a t.db' "exec a $text" "${ask[@]}"
		[[ $(outside_pragma t.db journal_mode) == wal ]]
	done
}

@test "a bad value gives one warning with variable, value and allowed values, and the recipe's value is applied" {
	while read -r variable value allowed; do
		rm -f t.db*
		export "SQLPROD_$variable=$value"
		run_shim victim 'open a t.db' 'open b t.db' "${ask[@]}"
		[[ $(answers) == "$recipe" ]]
		expect_warnings 1 "*SQLPROD_$variable*$value*$allowed*"
		unset "SQLPROD_$variable"
	done <<-'END'
		JOURNAL_MODE wall truncate
		SYNCHRONOUS 1.5 normal
		BUSY_TIMEOUT soon milliseconds
		BUSY_TIMEOUT -5 milliseconds
		FOREIGN_KEYS maybe off
		MMAP_SIZE 12T K
		CACHE_SIZE 1O0 KiB
		BEGIN deferred exclusive
		WAL_AUTOCHECKPOINT x pages
		LOG_LEVEL loud debug
	END
}

@test "an unknown SQLPROD_ variable gives a warning" {
	SQLPROD_JOURNALMODE=wal run_shim victim 'open a t.db'
	expect_warnings 1 '*SQLPROD_JOURNALMODE*'
}

@test "the environment is read once, at the start" {
	run_shim victim 'setenv SQLPROD_JOURNAL_MODE delete' 'setenv SQLPROD off' 'open a t.db' 'exec a PRAGMA journal_mode'
	expect_line wal
}

@test "SQLPROD=off passes everything through" {
	script=('open a t.db' 'exec a PRAGMA user_version' 'busy_timeout a 5' "${ask[@]}" 'prepare a s v2 -1 BEGIN' 'sql s'
		'step s')
	run_plain victim "${script[@]}"
	wanted=$output
	rm -f t.db*
	SQLPROD=off run_shim victim "${script[@]}"
	expect "$wanted"
	expect_quiet
}
