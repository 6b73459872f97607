# harness.bash - what the suites share: running programs with and without the library, and looking from outside.
#
# Only the program under test is preloaded, never bats or the commands that look. Times out, so that a deadlock is a failure;
# no test says how long something takes. Works with any bats from 1.2 on.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$root/$build
shim=$build/libsqlprod.so
# A sanitizer's runtime has to be loaded before the library it checks.
preload=${SANITIZER_RUNTIME:+$SANITIZER_RUNTIME:}$shim
PATH=$build/programs:$root/tests/harness:$PATH
# GNU's, where the system has them by other names: Ubuntu 26.04's own take no argument that is no UTF-8.
gnu_timeout=$(command -v gnutimeout || echo timeout)
gnu_env=$(command -v gnuenv || echo env)

# A place of its own for each test, and no variable of ours from outside.
setup() {
	unset LD_PRELOAD "${!SQLPROD@}"
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/sqlprod-test.XXXXXX")
	mkdir "$scratch/work"
	cd "$scratch/work" || return 1
	background=()
	trace_suite
}

teardown() {
	local pid
	for pid in ${background[@]+"${background[@]}"}; do
		[[ -n $pid ]] || continue
		kill -KILL -- "-$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	cd / && rm -rf "$scratch"
}

# trace_suite - lets bats note which line runs in the suite's own functions, but not in the harness' that they call: for each command there
# it takes more processor time than the command, a third of all. What fails there says why, and bats shows who called it.
trace_suite() {
	# bats 1.2 would show the line before
	[[ ${BATS_DEBUG_EXCLUDE_PATHS+set} ]] || return 0
	set +T
	# shellcheck disable=SC2046,SC2086 # lists of names
	declare -ft $(compgen -A function)
	# shellcheck disable=SC2086
	declare -f +t $harness_functions
}

# in_memory - moves the test to a place in memory, where no commit waits for a disk: a twin's 200,000 would do so for half an hour.
in_memory() {
	rm -r "$scratch"
	TMPDIR=/dev/shm setup
}

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# What an ordinary user may not do is not tried by one.
need_root() {
	[[ $EUID -eq 0 ]] || skip "needs root"
}

# sqlite_has VERSION - is the victims' SQLite of this version (3008000 for 3.8.0) or a later one? A test that is about what came with a
# version, or changed, expects of older ones what they did.
sqlite_has() {
	[[ $(victim version) -ge $1 ]]
}

# sqlite_built OPTION - was it compiled with this option (OMIT_WAL)?
sqlite_built() {
	[[ $(victim "built $1") == 'built yes' ]]
}

# That version as SQLite says it: 3.40.1
sqlite_version() {
	victim 'open a :memory:' 'exec a SELECT sqlite_version()' | sed -n 2p
}

# What SQLite says of an orphan.
orphan_refused() {
	if sqlite_has 3008000; then
		echo 'FOREIGN KEY constraint failed'
	else
		echo 'foreign key constraint failed'
	fi
}

# expect_not_decrypted - what SQLCipher says of a file that its key does not open: SQLite's older words up to 4.5, its newer ones since.
expect_not_decrypted() {
	expect_line 'exec 26 file is encrypted or is not a database' 2>/dev/null || expect_line 'exec 26 file is not a database'
}

# run_app [status] command… - runs it and expects that exit status (0; "any" for all). Leaves its standard output in $output and
# $lines, its errors in $stderr, its exit status in $status; prints all of them for bats to show if the test fails.
run_app() {
	local expected=0
	if [[ $1 == any || $1 =~ ^[0-9]+$ ]]; then
		expected=$1
		shift
	fi
	status=0
	"$gnu_timeout" --kill-after=5 "${APP_TIMEOUT:-60}" "$@" >"$scratch/stdout" 2>"$scratch/stderr" || status=$?
	output=$(<"$scratch/stdout")
	# From 4.6 on SQLCipher tells there by itself what it does not decrypt.
	sed -i -E '/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+: [A-Z]+ CORE sql(cipher|ite3C)/d' "$scratch/stderr"
	stderr=$(<"$scratch/stderr")
	mapfile -t lines <"$scratch/stdout"
	printf '$ %s\n' "$*"
	env | grep '^SQLPROD' || true
	printf '%s\n' "$output" "stderr: $stderr" "status: $status"
	[[ $expected == any || $status -eq $expected ]] || fail "expected status $expected"
}

# The same with the library, and without. Settings precede it: SQLPROD_BEGIN=keep run_shim victim …
# A test that needs another library beside the library names it in preload_also.
run_shim() {
	local expected=0
	if [[ $1 == any || $1 =~ ^[0-9]+$ ]]; then
		expected=$1
		shift
	fi
	run_app "$expected" "$gnu_env" LD_PRELOAD="$preload${preload_also:+:$preload_also}" "$@"
}

