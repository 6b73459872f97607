# Programs that are scripts, and databases that are named as people name them.
load ../harness/harness

mode() {
	observer query "$1" 'PRAGMA journal_mode'
}

# A Python that has the system's SQLite, and a script of its own in bin.
write_script() {
	mkdir -p bin
	printf '#!%s\nimport sqlite3\nc = sqlite3.connect("a.db")\nc.execute("CREATE TABLE t(x)")\nc.commit()\n' \
		"${1:-/usr/bin/python3}" >bin/nightly
	chmod +x bin/nightly
	cp bin/nightly bin/nightly_module.py
}

# mode_after VARIABLE=VALUE COMMAND… - of the database that the script makes with the library, and without a word.
mode_after() {
	rm -f a.db*
	PATH=$PWD/bin:$PATH run_shim env "$@" >&2
	expect_quiet
	mode a.db
}

@test "a script is known by its own name, however it is started" {
	for line in /usr/bin/python3 '/usr/bin/python3 -B' '/usr/bin/env python3' '/usr/bin/env -S python3 -W ignore'; do
		write_script "$line"
		[[ $(mode_after A=B nightly) == wal ]]
		for command in nightly bin/nightly ./bin/nightly "$PWD/bin/nightly" 'python3 bin/nightly' 'python3 -W ignore -B bin/nightly'; do
			# shellcheck disable=SC2086 # words
			[[ $(mode_after SQLPROD_SKIP_PROGRAMS=nightly $command) == delete ]] || fail "$line: $command"
		done
	done
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=night nightly) == wal ]]
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS='night*' nightly) == delete ]]
	[[ $(mode_after SQLPROD_PROGRAMS=nightly nightly) == wal ]]
	[[ $(mode_after SQLPROD_PROGRAMS=other nightly) == delete ]]
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS='python3*' nightly) == delete ]]
}

@test "a module run by an interpreter is known by its own name" {
	write_script
	for command in 'python3 -m nightly_module' 'python3 -Bm nightly_module' 'python3 -mnightly_module'; do
		# shellcheck disable=SC2086 # words
		[[ $(mode_after PYTHONPATH=bin SQLPROD_SKIP_PROGRAMS=nightly_module $command) == delete ]]
		# shellcheck disable=SC2086 # words
		[[ $(mode_after PYTHONPATH=bin SQLPROD_SKIP_PROGRAMS=other $command) == wal ]]
	done
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=a python3 -c "$(<bin/nightly)" a) == wal ]]
}

@test "a script of perl, ruby or php is known by its own name" {
	command -v perl >/dev/null && perl -MDBD::SQLite -e 1 2>/dev/null && {
		printf '#!/usr/bin/perl -w\nuse DBI; DBI->connect("dbi:SQLite:dbname=a.db")->do("CREATE TABLE t(x)");\n' >nightly.pl
		[[ $(mode_after SQLPROD_SKIP_PROGRAMS=nightly.pl perl -I lib nightly.pl) == delete ]]
		[[ $(mode_after SQLPROD_SKIP_PROGRAMS=nightly perl -I lib nightly.pl) == wal ]]
	}
	command -v ruby >/dev/null && ruby -rsqlite3 -e 1 2>/dev/null && {
		echo 'require "sqlite3"; SQLite3::Database.new("a.db").execute("CREATE TABLE t(x)")' >nightly.rb
		[[ $(mode_after SQLPROD_SKIP_PROGRAMS=nightly.rb ruby -W0 -I lib nightly.rb) == delete ]]
	}
	command -v php >/dev/null && php -r 'new SQLite3(":memory:");' 2>/dev/null && {
		echo '<?php (new SQLite3("a.db"))->exec("CREATE TABLE t(x)");' >artisan
		[[ $(mode_after SQLPROD_SKIP_PROGRAMS=artisan php -d memory_limit=64M artisan x) == delete ]]
	}
	true
}

@test "a script whose process has another title is known by its own name" {
	write_script
	cat >bin/titled <<-'END'
		#!/usr/bin/python3
		import ctypes, os, sqlite3
		start = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[45])
		size = len(open("/proc/self/cmdline", "rb").read())
		ctypes.memset(start, ord("x"), size - 1)
		c = sqlite3.connect("a.db"); c.execute("CREATE TABLE t(x)"); c.commit()
	END
	chmod +x bin/titled
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=titled titled) == delete ]]
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=other titled) == wal ]]
}

