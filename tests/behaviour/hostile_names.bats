# Databases and programs of any name: the report stays JSON, the log one line a message, and a terminal shows both without obeying.
load ../harness/harness

# Python and bash free little at their end: leaks are looked for elsewhere.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

# Names are made of bytes; victim's lines are text, so databases are opened by Python.
open_databases() {
	SQLPROD_LOG=$scratch/log SQLPROD_LOG_LEVEL=debug SQLPROD_REPORT=$scratch/report.json run_shim python3 -c '
import os, sqlite3, sys
for name in sys.stdin.buffer.read().split(b"\0")[:-1]:
    db = sqlite3.connect(os.fsdecode(name))
    db.execute("CREATE TABLE t(x)")
    db.execute("INSERT INTO t VALUES(1)")
    db.commit()
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",), name
    db.close()
'
}

expect_harmless() {
	# C0 and C1 controls, as bytes and as UTF-8; line separators; marks that change the direction of text
	! LC_ALL=C grep -aP '[\x00-\x08\x0b-\x1f\x7f]|(?<![\xc2-\xf4\x80-\xbf])[\x80-\xbf]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]' "$1" ||
		fail "$1 has what a terminal obeys"
	iconv -f UTF-8 -t UTF-8 <"$1" >/dev/null
}

@test "a database's name may hold any byte" {
	for ((byte = 1; byte < 256; byte++)); do
		# shellcheck disable=SC2059 # an escape
		((byte == 47)) || printf "name\\x$(printf %02x $byte)end\\0"
	done >names
	open_databases <names
	[[ $(wc -l <"$scratch/report.json") -eq 254 && $(grep -c '^sqlprod: opened .* with SQLite' "$scratch/log") -eq 254 ]]
	jq -es 'length == 254 and all(.database | startswith("/"))' "$scratch/report.json"
	expect_harmless "$scratch/report.json"
	expect_harmless "$scratch/log"
	# what is ASCII comes back as it was
	jq -j '.database | sub(".*/name"; "") | . + "\u0000"' "$scratch/report.json" | head -c 630 >got
	for ((byte = 1; byte < 128; byte++)); do
		# shellcheck disable=SC2059 # an escape
		((byte == 47)) || printf "\\x$(printf %02x $byte)end\\0"
	done | cmp - got
}

@test "names with terminal escapes, quotes, backslashes, broken UTF-8 or forged log lines are neutralized" {
	printf '%s\0' $'\e[31mred\e[0m' $'\e]0;title\a' $'a\nsqlprod: DANGER' $'"},{"pid":1}' 'back\slash\u0041\x' "it's \$(reboot)\`id\`" \
		$'\xc2\x9b31m' $'\xe2\x80\xaeevil' $'\xe2\x80\xa8' $'\xff\xfe' $'\xc0\xaf' $'\xed\xa0\x80' $'\xf4\x90\x80\x80' $'\xc3' \
		$'\xf0\x9f\x98' $'\xf0\x9f\x98\x80' '%s%n%p' ' ' $'\t' '-rf' '*' '~' $'tail\r' '{}' 'null' >names
	open_databases <names
	count=$(tr -cd '\0' <names | wc -c)
	jq -es "length == $count and all(.pid > 1)" "$scratch/report.json"
	[[ $(wc -l <"$scratch/report.json") -eq $count && $(grep -c '^sqlprod: opened ' "$scratch/log") -eq $count ]]
	! grep -v '^sqlprod: ' "$scratch/log" || fail "a name made a line of its own"
	! grep '^sqlprod: DANGER' "$scratch/log" || fail "a name made a line of its own"
	expect_harmless "$scratch/report.json"
	expect_harmless "$scratch/log"
}

@test "names may be as long as the system allows" {
	SQLPROD_LOG=$scratch/log SQLPROD_LOG_LEVEL=debug SQLPROD_REPORT=$scratch/report.json run_shim python3 -c '
import os, sqlite3
part = "\u00e9" * 120
# SQLite itself goes to 512 bytes
while len(os.fsencode(os.getcwd())) < 180:
    os.mkdir(part[:40]), os.chdir(part[:40])
for length in range(1, 120):
    try:
        db = sqlite3.connect(("\u00e9" * length))
        db.execute("CREATE TABLE t(x)")
        db.close()
    except sqlite3.OperationalError:
        break
print("last", length)
for name in ("x" * 4000, "x/" * 2047 + "x", "\u00e9" * 4000):
    try:
        sqlite3.connect(name).execute("CREATE TABLE t(x)")
        raise SystemExit("opened")
    except sqlite3.OperationalError as error:
        print(error)
'
	jq -es 'length > 10 and all(.database | startswith("/"))' "$scratch/report.json"
	[[ $(wc -L <"$scratch/log") -lt 2048 ]]
	expect_harmless "$scratch/log"
}

@test "programs may have any name, be deleted, or have no name" {
	export SQLPROD_REPORT=$scratch/report.json SQLPROD_LOG=$scratch/log SQLPROD_LOG_LEVEL=debug SQLPROD_SKIP_PROGRAMS='[,\,*nobody*'
	for name in $'\e[31m"\\\n\xff' '' '-' '/' 'a/b/' '%s%n' "$(printf 'x%.0s' {1..4000})"; do
		# not as an argument: Ubuntu 26.04's env and timeout take none that is no UTF-8
		# shellcheck disable=SC2016 # for the shell that is started
		NAME=$name run_shim bash -c 'exec -a "$NAME" victim "open a t.db" "close a"'
		expect $'open 0\nclose 0'
	done
	cp "$build/programs/victim" $'vic\n"tim'
	run_shim sh -c 'exec "./vic
\"tim" "sh rm vic*" "open a t.db" "close a"'
	expect $'open 0\nclose 0'
	jq -es 'length == 8 and (last.program == "vic\n\"tim")' "$SQLPROD_REPORT"
	expect_harmless "$SQLPROD_REPORT"
	expect_quiet
}

@test "a program that overwrites its arguments still has a line of valid JSON" {
	SQLPROD_REPORT=$scratch/report.json run_shim python3 -c '
import ctypes, sqlite3
start = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[45])
ctypes.memset(start, 0xff, 6)
sqlite3.connect("t.db").execute("CREATE TABLE t(x)")
'
	jq -e .program "$scratch/report.json"
}
