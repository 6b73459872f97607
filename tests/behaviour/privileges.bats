# Programs that gain or lose privileges, and logs and reports in places that others rule.
load ../harness/harness

# Python frees little at its end, and who looks for leaks needs a process more: leaks are looked for elsewhere.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

script=('open a t.db' 'exec a CREATE TABLE IF NOT EXISTS t(x)' 'exec a BEGIN; INSERT INTO t VALUES(1); COMMIT' 'exec a SELECT count(*) FROM t')
shown=$'open 0\nexec 0\nexec 0\n1\nexec 0'

# Another user, who may enter the scratch folder and write to the folder of the test.
nobody=(as-nobody)

let_nobody_in() {
	chmod 755 "$scratch"
	chmod 777 "$scratch/work"
}

# expect_unwritable FILE REASON - the program noticed nothing; there is one warning.
expect_unwritable() {
	expect_warnings 1 "sqlprod: cannot write the report ($2) to $1"
}

@test "a program that drops its privileges works, and writes its report as the new user" {
	need_root
	let_nobody_in
	mkdir ours theirs
	chmod 700 ours
	chown 65534 theirs
	for folder in ours theirs; do
		rm -f t.db*
		SQLPROD_REPORT=$PWD/$folder/r run_shim victim "${script[@]}" 'setuid 65534' 'close a'
		expect "$shown"$'\nclose 0'
		[[ $folder == theirs ]] || expect_unwritable "$PWD/ours/r" 'Permission denied'
	done
	[[ $(stat -c '%u %a' theirs/r) == '65534 600' && -z $(ls ours) ]]
	jq -e '.database' theirs/r
}

@test "a report that exists already keeps its owner" {
	need_root
	let_nobody_in
	SQLPROD_REPORT=$PWD/r run_shim victim 'open b :memory:' 'close b' "${script[@]}" 'setuid 65534' 'close a'
	expect $'open 0\nclose 0\n'"$shown"$'\nclose 0'
	expect_unwritable "$PWD/r" 'Permission denied'
	[[ $(stat -c '%u %a' r) == '0 600' && $(wc -l <r) -eq 1 ]]
}

