#!/usr/bin/env bats
# Real clients that come to interposition, as clients.bash says. `make check-clients` builds the clients under $build/clients first,
# and makes a table of what is recorded here afterwards.

# A bound for what hangs, far above what any of these takes.
export BATS_TEST_TIMEOUT=180

load ../harness/harness
load clients

recipe=(journal_mode=wal synchronous=1 busy_timeout=30000 foreign_keys=1 temp_store=2 mmap_size=134217728
	journal_size_limit=67108864 cache_size=-20000)

# client_command CLIENT - sets command to what starts it, but for the database.
client_command() {
	local programs=$root/tests/clients
	case $1 in
		cli) command=("$programs/cli.sh") ;;
		cpython) command=(/usr/bin/python3 -B "$programs/cpython.py") ;;
		django_atomic | sqlalchemy_begin) command=("$clients/venv/bin/python" -B "$programs/$1.py") ;;
		perl_dbi) command=(perl "$programs/perl_dbi.pl") ;;
		ruby_sqlite3) command=(ruby "$programs/ruby_sqlite3.rb") ;;
		node_sqlite3) command=(env NODE_PATH="$clients/node/node_modules" node "$programs/node_sqlite3.js") ;;
		jdbc) command=(java -cp "$clients/java:/usr/share/java/sqlite-jdbc.jar" Jdbc) ;;
		tcl_sqlite) command=(tclsh "$programs/tcl_sqlite.tcl") ;;
		lua_sql | lua_dbi) command=(lua5.4 "$programs/$1.lua") ;;
		qt_sql | mattn | rusqlite) command=("$clients/$1") ;;
	esac
}

# npm sqlite3 brings SQLite in its own file and exports it; the others use the system's.
is_carried_as_said() {
	case $1 in
		node_sqlite3) is "the file with SQLite in it" node_sqlite3.node "$carrier" ;;
		*) is "the file with SQLite in it" libsqlite3.so.0 "$carrier" ;;
	esac
}

# with_shim held|free CLIENT [WAY] - the whole recipe is in force, and the write lock is as said from BEGIN on.
with_shim() {
	observe "$preload" "${@:2}"
	is_carried_as_said "$2"
	is "journal mode in a second process" wal "$journal_mode"
	is "write lock" "$1" "$lock"
	is "the way it is reached" interposition "$reached"
	shown_has "${recipe[@]}"
	is "warnings of the shim" "" "$(grep -i sqlprod stderr)"
	is "files afterwards" app.db "$(echo app.db*)"
}

# without_shim held|free CLIENT [WAY]
without_shim() {
	observe "" "${@:2}"
	is_carried_as_said "$2"
	is "journal mode in a second process" delete "$journal_mode"
	is "write lock" "$1" "$lock"
}

@test "the sqlite3 shell has WAL and its BEGIN holds the write lock" { with_shim held cli; }
@test "the sqlite3 shell alone has neither" { without_shim free cli; }

@test "CPython has WAL and its BEGIN holds the write lock" { with_shim held cpython; }
@test "CPython alone has neither" { without_shim free cpython; }

@test "Django has WAL and its atomic() holds the write lock" { with_shim held django_atomic; }
@test "Django alone has neither" { without_shim free django_atomic; }

@test "SQLAlchemy has WAL and the BEGIN of its manual's listeners holds the write lock" { with_shim held sqlalchemy_begin event; }
@test "SQLAlchemy with these listeners alone has neither" { without_shim free sqlalchemy_begin event; }
@test "SQLAlchemy by default sends no BEGIN before it writes, so has WAL and no lock" { with_shim free sqlalchemy_begin; }
@test "SQLAlchemy by default alone has neither" { without_shim free sqlalchemy_begin; }

@test "Perl has WAL and its begin_work, which asks for IMMEDIATE itself, holds the write lock" { with_shim held perl_dbi; }
@test "Perl alone has the lock and no WAL" { without_shim held perl_dbi; }
@test "Perl told to send a plain BEGIN has WAL and holds the write lock" { with_shim held perl_dbi plain; }
@test "Perl told to send a plain BEGIN alone has neither" { without_shim free perl_dbi plain; }

