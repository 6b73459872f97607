# Where a program's SQLite comes from: linked, loaded with a plugin, twice, or not at all.
load ../harness/harness

@test "a SQLite loaded by a plugin with RTLD_LOCAL is reached" {
	for run in run_plain:free:delete run_shim:held:wal; do
		IFS=: read -r start lock mode <<<"$run"
		rm -f t.db*
		"$start" host "$build/programs/victim.so" -- 'open a t.db' 'exec a CREATE TABLE t(x)' \
			'exec a PRAGMA journal_mode' 'busy_timeout a 5' 'prepare a s 16_v2 -1 BEGIN' 'step s' 'sh observer lock t.db' \
			'finalize s' 'close a'
		expect $'open 0\nexec 0\n'"$mode"$'\nexec 0\nbusy_timeout 0\nprepare 0 tail 10\nstep 101\n'"$lock"$'\nfinalize 0\nclose 0'
	done
}

@test "a thread that the constructor of a plugin waits for may be the first to call a function" {
	for call in read open stat rename poll usleep; do
		for run in run_plain run_shim; do
			CALL=$call APP_TIMEOUT=20 $run host "$build/programs/thread_at_load.so" -- loaded
			expect "$call"$'\nloaded'
		done
	done
}

@test "a thread that a plugin's constructor or destructor waits for may be the first to use SQLite" {
	cat >unload.py <<-'PYTHON'
		import _ctypes, os, sys
		_ctypes.dlclose(_ctypes.dlopen(sys.argv[1], os.RTLD_NOW | os.RTLD_LOCAL))
	PYTHON
	export CALL=sqlite APP_TIMEOUT=20
	# that one is loaded with the program, so that its SQLite is
	for also in '' libsqlite3.so.0; do
		for run in run_plain:delete run_shim:wal; do
			rm -f t.db*
			preload_also=$also ${run%:*} host "$build/programs/thread_at_load_sqlite.so" -- loaded
			expect $'sqlite\nloaded'
			[[ $(observer query t.db 'PRAGMA journal_mode; SELECT count(*) FROM t') == "${run#*:}"$'\n1' ]]
			rm -f t.db*
			# a sanitizer's runtime, which the plugin needs, has to come with the program
			runtime=()
			[[ $run != run_plain:* || -z ${SANITIZER_RUNTIME-} ]] || runtime=("$gnu_env" "LD_PRELOAD=$SANITIZER_RUNTIME")
			UNLOADS=1 preload_also=$also ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 ${run%:*} "${runtime[@]}" /usr/bin/python3 unload.py \
				"$build/programs/thread_at_load_sqlite.so"
			expect sqlite
			[[ $(observer query t.db 'PRAGMA journal_mode; SELECT count(*) FROM t') == "${run#*:}"$'\n1' ]]
		done
	done
}