@test "in a folder with the sticky bit, a file or FIFO of another user is not written to where the system protects it" {
	need_root
	mkdir -m 1777 shared
	: >shared/regular
	mkfifo shared/fifos
	chmod 666 shared/*
	exec {reader}<>shared/fifos
	chown 65534:65534 shared/*
	for name in regular fifos; do
		rm -f t.db*
		SQLPROD_REPORT=$PWD/shared/$name run_shim victim "${script[@]}" 'close a'
		expect "$shown"$'\nclose 0'
		if [[ $(<"/proc/sys/fs/protected_$name") -gt 0 ]]; then
			expect_unwritable "$PWD/shared/$name" 'Permission denied'
			[[ ! -s shared/$name ]]
		else
			expect_quiet
		fi
	done
	exec {reader}>&-
}

@test "a file that belongs to another user is left alone" {
	need_root
	let_nobody_in
	printf 'precious\n' >root.log
	chmod 600 root.log
	SQLPROD_REPORT=$PWD/root.log run_app "${nobody[@]}" env LD_PRELOAD="$preload" victim "${script[@]}" 'close a'
	expect "$shown"$'\nclose 0'
	expect_unwritable "$PWD/root.log" 'Permission denied'
	[[ $(<root.log) == precious ]]
}

# A program that goes into a chroot(2) with its database open, and closes it there.
jailed='
import os, sqlite3
db = sqlite3.connect("t.db")
db.execute("CREATE TABLE IF NOT EXISTS t(x)")
db.execute("INSERT INTO t VALUES(1)")
db.commit()
os.chroot("jail")
os.chdir("/")
print(db.execute("SELECT count(*) FROM t").fetchone())
db.close()'

@test "a program in a chroot writes its report inside if the folder exists, and works in any case" {
	need_root
	mkdir -p jail
	for report in "$PWD/r" r; do
		rm -rf t.db* jail/*
		SQLPROD_REPORT=$report run_shim python3 -c "$jailed"
		expect '(1,)'
		expect_unwritable "$report" 'No such file or directory'
		[[ ! -e r ]]
		rm -f t.db*
		mkdir -p "jail$PWD"
		SQLPROD_REPORT=$report run_shim python3 -c "$jailed"
		expect '(1,)'
		expect_quiet
		jq -e '.settings.journal_mode.got == "wal"' "jail$PWD/r"
	done
	rm -f t.db*
	run_plain python3 -c "$jailed"
	expect '(1,)'
}

# in_small_disk command… - with a disk of 64 KiB at ./disk.
in_small_disk() {
	mkdir disk
	run_app unshare --mount --propagation private bash -c 'mount -t tmpfs -o size=64k none disk && exec "$@"' - "$@"
}

@test "a full disk loses lines of log and report, gives one warning, and tears no later line" {
	need_root
	# shellcheck disable=SC2016 # for the shell that is started
	in_small_disk bash -c '
		export SQLPROD_REPORT=disk/r SQLPROD_LOG=disk/l
		# so that half a line fits into the page
		head -c 3500 /dev/zero | tr "\0" "\n" >disk/r
		head -c 100000 /dev/zero >disk/ballast 2>/dev/null
		LD_PRELOAD=$0 victim "$@" "open b :memory:" "close b" "sh rm disk/ballast" "close a"
		tail -c +3501 disk/r >r' "$preload" "${script[@]}"
	expect "$shown"$'\nopen 0\nclose 0\nclose 0'
	expect_unwritable disk/r 'No space left on device'
	[[ $(jq -rR 'fromjson? | .database' r) == "$PWD/t.db" ]]
}

@test "log lines that a full disk does not take go to standard error" {
	need_root
	# shellcheck disable=SC2016
	in_small_disk bash -c 'head -c 100000 /dev/zero >disk/ballast 2>/dev/null
		SQLPROD_LOG=$PWD/disk/l SQLPROD_BUSY_TIMEOUT=soon LD_PRELOAD=$0 victim "$@"' "$preload" "${script[@]}" 'close a'
	expect "$shown"$'\nclose 0'
	expect_warnings 1 'sqlprod: SQLPROD_BUSY_TIMEOUT="soon" is not understood*'
}

# preloaded_everywhere MODE command… - ./program is victim with these mode bits, after that command on it; nobody runs it, in a mount
# namespace where every process loads the library, with log and report.
preloaded_everywhere() {
	cp "$build/programs/victim" program
	"${@:2}" program
	chmod "$1" program
	cp "$shim" "$scratch/libsqlprod.so"
	let_nobody_in
	mkdir -p "$scratch/layers"
	# shellcheck disable=SC2016
	run_app unshare --mount --propagation private bash -c '
		mount -t tmpfs none "$0/layers" && mkdir "$0/layers/upper" "$0/layers/work" &&
			mount -t overlay -o "lowerdir=/etc,upperdir=$0/layers/upper,workdir=$0/layers/work" none /etc &&
			echo "$0/libsqlprod.so" >/etc/ld.so.preload &&
			exec setpriv --reuid 65534 --regid 65534 --clear-groups env SQLPROD_REPORT="$PWD/r" SQLPROD_LOG="$PWD/l" \
				SQLPROD_LOG_LEVEL=debug SQLPROD_BUSY_TIMEOUT=soon ./program "$@"' "$scratch" "${script[@]}" 'exec a PRAGMA busy_timeout' 'close a'
}

@test "a program that gains privileges is left alone, and writes neither warning, log nor report" {
	need_root
	[[ -z ${SANITIZER_RUNTIME-} ]] || skip "the sanitizer's runtime would have to be there too"
	for gains in '755 chown 0:0' '4755 chown 0:0' '2755 chown 0:0' '755 setcap cap_net_raw+ep'; do
		rm -f t.db* r l program
		[[ $gains != *setcap* ]] || PATH=$PATH:/usr/sbin command -v setcap || continue
		# shellcheck disable=SC2086 # words
		PATH=$PATH:/usr/sbin preloaded_everywhere $gains
		expect_quiet
		if [[ $gains == '755 chown'* ]]; then
			expect "$shown"$'\n30000\nexec 0\nclose 0'
			[[ -s r && -s l ]]
		else
			expect "$shown"$'\n0\nexec 0\nclose 0'
			[[ ! -e r && ! -e l && $(outside_pragma t.db journal_mode) == delete ]]
		fi
	done
}

@test "a user at the limit of processes gets the recipe" {
	need_root
	let_nobody_in
	for how in SQLPROD=on "LD_PRELOAD=$preload"; do
		rm -f t.db*
		run_app "${nobody[@]}" prlimit --nproc=0 env "$how" victim "${script[@]}" 'close a'
		expect "$shown"$'\nclose 0'
		expect_quiet
		[[ $how == SQLPROD* || $(outside_pragma t.db journal_mode) == wal ]]
	done
}

# A program whose memory can never become executable, from its first instruction on: 65 sets that, 66 asks.
sealed='
import ctypes, os, sys
libc = ctypes.CDLL(None)
if sys.argv[1] == "ask":
    print("sealed", libc.prctl(66, 0, 0, 0, 0))
else:
    libc.prctl(65, 1, 0, 0, 0)
    os.execvp(sys.argv[1], sys.argv[1:])'

@test "a program that must not make memory executable gets the recipe" {
	run_plain python3 -c "$sealed" python3 -c "$sealed" ask
	[[ $output == 'sealed 1' ]] || skip "this kernel cannot forbid it"
	run_plain python3 -c "$sealed" env LD_PRELOAD="$preload" victim "${script[@]}" 'close a'
	expect "$shown"$'\nclose 0'
	expect_quiet
	[[ $(outside_pragma t.db journal_mode) == wal ]]
}

@test "a program that drops its privileges or enters a chroot after it has opened a database can read it" {
	need_root
	let_nobody_in
	cat >leave.py <<-'EOF'
		import os, sqlite3, sys
		c = sqlite3.connect('d/a.db', isolation_level=None)
		if sys.argv[2] == 'daemon' and os.fork(): os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
		{'chroot': lambda: os.chroot('empty'), 'setuid': lambda: os.setuid(65534), 'seteuid': lambda: os.seteuid(65534),
		 'setreuid': lambda: os.setreuid(65534, 65534), 'setresuid': lambda: os.setresuid(65534, 65534, 65534),
		 'folder': lambda: os.rename('d', 'e')}[sys.argv[1]]()
		print(c.execute('select count(*) from t').fetchone()[0])
		c.execute('begin'); print(c.execute('select count(*) from t').fetchone()[0]); c.execute('commit')
	EOF
	for way in chroot setuid seteuid setreuid setresuid folder; do
		for as in itself daemon; do
			for run in run_plain run_shim; do
				rm -rf d e empty && mkdir d empty
				$run victim 'open a d/a.db' 'exec a CREATE TABLE t(x); INSERT INTO t VALUES(1)' 'close a'
				$run python3 leave.py $way $as
				expect $'1\n1'
			done
		done
	done
}
