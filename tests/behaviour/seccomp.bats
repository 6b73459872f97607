# Sandboxes that kill a program for a system call that it does not make itself.
load ../harness/harness

@test "a program without SQLite that may only open, close and write opens lock files by open, open64, openat and openat64" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer makes system calls of its own"
	for run in run_plain run_shim; do
		$run sandboxed
		expect opened
		expect_quiet
	done
}

@test "a program with SQLite that warns of nothing works where poll, fchmod and rt_sigtimedwait would kill it" {
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "a sanitizer makes system calls of its own"
	calls=rt_sigpending,rt_sigtimedwait,readlinkat,fchmod,poll,ppoll
	script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(1)' 'exec a COMMIT' 'exec a SELECT x FROM t' 'close a')
	run_plain filter kill "$calls" victim "${script[@]}"
	wanted=$output
	rm t.db
	run_app filter kill "$calls" LD_PRELOAD="$preload" victim "${script[@]}"
	expect "$wanted"
}