@test "two copies of SQLite in one process stay apart" {
	script=('1 open a t.db' '2 memory' '2 open a u.db' '1 exec a CREATE TABLE t(x)' '2 exec a CREATE TABLE t(x)'
		'1 exec a PRAGMA journal_mode' '2 get_table a PRAGMA journal_mode'
		'1 prepare a s v2 -1 BEGIN' '2 prepare a s v3 -1 BEGIN' '1 step s' '2 step s' '1 sh observer lock t.db'
		'2 sh observer lock u.db' '2 busy_timeout a 5' '1 busy_handler a on' '2 exec a PRAGMA busy_timeout'
		'1 finalize s' '2 finalize s' '1 close a' '1 memory' '2 memory' '2 close a' '2 memory')
	run_plain host "$build/programs/victim.so" "$build/programs/victim_copy.so" -- "${script[@]}"
	wanted=$output
	rm -f ./*.db*
	SQLPROD_REPORT=$scratch/report.json run_shim host "$build/programs/victim.so" "$build/programs/victim_copy.so" -- \
		"${script[@]}"
	expect "$(sed 's/^delete$/wal/; s/^free$/held/; s/^5$/30000/' <<<"$wanted")"
	[[ $(report "$scratch/report.json" sqlite library | xargs -n1 basename | sort | xargs) == 'libsqlcopy.so.0 libsqlite3.so.0' ]]
}

@test "the second of two copies of SQLite is reached, used alone, first or last" {
	for order in 'victim_copy.so' 'victim_copy.so victim.so' 'victim.so victim_copy.so'; do
		plugins=()
		for name in $order; do plugins+=("$build/programs/$name"); done
		for i in "${!plugins[@]}"; do
			rm -f t.db*
			run_shim host "${plugins[@]}" -- "$((i + 1)) open a t.db" "$((i + 1)) exec a CREATE TABLE t(x)" \
				"$((i + 1)) exec a BEGIN" "$((i + 1)) sh observer lock t.db" "$((i + 1)) close a" \
				"$((i + 1)) memory"
			expect $'open 0\nexec 0\nexec 0\nheld\nclose 0\nmemory unused'
		done
	done
}

@test "a program that is linked to SQLite and loads another copy with a plugin keeps both apart" {
	run_shim victim 'open a t.db' "exec a CREATE TABLE t(x)" \
		"sh env LD_PRELOAD=$preload host $build/programs/victim_copy.so -- 'open b u.db' 'exec b PRAGMA journal_mode'" \
		'exec a PRAGMA journal_mode'
	[[ $(grep -cx wal <<<"$output") -eq 2 ]]
}

@test "sqlite3_config works before the first open, as no function of SQLite was called" {
	for run in run_plain run_shim; do
		$run victim 'config serialized' 'memory' 'open a t.db' 'config serialized'
		expect $'config 0\nmemory unused\nopen 0\nconfig 21'
	done
}

@test "a handle whose opening was not seen is adopted at its first statement" {
	observer query t.db 'CREATE TABLE t(x)'
	for run in run_plain:free run_shim:held; do
		SQLPROD_BEGIN=immediate ${run%:*} victim 'open_hidden a t.db' 'exec a BEGIN' 'sh observer lock t.db' 'exec a INSERT INTO t VALUES(1)' \
			'exec a COMMIT' 'exec a SELECT count(*) FROM t' 'close a'
		expect_line "${run#*:}"
		if sqlite_has 3008007 || [[ $run == run_plain* ]]; then
			expect_quiet
		else
			expect_warnings 1 '*older than 3.8.7*'
		fi
		observer query t.db 'DELETE FROM t'
	done
	rm t.db*
	SQLPROD_REPORT=$scratch/report.json run_shim victim 'open_hidden a t.db' 'exec a CREATE TABLE t(x)' \
		'exec a PRAGMA cache_size' 'close a'
	expect_line -20000
	[[ $(report "$scratch/report.json" settings cache_size decided_by) == recipe ]]
	[[ $(report "$scratch/report.json" settings journal_mode got) == wal || $(report "$scratch/report.json" settings journal_mode reason) != null ]]
}

@test "a program without SQLite runs as before" {
	for program in true 'echo word' 'sh -c "exit 3"' 'cat /nowhere'; do
		run_plain any bash -c "exec $program"
		wanted="$status|$output|$stderr"
		run_shim any bash -c "exec $program"
		[[ "$status|$output|$stderr" == "$wanted" ]]
	done
}

@test "a program without dlsym(), as most are up to glibc 2.33, finds each function of libc that the library stands before" {
	# a name that no library has
	LC_ALL=C sed 's/\x00dlsym\x00/\x00dlsys\x00/' "$shim" >without.so
	cmp -s "$shim" without.so && fail "the library does not ask for dlsym()"
	preload=${preload%"$shim"}$PWD/without.so
	for run in run_plain run_shim; do
		mkdir -p folder/inner
		touch folder/file
		$run sh -c 'echo f*r/*; rm -r folder && echo *; perl -e "print system(q(echo word)); print qx(echo more)"; awk "{ print }" /proc/self/comm'
		expect $'folder/file folder/inner\n'"$(echo *.so)"$'\nword\n0more\nawk'
	done
}

@test "SQLite in a program's child processes is reached" {
	run_shim sh -c 'victim "open a t.db" "exec a PRAGMA journal_mode"'
	expect_line wal
	run_shim env -u LD_PRELOAD victim 'open a u.db' 'exec a PRAGMA journal_mode'
	expect_line delete
}

@test "the sqlite3 shell, which configures SQLite first, is reached" {
	run_plain sqlite3 -batch -init /dev/null t.db 'PRAGMA journal_mode; CREATE TABLE t(x); BEGIN;' '.shell observer lock t.db'
	expect_line delete
	expect_line free
	rm t.db
	run_shim sqlite3 -batch -init /dev/null t.db 'PRAGMA journal_mode; CREATE TABLE t(x); BEGIN;' \
		'.shell env -u LD_PRELOAD observer lock t.db'
	expect_line wal
	expect_line held
	expect_quiet
}

# As a program does that loads a plugin for a while, and forgets what that has open.
@test "a SQLite that is unloaded with a connection open is not called any more, and its rows are there" {
	cp "$(ldd "$build/programs/victim" | awk '/libsqlite3/ {print $3}')" one.so
	cp one.so two.so
	cat >unload.py <<-'EOF'
		import _ctypes, ctypes, os, sys
		def use(library, text, closes):
		    sqlite, db = ctypes.CDLL('./' + library), ctypes.c_void_p()
		    sqlite.sqlite3_open(b'a.db', ctypes.byref(db))
		    print(sqlite.sqlite3_exec(db, text, None, None, None), flush=True)
		    if closes: sqlite.sqlite3_close(db)
		    _ctypes.dlclose(sqlite._handle)
		use('one.so', b'CREATE TABLE t(x); INSERT INTO t VALUES(1)', True)
		use('one.so', sys.argv[1].encode(), False)
		os.system('env -u LD_PRELOAD observer query a.db "SELECT count(*) FROM t"')
		use('two.so', b'PRAGMA busy_timeout=100; SELECT count(*) FROM t', True)
		os.rename('a.db', 'b.db')
		os.close(os.open('b.db', os.O_RDONLY))
		if os.fork() == 0: os._exit(0)
		print(os.waitstatus_to_exitcode(os.wait()[1]))
	EOF
	for text in 'INSERT INTO t VALUES(2)' 'BEGIN; INSERT INTO t VALUES(2)' 'BEGIN; SELECT * FROM t'; do
		for run in run_plain run_shim; do
			rm -f ./*.db*
			# the program leaves the connection's memory behind
			ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 $run python3 unload.py "$text"
			[[ $text == BEGIN* ]] && rows=1 || rows=2
			expect $'0\n0\n'"$rows"$'\n0\n0'
			[[ $(observer query b.db 'SELECT count(*) FROM t') == "$rows" ]] || fail "$run $text"
		done
	done
}
