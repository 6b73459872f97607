# fork() at any moment: in a signal handler, beside threads, by vfork(). Nothing hangs, in programs with SQLite and without.
load ../harness/harness

twin() {
	local wanted
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer takes locks of its own in fork(), which a signal handler waits for"
	rm -rf ./*
	run_plain scenes "$1" "$2"
	wanted=$output
	[[ -n $wanted ]]
	rm -rf ./*
	run_shim scenes "$1" "$2"
	expect "$wanted"
	expect_quiet
}

both() {
	twin linked "$@"
	twin found "$@"
}

@test "a signal handler forks while the program opens files by open, open64, openat and openat64" {
	both handler_opens_files
}

@test "a signal handler forks while the program opens and closes databases" {
	both handler_opens_databases
}

@test "a signal handler forks while the program writes to databases" {
	both handler_works
}

@test "a signal handler calls vfork while the program opens and closes databases" {
	both vfork_opens_databases
}

@test "children that are forked beside threads that open files can open files" {
	both children_beside_files
	[[ $output == 'hung 0' ]]
}

@test "children that are forked beside threads that open databases can open files" {
	both children_beside_databases
	[[ $output == 'hung 0' ]]
}

@test "children of a Python program without SQLite can open a lock file while its threads do" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer takes locks of its own in fork(), and names what Python leaves"
	cat >forks.py <<-'END'
		import os, signal, threading
		def locked(): os.close(os.open('lock', os.O_RDWR | os.O_CREAT, 0o600))
		def work():
		    while True: locked()
		for i in range(2): threading.Thread(target=work, daemon=True).start()
		hung = 0
		for i in range(200):
		    pid = os.fork()
		    if pid == 0: signal.alarm(20); locked(); os._exit(0)
		    hung += os.waitpid(pid, 0)[1] != 0
		print('hung', hung, flush=True); os._exit(0)
	END
	for run in run_plain run_shim; do
		# From 3.12 on Python warns of such a fork by itself.
		$run python3 -W ignore::DeprecationWarning forks.py
		expect 'hung 0'
		expect_quiet
	done
}

@test "a child that shares its parent's memory, and has zeros for a thread's own variables, ends by _exit() as without the library" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer wants a thread's own variables"
	for run in run_plain run_shim; do
		rm -f t.db*
		$run cloned
		expect $'_exit status 7\n_Exit status 7\n_exit status 7\n_Exit status 7'
		expect_quiet
	done
}
