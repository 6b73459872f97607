# Whatever log, report and standard error lead to, the program does not notice.
load ../harness/harness

script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN; INSERT INTO t VALUES(1); COMMIT' 'exec a SELECT x FROM t' 'close a')
shown=$'open 0\nexec 0\nexec 0\n1\nexec 0\nclose 0'

# try_log_and_report PATH - as the log and as the report: the program prints what it should, does not block and gets no signal.
try_log_and_report() {
	rm -f t.db*
	APP_TIMEOUT=20 SQLPROD_LOG=$1 SQLPROD_LOG_LEVEL=debug SQLPROD_REPORT=$1 run_shim victim "${script[@]}"
	expect "$shown"
}

@test "a standard error without a reader, full, or on a terminal that stops background writers loses only the line" {
	for kind in gone full background; do
		rm -f t.db*
		SQLPROD_BUSY_TIMEOUT=soon run_app python3 "$root/tests/harness/stderr_is.py" $kind env LD_PRELOAD="$preload" \
			victim "${script[@]}"
		expect "$shown"
	done
}

@test "a program that writes to such a standard error itself is stopped" {
	run_app 141 python3 "$root/tests/harness/stderr_is.py" gone sh -c 'echo word >&2; exec echo not here'
	PATIENCE=1 run_app 78 python3 "$root/tests/harness/stderr_is.py" full sh -c 'echo word >&2'
	run_app 77 python3 "$root/tests/harness/stderr_is.py" background sh -c 'echo word >&2'
}

@test "a program's own write to a broken pipe still ends it by SIGPIPE" {
	SQLPROD_LOG_LEVEL=debug run_app 141 python3 "$root/tests/harness/stderr_is.py" gone env LD_PRELOAD="$preload" \
		sh -c 'victim "open a t.db" "exec a SELECT 1"; echo word >&2; echo not here'
	expect $'open 0\n1\nexec 0'
}

@test "RLIMIT_FSIZE reached by log or report raises no signal in the program" {
	head -c 8192 /dev/zero >full.log
	SQLPROD_LOG=full.log SQLPROD_LOG_LEVEL=debug SQLPROD_REPORT=full.log run_shim bash -c 'ulimit -f 8; exec victim "$@"' - \
		'open a :memory:' 'exec a CREATE TABLE t(x)' 'close a'
	expect $'open 0\nexec 0\nclose 0'
	[[ $(stat -c %s full.log) -eq 8192 ]]
}

@test "a log or report that is a folder, device, FIFO, socket or missing path does the program no harm" {
	mkdir folder
	mkfifo unread
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
	for path in folder unread socket /dev/null /dev/full /dev/tty /nowhere/at/all folder/ t.db/below '' . / %p/%p %; do
		try_log_and_report "$path"
	done
	[[ -d folder && -p unread && -S socket ]]
}

@test "a FIFO with a reader gets whole lines" {
	mkfifo pipe
	exec {reader}<>pipe
	SQLPROD_REPORT=pipe run_shim victim "${script[@]}"
	IFS= read -r -t 10 -u "$reader" line
	exec {reader}>&-
	jq -e '.database' <<<"$line"
}

@test "a log or report is not written through a symbolic link or to a file with several hard links" {
	printf 'precious\n' >theirs
	ln -s theirs link
	ln -s nothing dangling
	ln theirs second
	for path in link dangling second; do
		try_log_and_report "$PWD/$path"
		[[ $stderr == *"cannot write the report ("*") to $PWD/$path" ]]
	done
	[[ $(<theirs) == precious && ! -e nothing ]]
	try_log_and_report "$PWD/plain"
	[[ -s plain ]]
}

@test "a path of log or report that is too long is refused, not cut" {
	long=$PWD/$(printf 'x/../%.0s' {1..900})name
	mkdir x
	try_log_and_report "$long"
	[[ $stderr == *'File name too long'* ]]
	for length in 4090 4091 4094 4095 4096 5000; do
		path=$PWD/$(printf './%.0s' {1..2600})
		path=${path:0:length}name%p
		try_log_and_report "$path"
	done
	[[ $(ls) == $'t.db\nx' ]] || fail "$(ls)"
}

@test "a new report has mode 0600 whatever the umask, and can be appended to" {
	for mask in 0 022 077 0277 0777; do
		rm -f r l
		for _ in 1 2; do
			SQLPROD_REPORT=r SQLPROD_LOG=l SQLPROD_LOG_LEVEL=debug run_shim sh -c "umask $mask; exec victim 'open a :memory:' 'close a'"
			expect_quiet
		done
		[[ $(stat -c %a r) == 600 && $(wc -l <r) -eq 2 && $(stat -c %a l) == 6[04][04] ]]
	done
	chmod 660 r
	SQLPROD_REPORT=r run_shim victim 'open a :memory:' 'close a'
	[[ $(stat -c %a r) == 660 ]]
}

@test "a path of log or report may hold a newline" {
	mkdir $'new\nline'
	SQLPROD_LOG=$'new\nline/lo\ng' SQLPROD_REPORT=$'new\nline/r\e' SQLPROD_LOG_LEVEL=debug run_shim victim "${script[@]}"
	[[ -s $'new\nline/lo\ng' && -s $'new\nline/r\e' ]]
	expect_quiet
}

@test "log and report survive being moved, emptied and removed while the program runs" {
	mkdir folder
	SQLPROD_REPORT=folder/r SQLPROD_LOG=folder/l SQLPROD_LOG_LEVEL=debug run_shim victim 'open a :memory:' 'close a' \
		'sh mv folder/r folder/r.1; mv folder/l folder/l.1' 'open a :memory:' 'close a' 'sh : >folder/r; : >folder/l' \
		'open a :memory:' 'close a' 'sh rm -r folder' 'open a :memory:' 'close a' 'sh mkdir folder' 'open a :memory:' 'close a'
	[[ $(wc -l <folder/r) -eq 1 && -s folder/l ]]
	expect_line 'close 0'
	[[ $stderr == *'cannot write the report (No such file or directory) to folder/r'* ]]
}

@test "many processes and threads append whole lines" {
	export SQLPROD_REPORT=$scratch/r SQLPROD_LOG=$scratch/l SQLPROD_LOG_LEVEL=debug
	for n in 1 2 3 4; do
		start_shim "$n" victim quiet 'threads 8' 'repeat 20' 'open a%t :memory:' 'exec a%t SELECT 1' 'close a%t' end end
		pids[n]=$started
	done
	for n in 1 2 3 4; do
		finish "${pids[n]}" "$n"
	done
	[[ $(jq -c .database "$scratch/r" | wc -l) -eq 640 && $(wc -l <"$scratch/r") -eq 640 ]]
	! grep -v '^sqlprod: ' "$scratch/l" || fail "torn lines"
}
