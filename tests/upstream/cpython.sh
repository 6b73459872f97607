# cpython.sh - CPython's tests of sqlite3, dbm.sqlite3 and shelve: of the newest release whose source the archives have, built here against
# the system's SQLite.
# shellcheck shell=bash disable=SC2154 # home

get_cpython() {
	"$here/debian-source" python3.13 trixie source
	(cd source && ./configure CFLAGS=-O1 && make)
}

fetch() {
	"$here/../../scripts/install-packages" build
	once python get_cpython
}

version() {
	source/python -c 'import platform, sqlite3; print("CPython", platform.python_version() + ", SQLite", sqlite3.sqlite_version)'
}

# unittest's verbose lines: name (class of it) ... outcome; output of the test may precede the outcome.
run() {
	victim "$home/source/python" -B -m unittest -v test.test_sqlite3 test.test_dbm_sqlite3 test.test_dbm test.test_shelve || true
	sed -nE 's/^[A-Za-z0-9_]+ \(([A-Za-z0-9_.]+)\)( \.\.\..* | \.\.\. )ok$/pass \1/p; s/^(FAIL|ERROR): [A-Za-z0-9_]+ \(([A-Za-z0-9_.]+)\).*/fail \2/p;
		s/^[A-Za-z0-9_]+ \(([A-Za-z0-9_.]+)\) \.\.\. skipped.*/skip \1/p' out
}
