# sqlalchemy.sh - SQLAlchemy's tests of its SQLite dialect and of its engine, on a database in memory and on files.
# shellcheck shell=bash disable=SC2154 # home

sqlalchemy_version=2.1.9

# Without the compiled parts, which have nothing to do with the database.
fetch() {
	"$here/../../scripts/install-packages" demo
	DISABLE_SQLALCHEMY_CEXT=1 once source python_with_sdist "sqlalchemy==$sqlalchemy_version" pytest pytest-xdist greenlet typing-extensions
}

version() {
	venv/bin/python -c 'import sqlalchemy, sqlite3; print("SQLAlchemy", sqlalchemy.__version__ + ", SQLite", sqlite3.sqlite_version)'
}

# sqlalchemy_tests NAME DATABASE - the outcomes, with NAME in front.
sqlalchemy_tests() {
	victim "$home/venv/bin/python" -m pytest -q -p no:cacheprovider -rA --tb=no --db "$2" test/dialect/sqlite test/dialect/test_suite.py \
		test/engine test/orm/test_transaction.py test/orm/test_session.py test/orm/test_versioning.py test/sql/test_insert_exec.py \
		test/sql/test_returning.py test/sql/test_defaults.py || true
	sed -nE "s/^PASSED (.*)/pass $1: \1/p; s/^(XFAIL) ([^ ]*).*/pass $1: \2/p; s/^(FAILED|ERROR|XPASS) ([^ ]*).*/fail $1: \2/p; s/^SKIPPED \[[0-9]*\] [^']*'([^ ]*) .*/skip $1: \1/p" out
}

run() {
	cp -r "$home/source/"{lib,test,tools,tox.ini,pyproject.toml,setup.cfg} . 2>/dev/null || true
	export PYTHONPATH=$PWD/lib
	sqlalchemy_tests "in memory" sqlite
	sqlalchemy_tests "in a file" sqlite_file
}
