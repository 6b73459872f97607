# sqlprod.bash - what the suites of the sqlprod command share.
#
# COMMAND names the command to test, one that is installed say; else it is the build tree's.
load ../harness/harness

sqlprod=$(readlink -f "${COMMAND:-$build/sqlprod}")
library=$(readlink -f "${sqlprod%/*}/$(sed -n 's/^sqlprod_library_at=//p' "$sqlprod")")

# The one line on stderr, and nothing on stdout.
expect_refused() {
	expect_warnings 1 "sqlprod: $1"
	[[ -z $output ]] || fail "expected nothing on stdout"
}

# The fields of the output's records of this kind: "records setting 2 4" prints name and what it got.
records() {
	local kind=$1
	shift
	awk -F '\t' -v kind="$kind" -v fields="$*" '
		$1 == kind {
			count = split(fields, wanted, " ")
			for (i = 1; i <= count; i++)
				printf "%s%s", $wanted[i], (i < count ? " " : "\n")
		}' <<<"$output"
}

# What another user may do: "as_nobody command…", in a scratch folder that others may enter.
as_nobody() {
	chmod 755 "$scratch" "$scratch/work"
	run_app "$1" as-nobody "${@:2}"
}

make_wal() {
	sqlite3 "$1" "${2-}" 'PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES (1);' >/dev/null
}

# Bytes of a copy of an ELF file: patch_elf FROM TO OFFSET BYTES
patch_elf() {
	cp "$1" "$2"
	printf '%b' "$4" | dd of="$2" bs=1 seek="$3" conv=notrunc status=none
}

# On a terminal.
run_on_terminal() {
	run_app "$1" script -qec "$(printf '%q ' "${@:2}")" /dev/null
}