run_plain() {
	run_app "$@"
}

# start_shim NAME command… - runs it with the library in the background; its output goes to $scratch/NAME.stdout and .stderr.
# Its pid is in $started; what still runs at the end of the test is killed.
start_shim() {
	start_plain "$1" "$gnu_env" LD_PRELOAD="$preload${preload_also:+:$preload_also}" "${@:2}"
}

start_plain() {
	local name=$1
	shift
	printf '$ %s &\n' "$*"
	setsid "$gnu_timeout" --kill-after=5 "${APP_TIMEOUT:-60}" "$@" >"$scratch/$name.stdout" 2>"$scratch/$name.stderr" 3>&- &
	started=$!
	background+=("$started")
}

# finish PID NAME [status] - waits for what was started and checks its exit status; $output and $stderr as after run_app.
finish() {
	local pid=$1 name=$2 expected=${3:-0}
	status=0
	wait "$pid" || status=$?
	background=("${background[@]/#%$pid/}")
	output=$(<"$scratch/$name.stdout")
	stderr=$(<"$scratch/$name.stderr")
	printf '%s\n' "$name: $output" "stderr: $stderr" "status: $status"
	[[ $status -eq $expected ]] || fail "expected status $expected"
}

# A meeting point for a victim's line `barrier PATH`: made before it starts, met when it has arrived, left to let it go on.
barrier_make() {
	mkfifo "$1.here" "$1.go"
}

barrier_meet() {
	timeout "${APP_TIMEOUT:-60}" head -n 1 "$1.here" >/dev/null
}

barrier_leave() {
	timeout "${APP_TIMEOUT:-60}" sh -c 'echo go >"$0.go"' "$1"
}

# wait_until_waits PID - returns when the victim below that pid has gone to sleep several times, as one does that waits for a lock,
# or is gone. What it was doing meanwhile is for the test to check.
wait_until_waits() {
	local victim first now
	until victim=$(pgrep -g "$1" -x victim); do
		# not there yet, or no more
		[[ $(awk '/^State/ { print $2 }' "/proc/$1/status" 2>/dev/null) == [!Z] ]] || return 0
		sleep 0.01
	done
	first=$(awk '/^voluntary/ { print $2 }' "/proc/$victim/status" 2>/dev/null) || return 0
	while now=$(awk '/^voluntary/ { print $2 }' "/proc/$victim/status" 2>/dev/null) && [[ -n $now ]]; do
		((now - first < 3)) || return 0
		sleep 0.01
	done
}

# What a second process without the library sees of a database.
outside_pragma() {
	observer pragma "$1" "$2"
}

# held or free: could a second process write now?
outside_lock() {
	observer lock "$1"
}

# expect TEXT - the program printed exactly these lines, in this order.
expect() {
	[[ $output == "$1" ]] || fail "expected:" "$1" "got:" "$output"
}

# expect_line LINE - it printed this line, among others.
expect_line() {
	local line
	for line in "${lines[@]}"; do
		[[ $line != "$1" ]] || return 0
	done
	fail "no such line: $1"
}

expect_quiet() {
	[[ -z $stderr ]] || fail "expected nothing on stderr"
}

# expect_warnings COUNT [PATTERN] - so many lines on stderr, each matching the shell pattern.
expect_warnings() {
	local line count=0
	while IFS= read -r line; do
		[[ -n $line ]] || continue
		count=$((count + 1))
		# shellcheck disable=SC2053 # a pattern
		[[ $line == ${2:-*} ]] || {
			fail "unexpected warning: $line"
			return 1
		}
	done <<<"$stderr"
	[[ $count -eq $1 ]] || fail "expected $1 warnings, got $count"
}

# expect_same command… - prints the same without the library and with it, each on the databases that fresh_databases leaves; those of the
# shim's run stay.
expect_same() {
	local wanted
	fresh_databases
	run_plain "$@"
	wanted=$output
	fresh_databases
	run_shim "$@"
	expect "$wanted"
}

expect_same_quietly() {
	expect_same "$@"
	expect_quiet
}

# None but t.db, which $seed makes. A file of tests that wants others has its own.
fresh_databases() {
	rm -rf ./*.db*
	[[ -z ${seed-} ]] || observer query t.db "$seed" >/dev/null
}

# report FILE KEY… - one value of the report's JSON lines, one result a line: report r.json settings journal_mode got
report() {
	python3 "$root/tests/harness/report.py" "$@"
}

# The suite's come later.
harness_functions=$(compgen -A function -X 'bats_*')
