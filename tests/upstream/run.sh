#!/bin/bash
# run.sh LIBRARY FOLDER SUITE... - runs other people's tests without the library and with it, and compares them by name.
#
# Each SUITE.sh here is sourced and defines fetch, which leaves sources and programs in the current folder, version, which prints what they
# are the tests of, and run, which runs them in an empty current folder by "victim COMMAND...", $home being the folder of fetch, and prints
# "pass NAME", "fail NAME" or "skip NAME" for each. Both runs' outcomes stay in FOLDER/SUITE. Exits 1 unless exactly the tests that
# expected/SUITE.tsv names (NAME, tab, REASON) end differently with the library, and the library was seen at work.
# shellcheck disable=SC2317 # the suites call these
set -eu
# Debian's, for sources that have to fit what is installed.
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
export release
here=$(dirname "$(realpath "$0")")
library=$(realpath "$1")
mkdir -p "$2"
top=$(realpath "$2")
shift 2
unset LD_PRELOAD "${!SQLPROD@}"

# Only the program under test is preloaded. What it prints goes to the file out.
victim() {
	env "${served[@]}" timeout --kill-after=5 "${VICTIM_TIMEOUT:-3600}" "$@" >out 2>&1 </dev/null
}

# once NAME COMMAND... - what fetching a suite once is enough for.
once() {
	[[ ! -e done-$1 ]] || return 0
	echo "${home##*/}: $1" >&2
	log=$PWD/$1.log
	"${@:2}" >"$log" 2>&1
	log=
	touch "done-$1"
}

# python_with_sdist NAME==VERSION PACKAGE... - this package of PyPI and the others, in venv; and its sdist, unpacked in source: its tests are
# in no other.
python_with_sdist() {
	local name=${1%%==*}
	/usr/bin/python3 -m venv venv
	venv/bin/pip install -q "$@"
	venv/bin/pip download -q --no-deps --no-binary "$name" "$1"
	mkdir -p source
	tar -xf "$name"-*.tar.gz -C source --strip-components=1
}

# run_once SUITE WAY [VARIABLE=value...] - all tests of it once, in a folder of their own; the outcomes go to a file named after the way.
run_once() {
	way=$2
	served=("${@:3}")
	mkdir "$scratch/work" "$scratch/tmp"
	(cd "$scratch/work" && TMPDIR=$scratch/tmp && export TMPDIR && run) | LC_ALL=C sort -u >"$home/$way" || true
	rm -rf "${scratch:?}"/*
}

# A test that is several times there, or in several ways, has the worst outcome.
outcomes() {
	LC_ALL=C awk '{ outcome = $1; sub(/^[a-z]+ /, "") }
		!($0 in worst) || outcome == "fail" || (outcome == "pass" && worst[$0] == "skip") { worst[$0] = outcome }
		END { for (name in worst) print name "\t" worst[name] }' "$home/$1" | LC_ALL=C sort -t '	' -k1,1
}

# What differs: NAME, tab, outcomes without and with.
differences() {
	LC_ALL=C join -t '	' -a 1 -a 2 -e missing -o 0,1.2,2.2 <(outcomes without) <(outcomes with) | awk -F '\t' '$2 != $3'
}

# What is not as expected: "+NAME" differs and is not in the list, "-NAME" is in the list and does not. A name there may be a pattern. Of a
# suite that takes ONLY, the list's names are asked for whose first word it matches.
unexpected() {
	local expected=$here/expected/$1.tsv
	[[ -e $expected ]] || expected=/dev/null
	python3 - "$expected" "$home/differences" "${ONLY-.*}" <<-'EOF'
		import fnmatch, re, sys
		def names(path):
		    with open(path, encoding="utf-8", errors="replace") as lines:
		        return [line.split("\t")[0] for line in lines if line.strip() and not line.startswith("#")]
		patterns, found = names(sys.argv[1]), names(sys.argv[2])
		patterns = [pattern for pattern in patterns if re.fullmatch(sys.argv[3], pattern.split(" ")[0])]
		for name in found:
		    if not any(name == pattern or fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
		        print("+" + name)
		for pattern in patterns:
		    if not any(name == pattern or fnmatch.fnmatchcase(name, pattern) for name in found):
		        print("-" + pattern)
	EOF
}

# The counts of one suite, and what is not as expected.
compare() {
	local total passed_without passed_with differing unexpected wal
	differences >"$home/differences"
	total=$(outcomes without | wc -l)
	passed_without=$(outcomes without | grep -ac '	pass$')
	passed_with=$(outcomes with | grep -ac '	pass$')
	differing=$(wc -l <"$home/differences")
	unexpected=$(unexpected "$1")
	[[ ! -e $home/report ]] || wal=$(grep -ac '"journal_mode":{"wanted":"[a-z]*","got":"wal"' "$home/report" || true)
	printf '%s: %s: %d tests, %d pass without the shim, %d with it, %d end differently; %d connections were put into WAL\n' \
		"$1" "$(cd "$home" && version)" "$total" "$passed_without" "$passed_with" "$differing" "${wal:-0}"
	[[ -z $unexpected ]] || printf '%s\n' "$unexpected"
	unexpected=$(grep -ac . <<<"$unexpected" || true)
	if [[ $passed_without -eq 0 || ! -s $home/report ]]; then
		echo "$1: nothing was run, or not under the shim"
		unexpected=$((unexpected + 1))
	fi
	printf '%s: %d passed, %d failed\n' "$1" $((total - unexpected)) "$unexpected"
	[[ $unexpected -eq 0 ]]
}

# A process for each, so that set -e holds in it: where a command's status is asked for, it does not.
if [[ $# -gt 1 ]]; then
	status=0
	for suite; do
		"$here/run.sh" "$library" "$top" "$suite" || status=1
	done
	exit "$status"
fi

# What fetching said last, where that is why the script ends.
leave() {
	[[ -z $log ]] || tail -n 20 "$log" >&2
	rm -rf "$scratch"
}

home=$top/$1
log=
scratch=$(mktemp -d)
trap leave EXIT
mkdir -p "$home"
cd "$home"
# shellcheck source=/dev/null
. "$here/$1.sh"
fetch
rm -f report log
run_once "$1" without
run_once "$1" with LD_PRELOAD="$library" SQLPROD_REPORT="$home/report" SQLPROD_LOG="$home/log"
compare "$1"
