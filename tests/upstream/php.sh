# php.sh - PHP's tests of sqlite3, of pdo_sqlite and of PDO, on a file as well as in memory. PHP is the installed one.
# shellcheck shell=bash disable=SC2154 # home

fetch() {
	"$here/../../scripts/install-packages" suites_php
	once source "$here/debian-source" "php$(php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')" "$release" source
}

version() {
	php -r 'printf("PHP %s, SQLite %s", PHP_VERSION, SQLite3::version()["versionString"]);'
}

# PDO's tests are run by pdo_sqlite/tests/common.phpt, in memory: a second one runs them on a file.
run() {
	mkdir ext
	cp "$home/source/run-tests.php" .
	cp -r "$home/source/ext/"{pdo,pdo_sqlite,sqlite3} ext
	sed "s,sqlite::memory:,sqlite:$PWD/pdo.db," ext/pdo_sqlite/tests/common.phpt >ext/pdo_sqlite/tests/on_a_file.phpt
	victim php run-tests.php -P -q -W "$PWD/results" ext/sqlite3/tests ext/pdo_sqlite/tests || true
	sed -nE "s,# $PWD/ext/pdo_sqlite/tests/([a-z_]*)\.phpt: ,\1 ,; s,$PWD/ext/,,g
		s,^(XFAILED|PASSED)\t,pass ,p; s,^(FAILED|BORKED|LEAKED|WARNED)\t,fail ,p; s,^SKIPPED\t,skip ,p" results
}