@test "a program is also known by its path, or the end of it" {
	write_script
	ln -s nightly bin/linked
	for pattern in "$PWD/bin/nightly" bin/nightly ./bin/nightly '*/bin/night*'; do
		[[ $(mode_after SQLPROD_SKIP_PROGRAMS="$pattern" bin/nightly) == delete ]] || fail "$pattern"
	done
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=sbin/nightly bin/nightly) == wal ]]
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=linked bin/linked) == delete ]]
	cp "$(command -v sqlite3)" bin/shell
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=bin/shell bin/shell a.db 'CREATE TABLE t(x)') == delete ]]
	[[ $(mode_after SQLPROD_SKIP_PROGRAMS=a.db bin/shell a.db 'CREATE TABLE t(x)') == wal ]]
}

@test "a relative or bare pattern matches databases whose path ends with it" {
	mkdir -p data/deep
	ln -s data link
	for pattern in a.db ./data/a.db data/a.db 'data/*.db' 'a.*' "$PWD/data/a.db" "$PWD/link/a.db" "$PWD/link/*" "$PWD/link/a.*" link/a.db ./link/a.db 'link/a.*'; do
		rm -f data/*.db* data/deep/*.db*
		SQLPROD_SKIP_DATABASES=$pattern run_shim victim 'open a data/a.db' 'open b data/deep/b.db' 'exec a CREATE TABLE t(x)' 'exec b CREATE TABLE t(x)'
		expect_quiet
		[[ $(mode data/a.db) == delete ]] || fail "$pattern"
		[[ $(mode data/deep/b.db) == wal || $pattern == "$PWD/link/*" ]] || fail "$pattern"
	done
	for pattern in data/b.db deep ata/a.db 'data/d*' "$PWD/a.db" A.db; do
		rm -f data/*.db* data/deep/*.db*
		SQLPROD_SKIP_DATABASES=$pattern run_shim victim 'open a data/a.db' 'open b data/deep/b.db' 'exec a CREATE TABLE t(x)' 'exec b CREATE TABLE t(x)'
		[[ $(mode data/a.db) == wal && $(mode data/deep/b.db) == wal ]] || fail "$pattern"
	done
	rm -f data/*.db*
	SQLPROD_DATABASES=data/a.db run_shim victim 'open a data/a.db' 'open b data/b.db' 'exec a CREATE TABLE t(x)' 'exec b CREATE TABLE t(x)'
	[[ $(mode data/a.db) == wal && $(mode data/b.db) == delete ]]
}

@test "a pattern that can match nothing gives one warning, and the others are used" {
	SQLPROD_SKIP_DATABASES='a.db, ../b.db' run_shim victim 'open a a.db' 'open b b.db' 'exec a CREATE TABLE t(x)' 'exec b CREATE TABLE t(x)'
	expect_warnings 1 '*SQLPROD_SKIP_DATABASES: "../b.db" can match nothing: no path has .. in it'
	[[ $(mode a.db) == delete && $(mode b.db) == wal ]]
	for pattern in /srv/ //srv/a.db "~"/a.db file:a.db :memory: /srv/./a.db ..; do
		SQLPROD_DATABASES="*,$pattern" run_shim victim 'open a a.db' 'exec a SELECT 1' 'open b a.db' 'exec b SELECT 1'
		expect_warnings 1 "*SQLPROD_DATABASES: \"$pattern\" can match nothing: *"
	done
	SQLPROD_SKIP_PROGRAMS=/usr/bin/ run_shim victim 'open a a.db' 'exec a SELECT 1'
	expect_warnings 1 '*SQLPROD_SKIP_PROGRAMS: "/usr/bin/" can match nothing: it names a folder*'
	SQLPROD_PROGRAMS=, run_shim victim 'open a a.db' 'exec a SELECT 1'
	expect_warnings 1 '*SQLPROD_PROGRAMS="," has no pattern in it, and matches nothing'
}