@test "Ruby has WAL, and the DEFERRED that its transaction spells out is left alone" { with_shim free ruby_sqlite3; }
@test "Ruby has WAL and holds the write lock where the operator wants DEFERRED changed" {
	SQLPROD_BEGIN_DEFERRED=immediate with_shim held ruby_sqlite3
}
@test "Ruby alone has neither" { without_shim free ruby_sqlite3; }

@test "npm sqlite3, with SQLite inside its module, has WAL and its BEGIN holds the write lock" { with_shim held node_sqlite3; }
@test "npm sqlite3 alone has neither" { without_shim free node_sqlite3; }

@test "rusqlite has WAL, and the DEFERRED that its transaction() spells out is left alone" { with_shim free rusqlite; }
@test "rusqlite has WAL and holds the write lock where the operator wants DEFERRED changed" {
	SQLPROD_BEGIN_DEFERRED=immediate with_shim held rusqlite
}
@test "rusqlite has WAL and a BEGIN of the program's own holds the write lock" { with_shim held rusqlite plain; }
@test "rusqlite alone has neither" { without_shim free rusqlite; }
@test "rusqlite with a BEGIN of the program's own alone has neither" { without_shim free rusqlite plain; }

@test "Go with mattn/go-sqlite3 has WAL and its Begin() holds the write lock" { with_shim held mattn; }
@test "Go with mattn/go-sqlite3 alone has neither" { without_shim free mattn; }

@test "JDBC has WAL and holds the write lock once autocommit is off" { with_shim held jdbc; }
@test "JDBC has WAL and no lock where the operator keeps BEGIN" { SQLPROD_BEGIN=keep with_shim free jdbc; }
@test "JDBC alone has neither" { without_shim free jdbc; }

@test "Tcl has WAL and its BEGIN holds the write lock" { with_shim held tcl_sqlite; }
@test "Tcl alone has neither" { without_shim free tcl_sqlite; }
@test "Tcl has WAL, and the SAVEPOINT that its transaction method sends is left alone" { with_shim free tcl_sqlite transaction; }
@test "Tcl with its transaction method alone has neither" { without_shim free tcl_sqlite transaction; }

@test "Qt has WAL and its transaction() holds the write lock" { with_shim held qt_sql; }
@test "Qt alone has neither" { without_shim free qt_sql; }

@test "LuaSQL has WAL and holds the write lock once autocommit is off" { with_shim held lua_sql; }
@test "LuaSQL has WAL and no lock where the operator keeps BEGIN" { SQLPROD_BEGIN=keep with_shim free lua_sql; }
@test "LuaSQL alone has neither" { without_shim free lua_sql; }

@test "LuaDBI has WAL and holds the write lock once autocommit is off" { with_shim held lua_dbi; }
@test "LuaDBI alone has neither" { without_shim free lua_dbi; }

# django_tests - four classes of Django tests in three processes, each on a copy of a test database that is a file.
django_tests() {
	cat >settings.py <<-'EOF'
		SECRET_KEY = 'x'
		DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'app.db', 'TEST': {'NAME': 'test.db'}}}
		INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes']
		DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
	EOF
	cat >tests.py <<-'EOF'
		from django.contrib.auth.models import User
		from django.test import TestCase, TransactionTestCase
		def makes(n):
		    def test(self):
		        for i in range(n): User.objects.create(username='u%d' % i)
		        self.assertEqual(User.objects.count(), n)
		    return test
		for i in range(4):
		    base = TransactionTestCase if i % 2 else TestCase
		    globals()['Test%d' % i] = type('Test%d' % i, (base,), {'test_a': makes(20), 'test_b': makes(1)})
	EOF
	"$1" env PYTHONPATH=. DJANGO_SETTINGS_MODULE=settings "$clients/venv/bin/python" -B -m django test --parallel 3
	[[ $stderr == *'Ran 8 tests'*$'\nOK'* ]]
	[[ $(echo test*.db) == 'test*.db' ]] || fail "left behind:" test*
}

@test "Django's tests pass in parallel on databases in files" { django_tests run_shim; }
@test "Django's tests pass in parallel on databases in files, alone" { django_tests run_plain; }
