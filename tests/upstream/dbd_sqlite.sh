# dbd_sqlite.sh - Perl's DBD::SQLite: each line of TAP is a test. The driver is the installed one, the tests are of its source.
# shellcheck shell=bash disable=SC2154 # home

fetch() {
	"$here/../../scripts/install-packages" suites_perl
	once source "$here/debian-source" libdbd-sqlite3-perl "$release" source
}

version() {
	perl -MDBI -e 'print "DBD::SQLite ", DBI->install_driver("SQLite")->{Version}, ", SQLite ", DBI->connect("dbi:SQLite::memory:")->selectrow_array("SELECT sqlite_version()")'
}

# A file that dies has failed as a whole too. Descriptions have pids and sizes in them, so a test's name is its number.
run() {
	local file status
	cp -r "$home/source/t" "$home/source/MANIFEST" .
	for file in t/*.t t/virtual_table/*.t; do
		status=0
		victim perl -It/lib "$file" || status=$?
		LC_ALL=C sed -nE "s,^ok ([0-9]+) # (skip|TODO).*,skip $file \1,ip; t; s,^ok ([0-9]+).*,pass $file \1,p; s,^not ok ([0-9]+).*,fail $file \1,p" out
		if [[ $status -eq 0 ]]; then
			echo "pass $file"
		else
			echo "fail $file"
		fi
	done
}
